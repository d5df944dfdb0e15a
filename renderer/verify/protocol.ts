import type { Report } from '../../shared/exports/report.ts'

/** What a person wants checked: a package, or a signature with what it signs (null: it brings that itself). */
export type Subject =
  | { readonly kind: 'package'; readonly file: Blob }
  | {
      readonly kind: 'signature'
      readonly signature: Blob
      readonly content: Blob | null
      readonly name: string | null
    }

export interface CheckOrder {
  readonly subject: Subject
  /** DER of certificates that are trusted, and nothing else is. */
  readonly anchors: readonly Uint8Array[]
  /** DER of revocation lists that were fetched beside; they speak for themselves. */
  readonly crls: readonly Uint8Array[]
  /** `quick` leaves the signatures of entries to links and root. */
  readonly depth: 'full' | 'quick'
  /** Origins of chains and vkeys of witnesses known from elsewhere; empty: none is asked for. */
  readonly origins: readonly string[]
  readonly witnesses: readonly string[]
}

/** A certificate as people tell it apart. */
export interface DescribedCertificate {
  readonly der: Uint8Array
  readonly name: string
  readonly issuer: string
  readonly notAfter: number
  /** SHA-256, hex. */
  readonly sha256: string
}

export type ToWorker =
  | { readonly do: 'check'; readonly order: CheckOrder }
  /** PEM or DER, of as many certificates as are in it. */
  | { readonly do: 'describe'; readonly bytes: Uint8Array }

export type FromWorker =
  | { readonly is: 'progress'; readonly done: number; readonly total: number }
  | { readonly is: 'report'; readonly report: Report }
  | { readonly is: 'described'; readonly certificates: readonly DescribedCertificate[] }
  /** The file could not be read to its end, or something broke that is no verdict. */
  | { readonly is: 'broken'; readonly why: string }
