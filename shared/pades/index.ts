export { PADES_REASONS, PadesError, type PadesDetail, type PadesReason } from './pades-error.ts'
export { addPdfValidationData, readPdfValidationData } from './pades-dss.ts'
export { addDocTimeStamp, signPdf } from './pades-sign.ts'
export type {
  PadesToVerify,
  PdfAddition,
  PdfAppearance,
  PdfSignature,
  PdfSignatureFields,
  PdfTimeStampFields,
  PdfValidationFields,
  TimeStampSource,
  VerifiedPades,
  VerifiedPdfSignature,
  VerifiedPdfTimeStamp,
} from './pades-types.ts'
export { readPdfSignatures, verifyPades } from './pades-verify.ts'
export { readPdfAttachment } from './pdf-attachment.ts'
