import type { ValidationData } from '../pki/index.ts'
import { refuse } from './pades-error.ts'
import type { PdfValidationFields } from './pades-types.ts'

/**
 * B-LT: certificates, lists and answers in the document's security store, in a later revision (EN 319 142-1 5.4.2).
 * What is there already is kept and not doubled; with nothing to add the file comes back as it is. Throws PadesError.
 */
export function addPdfValidationData(fields: PdfValidationFields): Uint8Array {
  return refuse('invalid-input', 'not built yet', { octets: fields.pdf.length })
}

/** All that the document security store carries, each once, nothing judged. Throws PadesError. */
export function readPdfValidationData(pdf: Uint8Array): ValidationData {
  return refuse('invalid-input', 'not built yet', { octets: pdf.length })
}
