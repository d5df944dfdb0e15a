import { z } from 'zod'
import { canonicalBytes, parseCanonical } from '../audit/jcs.ts'
import { AppError } from '../contract/errors.ts'

const Base64 = (max: number) => z.base64().max(max)
const Endorsed = z.strictObject({ statement: Base64(20_000), endorsement: Base64(4000) })
const Hashes = z.array(z.base64().length(44)).max(64)

/** What a chain's lines are checked against; bytes in base64 (RFC 4648 4). */
export const ChainFile = z.strictObject({
  chain: z.string().min(1).max(63),
  origin: z.string().min(1).max(200),
  /** The checkpoint, a C2SP signed note, with its cosignatures. */
  note: z.string().min(1).max(50_000),
  /** RFC 3161 token over the note's text, DER; null where it was not stamped. */
  timestamp: Base64(100_000).nullable(),
  /** What binds the note's key to the key store. */
  noteKey: Endorsed,
  /**
   * Every key that signs an entry with a line or an announcement, and those that endorsed them, back to the one the
   * origin names, which endorsed itself. `certificate`: DER, where the statement names one.
   */
  keys: z.array(Endorsed.extend({ certificate: Base64(20_000).nullable() })).max(100_000),
  /**
   * For `whole`, `range`, `headers`: the sequences that have lines (both included), roots of the full subtrees before
   * `from` (largest first, `edgeRanges`), and of those behind `to` up to the checkpoint's size (`rightRanges`).
   */
  range: z.strictObject({ from: z.int().min(0), to: z.int().min(0), left: Hashes, right: Hashes }).nullable(),
  /** Where the chain was cut, and the line begins behind it. */
  cut: Endorsed.omit({ endorsement: true })
    .extend({ signature: Base64(4000), note: z.string().max(50_000).nullable() })
    .nullable(),
  /** Who cosigns: C2SP vkeys as the server knew them. `by`: the station's id, or null for one outside. */
  witnesses: z
    .array(z.strictObject({ vkey: z.string().min(1).max(400), station: z.string().max(200).nullable() }))
    .max(1000),
})
export type ChainFile = z.infer<typeof ChainFile>
export const CHAIN_FILE_BYTES_MAX = 64 * 1024 * 1024

/** Canonical JSON (RFC 8785). Throws REQUEST_INVALID (`chain-file`). */
export const encodeChainFile = (file: ChainFile): Uint8Array => {
  const parsed = ChainFile.safeParse(file)
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'chain-file' }, { cause: parsed.error })
  return canonicalBytes(parsed.data)
}

/** Throws REQUEST_INVALID unless the bytes are exactly such a file. */
export const parseChainFile = (bytes: Uint8Array): ChainFile => {
  if (bytes.length > CHAIN_FILE_BYTES_MAX) throw new AppError('REQUEST_INVALID', { reason: 'chain-file' })
  const parsed = ChainFile.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'chain-file' }, { cause: parsed.error })
  return parsed.data
}
