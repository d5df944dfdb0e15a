import { canonicalize } from '../audit/jcs.ts'
import type { ErasureMarks } from '../audit/marks.ts'
import { base64urlOf, type ExportRow } from './row.ts'

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

const NULL_BYTES = 4
const NULL = 'null'

/** What stands around the canonical parts of a line, all ASCII but `after`: the parts themselves are put there as they are. */
export interface LineFrame {
  readonly before: string
  /** Behind the entry; the payload follows, where there is one. */
  readonly between: string
  /** To the end, with the newline. */
  readonly after: string
}

/** What a line says of an entry besides its own bytes. */
interface LineParts {
  readonly body: Uint8Array
  readonly payload: Uint8Array | null
  readonly salt: Uint8Array
  readonly signature: Uint8Array
  readonly erased: ErasureMarks | null
}

/**
 * An entry with its payload, as one line with its newline. Canonical parts stand in it as they were hashed, their lengths
 * in bytes before them. `inclusion`: the audit path to the checkpoint's size (RFC 9162 2.1.3.1), for that completeness.
 */
export const disclosedFrame = (
  { body, payload, salt, signature, erased }: LineParts,
  inclusion: readonly Uint8Array[] | null = null,
): LineFrame => {
  const marks = erased === null ? '' : `,"x":${canonicalize({ ...erased })}`
  const path = inclusion === null ? '' : `,"i":[${inclusion.map((hash) => `"${toBase64(hash)}"`).join(',')}]`
  return {
    before: `{"n":[${body.length},${payload?.length ?? NULL_BYTES}],"e":`,
    between: payload === null ? `,"p":${NULL}` : ',"p":',
    after: `,"s":"${base64urlOf(signature)}","t":"${base64urlOf(salt)}"${marks}${path}}\n`,
  }
}

/** An entry that was not selected, without its payload: whoever reads it sees that it was not to be selected. */
export const headerFrame = ({ body, signature }: Pick<LineParts, 'body' | 'signature'>): LineFrame => ({
  before: `{"n":[${body.length}],"e":`,
  between: '',
  after: `,"s":"${base64urlOf(signature)}"}\n`,
})

/** As `disclosedFrame`, the whole line as text. */
export const disclosedLine = (row: ExportRow, inclusion: readonly Uint8Array[] | null = null): string => {
  const { before, between, after } = disclosedFrame(row, inclusion)
  return before + row.bodyText + between + (row.payloadText ?? '') + after
}

/** As `headerFrame`, the whole line as text. */
export const headerLine = (row: Pick<ExportRow, 'body' | 'bodyText' | 'signature'>): string => {
  const { before, after } = headerFrame(row)
  return before + row.bodyText + after
}

/** An entry the exporter may not even see the header of: its leaf alone (RFC 6962 2.1). */
export const hiddenLine = (sequence: number, leaf: Uint8Array): string =>
  `{"q":${sequence},"h":"${base64urlOf(leaf)}"}\n`
