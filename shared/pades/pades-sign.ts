import { refuse } from './pades-error.ts'
import type { PdfSignatureFields, PdfTimeStampFields } from './pades-types.ts'

/**
 * The PDF with a PAdES signature in a later revision (ETSI EN 319 142-1 6.3): B-B, or B-T where `timeStamp` is given.
 * Every octet that was there stays. Throws PadesError (`placeholder` with `needed` where the reserve is too small,
 * `encrypted`, `field-name`, `not-permitted`, …), PkiError, and whatever signer and authority throw.
 */
export async function signPdf(fields: PdfSignatureFields): Promise<Uint8Array> {
  await Promise.resolve()
  return refuse('invalid-input', 'not built yet', { octets: fields.pdf.length })
}

/**
 * B-LTA, and each renewal after `addPdfValidationData`: a document time-stamp over all that is there (EN 319 142-1
 * 5.4.3). Throws as `signPdf` does.
 */
export async function addDocTimeStamp(fields: PdfTimeStampFields): Promise<Uint8Array> {
  await Promise.resolve()
  return refuse('invalid-input', 'not built yet', { octets: fields.pdf.length })
}
