import type { ExportFormat } from '../contract/routes/exports.ts'
import { csvRenderer } from './render-csv.ts'
import { jsonLinesRenderer, jsonRenderer } from './render-json.ts'
import { xmlRenderer } from './render-xml.ts'
import type { RenderContext, Renderer } from './rendering.ts'

/** Formats that are a function of the evidence. A PDF is laid out by the server; what it embeds is `jsonl`. */
export type DataFormat = Exclude<ExportFormat, 'pdf'>

const OPEN: Readonly<Record<DataFormat, (context: RenderContext) => Renderer>> = {
  csv: csvRenderer,
  json: jsonRenderer,
  jsonl: jsonLinesRenderer,
  xml: xmlRenderer,
}

/**
 * Order: `head` once, `row` for each disclosed entry (by chain as the manifest numbers them, then by sequence), `tail`
 * once. An enveloped XML signature goes between the last row and the tail.
 */
export const openRenderer = (format: DataFormat, context: RenderContext): Renderer => OPEN[format](context)
