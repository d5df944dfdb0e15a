export { signingConfig, type SigningConfig } from './config.ts'
export { bytesContent, fileContent } from './content.ts'
export { openSignatures, type SignaturesParts } from './open.ts'
export {
  MAX_ATTACHED_BYTES,
  MAX_ENVELOPED_BYTES,
  MAX_PDF_BYTES,
  type CadesOrder,
  type Content,
  type KeptSignature,
  type PadesOrder,
  type SecondMade,
  type SecondPrepared,
  type SignatureLevel,
  type Signatures,
  type SigningKeyView,
  type XadesOrder,
} from './signatures.ts'
