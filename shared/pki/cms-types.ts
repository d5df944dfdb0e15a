import type { Certificate, ExternalSigner, SignatureAlgorithm } from './types.ts'

export interface SignedDataFields {
  /** The bytes signed. With `detached` they are digested and left out. */
  readonly content: Uint8Array
  readonly detached: boolean
  readonly signer: ExternalSigner
  /** DER of the signer's certificate and of what leads to (but need not include) the anchor. */
  readonly certificate: Uint8Array
  readonly chain?: readonly Uint8Array[]
  /** Left out for PAdES only (ETSI EN 319 142-1 6.3). */
  readonly signingTime?: Date
  /** Only detached (ETSI EN 319 122-1 5.2.5). */
  readonly mimeType?: string
}

export interface DetachedDigestFields extends Omit<SignedDataFields, 'content' | 'detached'> {
  /** Digest of the content under the signer's hash (`cmsHashFor`), so that content of any size can be signed. */
  readonly contentDigest: Uint8Array
}

export interface SignedAttribute {
  readonly oid: string
  /** DER of the one value. */
  readonly value: Uint8Array
}

export interface VerifiedSignedData {
  readonly content: Uint8Array
  /** Its signature was verified; its trust was not: hand it to `verifyPath`. */
  readonly signerCertificate: Certificate
  /** All certificates carried, the signer's included. Untrusted material for path building. */
  readonly certificates: readonly Certificate[]
  /** As claimed by the signer. */
  readonly signingTime: Date | null
  readonly mimeType: string | null
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signedAttributes: readonly SignedAttribute[]
}
