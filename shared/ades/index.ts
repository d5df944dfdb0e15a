export { ADES_REASONS, AdesError, type AdesDetail, type AdesReason } from './ades-error.ts'
export { xadesHashFor } from './algorithms.ts'
export type { ContentHash } from './archive-imprint.ts'
export { canonicalBytes, canonicalDigest, canonicalize, type Canonicalization } from './canonical.ts'
export { ContentHashes } from './content-hashes.ts'
export { hashState, type HashState } from './hash-state.ts'
export {
  signXmlDetached,
  signXmlEnveloped,
  writeEnvelopedSignature,
  type DetachedXadesFields,
  type EnvelopedXadesFields,
  type XadesFields,
} from './xades-build.ts'
export {
  addXadesArchiveTimeStamp,
  addXadesSignatureTimeStamp,
  addXadesValidationData,
  closeEnveloped,
  openEnveloped,
  readXadesNeeds,
  xadesArchiveImprint,
  xadesSignatureImprint,
  type XadesNeeds,
} from './xades-extend.ts'
export { verifyXades, type VerifiedXades, type XadesToVerify } from './xades-verify.ts'
export {
  childElements,
  textOf,
  type XmlAttribute,
  type XmlDocument,
  type XmlElement,
  type XmlNode,
} from './xml-node.ts'
export { readXml, XML_LIMITS, type XmlLimits } from './xml-read.ts'
export { CanonicalWriter, type CanonicalWriterOptions } from './xml-write.ts'
