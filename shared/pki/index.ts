export { PKI_REASONS, PkiError, type PkiDetail, type PkiReason } from './pki-error.ts'
export type { DetachedDigestFields, SignedAttribute, SignedDataFields, VerifiedSignedData } from './cms-types.ts'
export type { PolicyOptions, RevocationSources, VerifiedPath, VerifyPathOptions } from './path-types.ts'
export type {
  Certificate,
  CertificateList,
  CertificationRequest,
  CrlFields,
  DistributionPoint,
  ExternalSigner,
  GeneralName,
  HashName,
  IssuingDistributionPoint,
  KeyAlgorithm,
  KeyUsage,
  Name,
  NameAttribute,
  NameAttributeType,
  NameConstraints,
  PublicKeyInfo,
  RevocationReason,
  RevokedEntry,
  SignatureAlgorithm,
  SubjectAltName,
  TbsCertificateFields,
  WeakSignatureAlgorithm,
} from './types.ts'
export { fromHex, toHex } from './bytes.ts'
export { keyIdentifier } from './certificate-extensions.ts'
export { assembleSigned, buildTbsCertificate, parseCertificate, serialText, signCertificate } from './certificate.ts'
export {
  addSigner,
  prepareSignedAttributes,
  signData,
  signDigest,
  type AttributesToSign,
  type SignerToAdd,
} from './cms-build.ts'
export {
  addArchiveTimeStamp,
  addSignatureTimeStamp,
  addValidationData,
  prepareArchiveTimeStamp,
  signatureImprint,
  type ValidationData,
} from './cades-build.ts'
export type { ArchiveImprint } from './cades-archive.ts'
export { readCadesNeeds, type CadesNeeds, type CadesSigner } from './cades-needs.ts'
export {
  verifyCades,
  verifyCadesSigners,
  lastsUntil,
  oldestOf,
  verifyOutlives,
  type CadesToVerify,
  type JudgedSigner,
  type VerifiedCades,
} from './cades-verify.ts'
export { suffices, type CarriedFor } from './carried-data.ts'
export { cmsDigestHash, verifyDetachedSignature, verifySignedData, type SignedDataToVerify } from './cms-verify.ts'
export { digest, equalBytes } from './crypto.ts'
export { parseAnyCrl, parseCrl } from './crl-read.ts'
export { findRevocation, signCrl, verifyCrl, verifyNotRevoked } from './crl.ts'
export { buildCsrInfo, signCsr, verifyCsr, type CsrFields } from './csr.ts'
export { encodeName, isSameName, parseName } from './name.ts'
export { buildOcspRequest, type CertificateId, type OcspRequestFields } from './ocsp-request.ts'
export { MAX_OCSP_BYTES, parseOcspResponse, type OcspAnswer, type OcspResponse } from './ocsp-response.ts'
export { verifyOcspResponse, type OcspToVerify, type VerifiedOcsp } from './ocsp-verify.ts'
export { OID } from './oid.ts'
export { verifyPath } from './path.ts'
export { decodePem, encodePem, type PemLabel } from './pem.ts'
export { keyAlgorithmOf, publicKeyInfo, verifyKeyStrength } from './public-key.ts'
export {
  cmsHashFor,
  ecdsaDerToRaw,
  ecdsaRawToDer,
  encodeSignatureAlgorithm,
  parseSignatureAlgorithm,
  signatureAlgorithmFor,
  signatureAlgorithmsOf,
  verifySignature,
} from './signature.ts'
export { hashOf } from './signature-hash.ts'
export { parseTimeStampInfo, type TimeStampInfo } from './tsp-info.ts'
export { readSignedTimeStamp, type SignedTimeStamp } from './tsp-read.ts'
export { buildTimeStampRequest, type MessageImprint, type TimeStampRequestFields } from './tsp-request.ts'
export {
  MAX_TIME_STAMP_BYTES,
  parseTimeStampResponse,
  timeStampTokenOf,
  type TimeStampResponse,
  type TimeStampStatus,
} from './tsp-response.ts'
export {
  verifyTimeStampResponse,
  verifyTimeStampToken,
  type TimeStampToVerify,
  type VerifiedTimeStamp,
} from './tsp-verify.ts'
