import type { SignatureLevel } from '../../shared/contract/routes/exports.ts'
import type { HashState } from '../../shared/ades/index.ts'
import type { HashName, SignatureAlgorithm, ValidationData } from '../../shared/pki/index.ts'

export type { SignatureLevel } from '../../shared/contract/routes/exports.ts'

/**
 * What is signed, of any size, already taken once: `ContentHashes` of `shared/ades` fed while writing, `bytesContent`,
 * or `fileContent`. Asked only for the hash that `SigningKeyView.hash` names (and, of signatures renewed, for those they
 * use); each answer is a new state over the whole content.
 */
export interface Content {
  contentHash(hash: HashName): HashState | Promise<HashState>
}

/** Who signs: the key of this server and its certificate. */
export interface SigningKeyView {
  /** Common name of the certificate. */
  readonly name: string
  /** `software`: a key store for development; whatever shows the signature must say so. */
  readonly kind: 'hsm' | 'software'
  /** DER. */
  readonly certificate: Uint8Array
  /** DER: what leads from the certificate to the anchor, the anchor last. */
  readonly chain: readonly Uint8Array[]
  readonly algorithm: SignatureAlgorithm
  /** By which content has to be digested. */
  readonly hash: HashName
  readonly notAfter: Date
}

export interface CadesOrder {
  readonly level: SignatureLevel
  readonly mimeType: string
}

export interface XadesOrder extends CadesOrder {
  /** How the signature refers to the file: its name. */
  readonly uri: string
}

export interface PadesOrder {
  readonly level: SignatureLevel
  /** A field on the first page that readers show; else a signature without a place. */
  readonly visible: boolean
  /** Why it is signed, as readers show it. */
  readonly reason?: string
  /** Of the words in the field. Default: English. */
  readonly language?: 'en' | 'it'
}

/** What another's key is to sign so that its signature stands beside ours. Keep it until `addSecond`. */
export interface SecondPrepared {
  /** DER of the signed attributes (RFC 5652 5.4): these octets are signed, with `algorithm`. */
  readonly signedAttributes: Uint8Array
  readonly algorithm: SignatureAlgorithm
}

export interface SecondMade {
  /** DER. */
  readonly certificate: Uint8Array
  readonly signedAttributes: Uint8Array
  /** ECDSA as DER. */
  readonly signature: Uint8Array
}

/** A signature that is kept, to be judged or renewed. `content`: what a detached one is over. */
export type KeptSignature =
  | { readonly kind: 'cades' | 'xades'; readonly signature: Uint8Array; readonly content: Content | null }
  | { readonly kind: 'pades'; readonly signature: Uint8Array }

/**
 * Signatures of this server at the baseline levels of ETSI EN 319 122-1, 132-1 and 142-1. The key never leaves its
 * store; what the store gives back is verified before anything leaves here. Throws
 * - HSM_UNAVAILABLE, HSM_KEY_NOT_FOUND: the key store;
 * - SIGNING_CERTIFICATE_UNUSABLE (`reason`): none for the key, ended, or one that does not stand;
 * - SIGNING_LEVEL_UNAVAILABLE (`level`, `reason`): no time-stamping authority, or nobody says whether it is revoked;
 * - TIMESTAMP_UNAVAILABLE, SIGNING_REVOCATION_UNAVAILABLE (`reason`): those asked did not answer well;
 * - SIGNING_TOO_LARGE, SIGNING_INPUT_INVALID (`reason`).
 */
export interface Signatures {
  signer(): Promise<SigningKeyView>
  /** What can be asked for now, lowest first; asks the authorities at most once in ten minutes. */
  levels(): Promise<readonly SignatureLevel[]>

  /** CAdES, the content beside it. */
  cadesDetached(content: Content, order: CadesOrder): Promise<Uint8Array>
  /** CAdES with the content inside, up to MAX_ATTACHED_BYTES. */
  cadesAttached(content: Uint8Array, order: Pick<CadesOrder, 'level'>): Promise<Uint8Array>
  /** XAdES in a file of its own. */
  xadesDetached(content: Content, order: XadesOrder): Promise<Uint8Array>
  /**
   * XAdES inside the document that is being written, at whatever level: give what `CanonicalWriter.sealed()` gives, put
   * what comes back in by `insertSignature`. Nobody holds the document in memory. Up to MAX_ENVELOPED_BYTES others can
   * verify it; larger ones are signed detached.
   */
  xadesEnveloped(content: Content, order: CadesOrder): Promise<string>
  /** PAdES inside the PDF, up to MAX_PDF_BYTES. */
  pades(pdf: Uint8Array, order: PadesOrder): Promise<Uint8Array>

  /**
   * Prepares a second signer of a CAdES signature. The certificate is of our own CA, not revoked, with contentCommitment
   * (else SIGNING_CERTIFICATE_UNUSABLE); whether it is this operator's is for the caller to know.
   */
  prepareSecond(signature: Uint8Array, content: Content, certificate: Uint8Array): Promise<SecondPrepared>
  /** The same signature with the second signer beside the first (RFC 5652 5.3), at the level. Verified. */
  addSecond(signature: Uint8Array, content: Content, made: SecondMade, level: SignatureLevel): Promise<Uint8Array>

  /** When the certificate of the newest time-stamp ends, after which nothing proves the time; null at B-B. */
  endOf(kept: KeptSignature): Date | null
  /** Another archive time-stamp over everything, before the newest one ends (EN 319 122-1 5.5.3 and its like). */
  renew(kept: KeptSignature): Promise<Uint8Array>
  /** Certificates, lists and answers that a signature carries: copies for people with other tools. */
  carriedBy(kept: Pick<KeptSignature, 'kind' | 'signature'>): ValidationData
}

/** OpenSSL and Java hold attached content in memory. */
export const MAX_ATTACHED_BYTES = 16 * 1024 * 1024
/** Verifiers of enveloped signatures take a hundred times the document's size. */
export const MAX_ENVELOPED_BYTES = 50 * 1024 * 1024
export const MAX_PDF_BYTES = 256 * 1024 * 1024
