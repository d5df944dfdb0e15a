import type { ManifestHead } from './manifest.ts'
import type { NameLookup } from './name-lookup.ts'
import type { ExportRow } from './row.ts'

/** Writes the data piece by piece, as text to be UTF-8. The same rows, names and head give the same bytes, always. */
export interface Renderer {
  head(): string
  row(row: ExportRow): string
  tail(): string
}

export interface RenderContext {
  readonly names: NameLookup
  readonly manifestHead: ManifestHead
}
