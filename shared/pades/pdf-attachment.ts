import { refuse } from './pades-error.ts'

/**
 * The octets of the file that a PDF embeds under that name (ISO 32000-1 7.11.4), as of the whole file: call it after
 * `verifyPades`. Throws PadesError `attachment` where there is none or more than one.
 */
export function readPdfAttachment(pdf: Uint8Array, name: string): Uint8Array {
  return refuse('invalid-input', 'not built yet', { octets: pdf.length, name })
}
