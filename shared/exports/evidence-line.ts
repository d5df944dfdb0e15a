import { canonicalize } from '../audit/jcs.ts'
import { base64urlOf, type ExportRow } from './row.ts'

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

const NULL_BYTES = 4

/**
 * An entry with its payload, as one line with its newline. Canonical parts stand in it as they were hashed, their lengths
 * in bytes before them. `inclusion`: the audit path to the checkpoint's size (RFC 9162 2.1.3.1), for that completeness.
 */
export const disclosedLine = (row: ExportRow, inclusion: readonly Uint8Array[] | null = null): string => {
  const { body, bodyText, payload, payloadText, salt, signatureText, erased } = row
  const marks = erased === null ? '' : `,"x":${canonicalize({ ...erased })}`
  const path = inclusion === null ? '' : `,"i":[${inclusion.map((hash) => `"${toBase64(hash)}"`).join(',')}]`
  return (
    `{"n":[${body.length},${payload?.length ?? NULL_BYTES}],"e":${bodyText},"p":${payloadText ?? 'null'},` +
    `"s":"${signatureText}","t":"${base64urlOf(salt)}"${marks}${path}}\n`
  )
}

/** An entry that was not selected, without its payload: whoever reads it sees that it was not to be selected. */
export const headerLine = ({ body, bodyText, signatureText }: Pick<ExportRow, 'body' | 'bodyText' | 'signatureText'>) =>
  `{"n":[${body.length}],"e":${bodyText},"s":"${signatureText}"}\n`

/** An entry the exporter may not even see the header of: its leaf alone (RFC 6962 2.1). */
export const hiddenLine = (sequence: number, leaf: Uint8Array): string =>
  `{"q":${sequence},"h":"${base64urlOf(leaf)}"}\n`
