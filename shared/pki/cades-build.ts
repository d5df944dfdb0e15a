import { archiveImprint, type ArchiveImprint } from './cades-archive.ts'
import { extendSignedData, writeOcspRevocation, writeUnsignedAttribute } from './cades-parts.ts'
import { readSigner } from './cms-parts.ts'
import { digest } from './crypto.ts'
import { OID } from './oid.ts'
import type { MessageImprint } from './tsp-request.ts'
import type { HashName } from './types.ts'

// From B-B upwards, step by step; between the steps the caller asks a time-stamping authority and verifies its token.
// `signer`: the signature value of the signer meant; may be left out where there is one.

/** B-T, first half: what the signature time-stamp is over (ETSI EN 319 122-1 5.3), the signature value. */
export function signatureImprint(cms: Uint8Array, hash: HashName, signer?: Uint8Array): MessageImprint {
  return { hash, digest: digest(hash, readSigner(cms, OID.data, signer).signerInfo.signature) }
}

/** B-T, second half: the signature with the token, which the caller has verified against `signatureImprint`. */
export const addSignatureTimeStamp = (cms: Uint8Array, token: Uint8Array, signer?: Uint8Array): Uint8Array =>
  extendSignedData(
    cms,
    OID.data,
    { unsignedAttributes: [writeUnsignedAttribute(OID.signatureTimeStamp, token)] },
    signer,
  )

export interface ValidationData {
  /** DER of every certificate on the paths of the signer and of the time-stamping authority. */
  readonly certificates: readonly Uint8Array[]
  /** DER of lists. */
  readonly crls: readonly Uint8Array[]
  /** DER of OCSP responses. */
  readonly ocsp: readonly Uint8Array[]
}

/**
 * B-LT: what a verifier will need when nobody answers any more, in the certificates and crls of SignedData (ETSI EN
 * 319 122-1 6.3; RFC 5940 for OCSP). What is there already is not doubled.
 */
export const addValidationData = (cms: Uint8Array, { certificates, crls, ocsp }: ValidationData): Uint8Array =>
  extendSignedData(cms, OID.data, { certificates, revocations: [...crls, ...ocsp.map(writeOcspRevocation)] })

/** B-LTA, first half: what the archive time-stamp is over. `contentDigest` is the content's, by the same hash. */
export const prepareArchiveTimeStamp = (
  cms: Uint8Array,
  contentDigest: Uint8Array,
  hash: HashName,
  signer?: Uint8Array,
): ArchiveImprint => archiveImprint(readSigner(cms, OID.data, signer), contentDigest, hash)

/** B-LTA, second half; again for each renewal, before the certificate of the newest time-stamp ends. */
export function addArchiveTimeStamp(
  cms: Uint8Array,
  token: Uint8Array,
  hashIndex: Uint8Array,
  signer?: Uint8Array,
): Uint8Array {
  const indexed = extendSignedData(token, OID.tstInfo, {
    unsignedAttributes: [writeUnsignedAttribute(OID.atsHashIndexV3, hashIndex)],
  })
  const unsignedAttributes = [writeUnsignedAttribute(OID.archiveTimeStampV3, indexed)]
  return extendSignedData(cms, OID.data, { unsignedAttributes }, signer)
}
