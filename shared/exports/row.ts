import { scanEntry } from '../audit/entry-scan.ts'
import type { EntryText } from '../audit/entry-scan.ts'
import type { ErasureMarks } from '../audit/marks.ts'

/** An entry with everything a line of evidence and a row of data are made of; texts are decoded once. */
export interface ExportRow {
  /** The bytes that were signed, and as text. */
  readonly body: Uint8Array
  readonly bodyText: string
  readonly entry: EntryText
  /** Null where it was erased. */
  readonly payload: Uint8Array | null
  readonly payloadText: string | null
  readonly salt: Uint8Array
  readonly signature: Uint8Array
  readonly signatureText: string
  readonly erased: ErasureMarks | null
}

/** What of a stored entry goes into an export (`StoredEntry` has it). */
export interface RowSource {
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  /** In base64url, where somebody has it already. */
  readonly signatureText?: string
  readonly payloads: readonly {
    readonly salt: Uint8Array
    readonly bytes: Uint8Array | null
    readonly erasedAt: number | null
    readonly erasedBy: string | null
    readonly erasedRule: string | null
  }[]
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** UTF-8 that is known to be valid: it was digested as text, or is checked by whoever parses it. */
export const textOf = (bytes: Uint8Array): string => buffer(bytes).toString('utf8')
export const base64urlOf = (bytes: Uint8Array): string => buffer(bytes).toString('base64url')

/** A row of which the entry was read. */
export const rowWith = ({ bytes, signature, signatureText, payloads }: RowSource, entry: EntryText): ExportRow => {
  const [payload] = payloads
  const marks = payload?.bytes === null ? payload : null
  return {
    body: bytes,
    bodyText: textOf(bytes),
    entry,
    payload: payload?.bytes ?? null,
    payloadText: payload?.bytes ? textOf(payload.bytes) : null,
    salt: payload?.salt ?? new Uint8Array(0),
    signature,
    signatureText: signatureText ?? base64urlOf(signature),
    erased: marks && { at: marks.erasedAt ?? 0, by: marks.erasedBy ?? '', rule: marks.erasedRule ?? '' },
  }
}

/** Null says nothing: such an entry goes the long way (`rowOf`). */
export const scanRow = (source: RowSource): ExportRow | null => {
  const entry = scanEntry(source.bytes)
  return entry && rowWith(source, entry)
}
