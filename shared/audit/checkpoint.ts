import { AppError } from '../contract/errors.ts'
import { concatBytes, sha256 } from './bytes.ts'
import type { VerifySignature } from './crypto.ts'

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
/** An Ed25519 note key (C2SP signed-note, type 0x01). `publicKey` is the raw 32 bytes. */
export interface NoteKey {
  readonly name: string
  readonly publicKey: Uint8Array
}

const utf8 = new TextEncoder()
const ED25519 = 1
const ID_BYTES = 4
const SIZE_MAX_DIGITS = 16
/** RFC 8410: SubjectPublicKeyInfo of a raw Ed25519 key. */
const SPKI_PREFIX = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'))

const refused = (reason: string): AppError => new AppError('REQUEST_INVALID', { reason })
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const fromBase64 = (text: string): Uint8Array => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  if (base64(bytes) !== text) throw refused('base64')
  return bytes
}

const isName = (name: string): boolean => name.length > 0 && !/[\s+\p{Cc}]/u.test(name) && name.isWellFormed()

export const noteKeyId = ({ name, publicKey }: NoteKey): Uint8Array =>
  sha256(utf8.encode(`${name}\n`), new Uint8Array([ED25519]), publicKey).slice(0, ID_BYTES)

/** The key in the form others take it: `name+id+key`. */
export const encodeNoteKey = (key: NoteKey): string => {
  const bytes = concatBytes(new Uint8Array([ED25519]), key.publicKey)
  return `${key.name}+${Buffer.from(noteKeyId(key)).toString('hex')}+${base64(bytes)}`
}

/** Throws REQUEST_INVALID (`note-key`) for another algorithm, a wrong id or a malformed text. */
export const parseNoteKey = (text: string): NoteKey => {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text)
  const [, name = '', id = '', encoded = ''] = match ?? []
  if (!match || !isName(name)) throw refused('note-key')
  const bytes = fromBase64(encoded)
  const key = { name, publicKey: bytes.slice(1) }
  if (bytes[0] !== ED25519 || bytes.length !== 33) throw refused('note-key')
  if (Buffer.from(noteKeyId(key)).toString('hex') !== id) throw refused('note-key')
  return key
}

/** The text that is signed. Throws REQUEST_INVALID (`checkpoint`). */
export const encodeCheckpoint = ({ origin, size, root, extensions = [] }: Checkpoint): string => {
  const lines = [origin, String(size), base64(root), ...extensions]
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

/** A signed note: the text, an empty line, one line for each signature. */
export const encodeNote = ({ text, signatures }: SignedNote): string => {
  if (!text.endsWith('\n') || signatures.length === 0) throw refused('note')
  const lines = signatures.map(({ name, keyId, signature }) => {
    if (!isName(name) || keyId.length !== ID_BYTES) throw refused('note')
    return `\u2014 ${name} ${base64(concatBytes(keyId, signature))}\n`
  })
  return `${text}\n${lines.join('')}`
}

const parseSignature = (line: string): NoteSignature => {
  const match = /^\u2014 (\S+) (\S+)$/u.exec(line)
  const [, name = '', encoded = ''] = match ?? []
  if (!match || !isName(name)) throw refused('note')
  const bytes = fromBase64(encoded)
  if (bytes.length <= ID_BYTES) throw refused('note')
  return { name, keyId: bytes.slice(0, ID_BYTES), signature: bytes.slice(ID_BYTES) }
}

/** Throws REQUEST_INVALID (`note`). The text is split at the last empty line, as C2SP signed-note says. */
export const parseNote = (note: string): SignedNote => {
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n') || !note.isWellFormed()) throw refused('note')
  if (/[^\n\P{Cc}]/u.test(note)) throw refused('note')
  const lines = note.slice(split + 2, -1).split('\n')
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) }
}

/**
 * The note's text, once one signature of `key` was found valid. Signatures of others are passed over; one that claims
 * to be of `key` and is not valid refuses the note. Throws REQUEST_INVALID (`note-signature`, `note`).
 */
export const verifyNote = (note: string, key: NoteKey, verify: VerifySignature): string => {
  const { text, signatures } = parseNote(note)
  const id = base64(noteKeyId(key))
  const ours = signatures.filter((line) => line.name === key.name && base64(line.keyId) === id)
  const spki = concatBytes(SPKI_PREFIX, key.publicKey)
  const areValid = ours.every((line) => verify(spki, utf8.encode(text), line.signature))
  if (ours.length === 0 || !areValid) throw refused('note-signature')
  return text
}
