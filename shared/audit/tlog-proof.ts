import { parseCheckpoint, verifyNote } from './checkpoint.ts'
import type { Checkpoint, NoteKey } from './checkpoint.ts'
import type { VerifySignature } from './crypto.ts'
import { leafHash, verifyInclusion } from './merkle.ts'
import { fromBase64, refusedNote, toBase64 } from './note-key.ts'

/** C2SP tlog-proof: that an entry is in the tree of a checkpoint, in one file of text. */
export interface TlogProof {
  /** Place of the entry, 0 for the first. */
  readonly index: number
  /** RFC 6962 2.1.1, from the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[]
  /** The checkpoint's signed note, verbatim, with the cosignatures it has. */
  readonly note: string
  /** Proves nothing by itself: here the entry's own bytes, which the reader hashes. */
  readonly extra?: Uint8Array
}

const HEADER = 'c2sp.org/tlog-proof@v1'
const HASH_BYTES = 32
const HASHES_MAX = 63
const TEXT_MAX = 1_000_000

/** Throws REQUEST_INVALID (`tlog-proof`). */
export const encodeTlogProof = ({ index, hashes, note, extra }: TlogProof): string => {
  const isIndex = Number.isSafeInteger(index) && index >= 0
  if (!isIndex || hashes.length > HASHES_MAX || hashes.some((hash) => hash.length !== HASH_BYTES))
    throw refusedNote('tlog-proof')
  const lines = [HEADER, ...(extra ? [`extra ${toBase64(extra)}`] : []), `index ${index}`, ...hashes.map(toBase64)]
  return `${lines.join('\n')}\n\n${note}`
}

const parseIndex = (line: string | undefined): number => {
  const match = /^index (0|[1-9][0-9]{0,15})$/.exec(line ?? '')
  const index = Number(match?.[1])
  if (!match || !Number.isSafeInteger(index)) throw refusedNote('tlog-proof')
  return index
}

const parseHash = (line: string): Uint8Array => {
  const hash = fromBase64(line)
  if (hash.length !== HASH_BYTES) throw refusedNote('tlog-proof')
  return hash
}

/** Reads the file strictly; says nothing of its truth. Throws REQUEST_INVALID (`tlog-proof`, `base64`). */
export const parseTlogProof = (text: string): TlogProof => {
  // The note's own text has empty lines too: the first one ends the proof.
  const split = text.indexOf('\n\n')
  if (text.length > TEXT_MAX || split < 0) throw refusedNote('tlog-proof')
  const [header, ...lines] = text.slice(0, split).split('\n')
  if (header !== HEADER) throw refusedNote('tlog-proof')
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines[0].slice('extra '.length)) : undefined
  const rest = extra ? lines.slice(1) : lines
  const index = parseIndex(rest[0])
  const hashes = rest.slice(1).map(parseHash)
  if (hashes.length > HASHES_MAX) throw refusedNote('tlog-proof')
  return { index, hashes, note: text.slice(split + 2), ...(extra ? { extra } : {}) }
}

/**
 * What the proof shows of an entry's bytes: the checkpoint, signed by `key`, whose tree holds them at `index`. Throws
 * REQUEST_INVALID (`tlog-proof`, `note-signature`, `proof`, …) unless all of it is true.
 */
export const verifyTlogProof = (
  text: string,
  entry: Uint8Array,
  key: NoteKey,
  verify: VerifySignature,
): { readonly index: number; readonly checkpoint: Checkpoint } => {
  const { index, hashes, note } = parseTlogProof(text)
  const checkpoint = parseCheckpoint(verifyNote(note, key, verify))
  if (checkpoint.origin !== key.name) throw refusedNote('origin')
  verifyInclusion({ leaf: leafHash(entry), index, size: checkpoint.size, root: checkpoint.root }, hashes)
  return { index, checkpoint }
}
