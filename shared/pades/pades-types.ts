import type {
  Certificate,
  ExternalSigner,
  HashName,
  MessageImprint,
  ValidationData,
  VerifiedSignedData,
  VerifiedTimeStamp,
  VerifyPathOptions,
} from '../pki/index.ts'

/** Shapes that this folder gives and takes. No code. */

/** Asks a time-stamping authority and verifies its token against the imprint: gives the token, DER. */
export type TimeStampSource = (imprint: MessageImprint) => Promise<Uint8Array>

/** What readers show where the signature stands. */
export interface PdfAppearance {
  /** Written in a standard font, so in Windows-1252; other letters as `?`. Set as large as the box allows. */
  readonly lines: readonly string[]
  /** Counted from 0. Default: the page of the empty field that is filled, or the first. */
  readonly page?: number
  /** Left, bottom, right, top in points from the page's lower left corner. Default: the field's, or at the foot. */
  readonly box?: readonly [number, number, number, number]
}

/** Where a signature goes and what its dictionary says (ISO 32000-1 12.7.4.5, 12.8.1). */
export interface PdfFieldFields {
  readonly pdf: Uint8Array
  /** An empty signature field of that name is filled; else one is added. Default: the first empty one, or a new name. */
  readonly fieldName?: string
}

export interface PdfSignatureFields extends PdfFieldFields {
  readonly signer: ExternalSigner
  /** DER of the signer's certificate and of what leads to the anchor. */
  readonly certificate: Uint8Array
  readonly chain?: readonly Uint8Array[]
  /** What the signer claims (`/M`): PAdES has no signing-time among the signed attributes. */
  readonly claimedAt: Date
  readonly reason?: string
  readonly name?: string
  readonly location?: string
  /** Left out: a signature without a place on a page. */
  readonly appearance?: PdfAppearance
  /**
   * A certification (ISO 32000-1 12.8.2.2), only for the first signature: 1 nothing may change, 2 further signatures
   * and forms, 3 annotations too. Data and time-stamps that make it last may always be added.
   */
  readonly certify?: 1 | 2 | 3
  /** B-T: asked once, for the signature time-stamp. */
  readonly timeStamp?: TimeStampSource
  /** By which hash that is asked. Default: the signature's. */
  readonly timeStampHash?: HashName
  /** Octets for the CMS. Default: computed from key and certificates, and 16 KiB for a time-stamp. */
  readonly reserve?: number
}

export interface PdfTimeStampFields extends PdfFieldFields {
  readonly timeStamp: TimeStampSource
  /** Default: sha256. */
  readonly hash?: HashName
  /** Octets for the token. Default: 16 KiB. */
  readonly reserve?: number
}

export interface PdfValidationFields extends ValidationData {
  readonly pdf: Uint8Array
  /** When it was gathered (`/TU` of each VRI entry). */
  readonly at?: Date
}

/** A file with a hole for a signature: what is to be signed, and where the signature goes. */
export interface PreparedPdf {
  readonly pdf: Uint8Array
  /** `[0, start of Contents, end of Contents, octets that follow]`. */
  readonly byteRange: readonly [number, number, number, number]
  /** Octets that fit. */
  readonly reserve: number
}

/** A signature or document time-stamp as it stands in the file; nothing is judged but its place. */
export interface PdfSignature {
  readonly kind: 'signature' | 'time-stamp'
  readonly fieldName: string
  /** DER: CMS, or the token. */
  readonly cms: Uint8Array
  readonly byteRange: readonly [number, number, number, number]
}

export interface PadesToVerify extends Omit<VerifyPathOptions, 'leaf' | 'at' | 'knownAt' | 'existedBy'> {
  readonly pdf: Uint8Array
  /** Who may vouch for time-stamping authorities. Default: `anchors`. */
  readonly timeStampAnchors?: readonly Certificate[]
  /** The present moment. */
  readonly now: Date
  /**
   * By when something outside proves that all of this existed: a newer time-stamp over a list with its digest. Then it
   * need not last by itself.
   */
  readonly existedBy?: Date
}

/** What was added after a signature, all of it permitted. */
export type PdfAddition = 'validation-data' | 'time-stamp' | 'signature'

export interface VerifiedPdfSignature {
  readonly fieldName: string
  /** Counted from 1, over signatures and document time-stamps in the order of the file. */
  readonly revision: number
  /** The signed octets are all but the signature itself, up to here. */
  readonly end: number
  readonly coversWholeDocument: boolean
  readonly addedAfter: readonly PdfAddition[]
  readonly signed: Omit<VerifiedSignedData, 'content'>
  /** As claimed by the signer (`/M`). */
  readonly claimedAt: Date | null
  readonly reason: string | null
  readonly name: string | null
  readonly location: string | null
  /** Of the certification, or null where it is an approval. */
  readonly certifies: 1 | 2 | 3 | null
  readonly isVisible: boolean
  /** What the file carries for this signature, and what therefore was verified. */
  readonly level: 'B-B' | 'B-T' | 'B-LT' | 'B-LTA'
  /** By when the signature existed, as the oldest time-stamp over it proves; null at B-B. */
  readonly provedAt: Date | null
  /** The signer's path, judged at `provedAt`, or now. */
  readonly path: readonly Certificate[]
  readonly signatureTimeStamps: readonly VerifiedTimeStamp[]
}

export interface VerifiedPdfTimeStamp {
  readonly fieldName: string
  readonly revision: number
  readonly end: number
  readonly coversWholeDocument: boolean
  readonly addedAfter: readonly PdfAddition[]
  readonly timeStamp: VerifiedTimeStamp
}

export interface VerifiedPades {
  /** Oldest first; at least one. */
  readonly signatures: readonly VerifiedPdfSignature[]
  /** Oldest first. */
  readonly documentTimeStamps: readonly VerifiedPdfTimeStamp[]
  /** The lowest of the signatures. */
  readonly level: 'B-B' | 'B-T' | 'B-LT' | 'B-LTA'
}
