import { concatBytes } from './bytes.ts'
import type { VerifySignature } from './crypto.ts'
import {
  ED25519_NOTE,
  KEY_ID_BYTES,
  encodeVkey,
  fromBase64,
  isKeyName,
  keyIdOfType,
  parseVkey,
  refusedNote as refused,
  spkiOfNoteKey,
  toBase64,
} from './note-key.ts'
import type { NoteKey } from './note-key.ts'

export type { NoteKey } from './note-key.ts'

/** C2SP tlog-checkpoint: what a checkpoint says. `extensions`: further lines, none empty. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  readonly extensions?: readonly string[]
}

/** One signature line of a C2SP signed note: the key's name, its 4-byte id, and the signature. */
export interface NoteSignature {
  readonly name: string
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}
export interface SignedNote {
  /** The signed text, its last newline included. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const utf8 = new TextEncoder()
const SIZE_MAX_DIGITS = 16
/** More signatures than any note of ours has; C2SP asks verifiers to bound it, at 16 or above. */
const SIGNATURES_MAX = 100

export const noteKeyId = (key: NoteKey): Uint8Array => keyIdOfType(ED25519_NOTE, key)

/** The key in the form others take it: `name+id+key`. */
export const encodeNoteKey = (key: NoteKey): string => encodeVkey(ED25519_NOTE, key)

/** Throws REQUEST_INVALID (`note-key`) for another algorithm, a wrong id or a malformed text. */
export const parseNoteKey = (text: string): NoteKey => parseVkey(ED25519_NOTE, text)

/** The text that is signed. Throws REQUEST_INVALID (`checkpoint`). */
export const encodeCheckpoint = ({ origin, size, root, extensions = [] }: Checkpoint): string => {
  const lines = [origin, String(size), toBase64(root), ...extensions]
  const isLine = (line: string): boolean => line.length > 0 && !/[\n\p{Cc}]/u.test(line) && line.isWellFormed()
  if (!lines.every(isLine) || !Number.isSafeInteger(size) || size < 0 || root.length !== 32) throw refused('checkpoint')
  return `${lines.join('\n')}\n`
}

/** Reads a checkpoint's text strictly: no leading zeros, a root of 32 bytes, no empty line. */
export const parseCheckpoint = (text: string): Checkpoint => {
  const [origin = '', size = '', root = '', ...rest] = text.split('\n')
  if (rest.pop() !== '') throw refused('checkpoint')
  if (!/^(0|[1-9][0-9]*)$/.test(size) || size.length > SIZE_MAX_DIGITS) throw refused('checkpoint')
  const checkpoint = { origin, size: Number(size), root: fromBase64(root), extensions: rest }
  if (encodeCheckpoint(checkpoint) !== text) throw refused('checkpoint')
  return checkpoint
}

/** One line of a note's signatures, its newline included. */
export const encodeSignatureLine = ({ name, keyId, signature }: NoteSignature): string => {
  if (!isKeyName(name) || keyId.length !== KEY_ID_BYTES) throw refused('note')
  return `\u2014 ${name} ${toBase64(concatBytes(keyId, signature))}\n`
}

/** Reads one line, without its newline. Throws REQUEST_INVALID (`note`). */
export const parseSignatureLine = (line: string): NoteSignature => {
  const match = /^\u2014 (\S+) (\S+)$/u.exec(line)
  const [, name = '', encoded = ''] = match ?? []
  if (!match || !isKeyName(name)) throw refused('note')
  const bytes = fromBase64(encoded)
  if (bytes.length <= KEY_ID_BYTES) throw refused('note')
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) }
}

/** A signed note: the text, an empty line, one line for each signature. */
export const encodeNote = ({ text, signatures }: SignedNote): string => {
  if (!text.endsWith('\n') || signatures.length === 0) throw refused('note')
  return `${text}\n${signatures.map(encodeSignatureLine).join('')}`
}

/** Throws REQUEST_INVALID (`note`). The text is split at the last empty line, as C2SP signed-note says. */
export const parseNote = (note: string): SignedNote => {
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n') || !note.isWellFormed()) throw refused('note')
  if (/[^\n\P{Cc}]/u.test(note)) throw refused('note')
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > SIGNATURES_MAX) throw refused('note')
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignatureLine) }
}

/** The signatures of a note that claim to be of this key. */
export const signaturesOf = (note: SignedNote, name: string, keyId: Uint8Array): readonly NoteSignature[] =>
  note.signatures.filter((line) => line.name === name && toBase64(line.keyId) === toBase64(keyId))

/**
 * The note's text, once one signature of `key` was found valid. Signatures of others are passed over; one that claims
 * to be of `key` and is not valid refuses the note. Throws REQUEST_INVALID (`note-signature`, `note`).
 */
export const verifyNote = (note: string, key: NoteKey, verify: VerifySignature): string => {
  const parsed = parseNote(note)
  const ours = signaturesOf(parsed, key.name, noteKeyId(key))
  const spki = spkiOfNoteKey(key)
  const areValid = ours.every((line) => verify(spki, utf8.encode(parsed.text), line.signature))
  if (ours.length === 0 || !areValid) throw refused('note-signature')
  return parsed.text
}
