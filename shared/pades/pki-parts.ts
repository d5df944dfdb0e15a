// What this folder needs of shared/pki below its index: the unsigned attributes of a signature, a look into a token
// before its imprint can be recomputed, and SHA-1 as a name (ISO 32000-2 12.8.4.4 names VRI entries by it).
import { readRevocations } from '../pki/cades-parts.ts'
import { readSignedData } from '../pki/cms-parts.ts'
import { sha1Name } from '../pki/crypto.ts'
import { OID, parseTimeStampInfo, toHex, type CertificateList, type TimeStampInfo } from '../pki/index.ts'
import { refuse } from './pades-error.ts'

/** The key of a VRI entry: of the octets of Contents as they stand, zeros included. */
export const vriKey = (contents: Uint8Array): string => toHex(sha1Name(contents)).toUpperCase()

/** What a token states; nothing of it is verified. Throws PkiError. */
export function peekTimeStamp(token: Uint8Array): TimeStampInfo {
  const { eContent } = readSignedData(token, OID.tstInfo)
  return parseTimeStampInfo(eContent ?? refuse('contents', 'RFC 3161 2.4.2: TSTInfo'))
}

export interface CarriedParts {
  /** Signature time-stamps, in the order found. */
  readonly tokens: readonly Uint8Array[]
  /** What the time-stamps are over. */
  readonly signature: Uint8Array
  readonly crls: CertificateList[]
  readonly ocsp: Uint8Array[]
}

/** What a signature carries beside what is signed. Throws PkiError, PadesError `signed-attribute`. */
export function readCarried(cms: Uint8Array): CarriedParts {
  const parts = readSignedData(cms, OID.data)
  const { signature, unsignedAttributes } = parts.signerInfo
  // EN 319 142-1 6.3: in PDF it is the document time-stamp that archives; one in here would go unverified.
  if (unsignedAttributes.some(({ oid }) => oid === OID.archiveTimeStampV3)) {
    refuse('signed-attribute', 'EN 319 142-1 6.3: archive-time-stamp')
  }
  const tokens = unsignedAttributes.filter(({ oid }) => oid === OID.signatureTimeStamp).flatMap(({ values }) => values)
  return { tokens, signature, ...readRevocations(parts) }
}
