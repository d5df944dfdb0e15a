import { refuse } from './pades-error.ts'
import type { PadesToVerify, PdfSignature, VerifiedPades } from './pades-types.ts'

/**
 * Every signature and document time-stamp of a PDF, and that nothing was added after any of them but what makes it
 * last or signs it again (ISO 32000-1 12.8; ETSI EN 319 142-1 5, 6.3). Throws PadesError and PkiError; every signature
 * and time-stamp carried has to stand.
 */
export function verifyPades(wanted: PadesToVerify): VerifiedPades {
  return refuse('invalid-input', 'not built yet', { octets: wanted.pdf.length })
}

/** Signatures and document time-stamps, oldest first, found and bounded as `verifyPades` does; no key is asked. */
export function readPdfSignatures(pdf: Uint8Array): readonly PdfSignature[] {
  return refuse('invalid-input', 'not built yet', { octets: pdf.length })
}
