import { AppError } from '../contract/errors.ts'
import { concatBytes, sha256 } from './bytes.ts'

/** Signature types of C2SP signed-note: what a key may sign, and part of its id. */
export const ED25519_NOTE = 0x01
export const ED25519_COSIGNATURE = 0x04
export type NoteKeyType = typeof ED25519_NOTE | typeof ED25519_COSIGNATURE

/** An Ed25519 key of C2SP signed-note. `publicKey` is the raw 32 bytes (RFC 8032). */
export interface NoteKey {
  readonly name: string
  readonly publicKey: Uint8Array
}

export const KEY_ID_BYTES = 4
const PUBLIC_KEY_BYTES = 32
const NAME_MAX = 200
/** RFC 8410: SubjectPublicKeyInfo of a raw Ed25519 key. */
const SPKI_PREFIX = Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex'))
const utf8 = new TextEncoder()

export const refusedNote = (reason: string): AppError => new AppError('REQUEST_INVALID', { reason })

/** RFC 4648 4, as all of C2SP writes bytes. */
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** Throws REQUEST_INVALID (`base64`) unless it is the one text its bytes encode to. */
export const fromBase64 = (text: string): Uint8Array => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  if (toBase64(bytes) !== text) throw refusedNote('base64')
  return bytes
}

/** C2SP signed-note: no Unicode spaces and no plus; control characters are refused as well. */
export const isKeyName = (name: string): boolean =>
  name.length > 0 && name.length <= NAME_MAX && !/[\s+\p{Cc}]/u.test(name) && name.isWellFormed()

export const keyIdOfType = (type: NoteKeyType, { name, publicKey }: NoteKey): Uint8Array =>
  sha256(utf8.encode(`${name}\n`), new Uint8Array([type]), publicKey).slice(0, KEY_ID_BYTES)

/** The raw key as SubjectPublicKeyInfo. */
export const spkiOfNoteKey = ({ publicKey }: NoteKey): Uint8Array => concatBytes(SPKI_PREFIX, publicKey)

/** Throws REQUEST_INVALID (`note-key`) for a key that is not Ed25519. */
export const rawOfSpki = (spki: Uint8Array): Uint8Array => {
  const raw = spki.slice(SPKI_PREFIX.length)
  if (raw.length !== PUBLIC_KEY_BYTES || toBase64(concatBytes(SPKI_PREFIX, raw)) !== toBase64(spki))
    throw refusedNote('note-key')
  return raw
}

/** C2SP vkey: `name+id+key`. */
export const encodeVkey = (type: NoteKeyType, key: NoteKey): string => {
  const id = Buffer.from(keyIdOfType(type, key)).toString('hex')
  return `${key.name}+${id}+${toBase64(concatBytes(new Uint8Array([type]), key.publicKey))}`
}

/** Throws REQUEST_INVALID (`note-key`, `base64`) for another type, a wrong id or a malformed text. */
export const parseVkey = (type: NoteKeyType, text: string): NoteKey => {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text)
  const [, name = '', id = '', encoded = ''] = match ?? []
  if (!match || !isKeyName(name)) throw refusedNote('note-key')
  const bytes = fromBase64(encoded)
  const key = { name, publicKey: bytes.slice(1) }
  if (bytes[0] !== type || key.publicKey.length !== PUBLIC_KEY_BYTES) throw refusedNote('note-key')
  if (Buffer.from(keyIdOfType(type, key)).toString('hex') !== id) throw refusedNote('note-key')
  return key
}
