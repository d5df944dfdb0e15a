import { concatBytes } from './bytes.ts'
import { parseCheckpoint, parseNote, signaturesOf } from './checkpoint.ts'
import type { Checkpoint, NoteSignature } from './checkpoint.ts'
import type { VerifySignature } from './crypto.ts'
import { ED25519_COSIGNATURE, encodeVkey, keyIdOfType, parseVkey, refusedNote, spkiOfNoteKey } from './note-key.ts'
import type { NoteKey } from './note-key.ts'

/**
 * C2SP tlog-cosignature, Ed25519: what a witness says of a checkpoint. It means: as of `time`, this is the largest tree
 * of this log I have seen, and it extends every one I saw before.
 */

/** A witness's key has the form of a note key, but its own type: a cosignature can never pass as a log's signature. */
export type WitnessKey = NoteKey

const TIME_BYTES = 8
const SIGNATURE_BYTES = 64
const utf8 = new TextEncoder()

export const witnessKeyId = (key: WitnessKey): Uint8Array => keyIdOfType(ED25519_COSIGNATURE, key)
export const encodeWitnessKey = (key: WitnessKey): string => encodeVkey(ED25519_COSIGNATURE, key)
/** Throws REQUEST_INVALID (`note-key`). */
export const parseWitnessKey = (vkey: string): WitnessKey => parseVkey(ED25519_COSIGNATURE, vkey)

/** What the witness signs. `time`: whole seconds since 1970; `text`: the checkpoint's text with its last newline. */
export const cosignatureMessage = (time: number, text: string): Uint8Array => {
  if (!Number.isSafeInteger(time) || time < 0) throw refusedNote('cosignature')
  return utf8.encode(`cosignature/v1\ntime ${time}\n${text}`)
}

/** The signature line's parts from an Ed25519 signature over `cosignatureMessage`. */
export const makeCosignature = (key: WitnessKey, time: number, signature: Uint8Array): NoteSignature => {
  if (!Number.isSafeInteger(time) || time < 0 || signature.length !== SIGNATURE_BYTES) throw refusedNote('cosignature')
  const stamp = Buffer.alloc(TIME_BYTES)
  stamp.writeBigUInt64BE(BigInt(time))
  return { name: key.name, keyId: witnessKeyId(key), signature: concatBytes(stamp, signature) }
}

export interface Cosignature {
  readonly time: number
  readonly signature: Uint8Array
}

/** Throws REQUEST_INVALID (`cosignature`) for another length or a time no calendar has. */
export const parseCosignature = ({ signature }: NoteSignature): Cosignature => {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) throw refusedNote('cosignature')
  const time = Number(Buffer.from(signature.slice(0, TIME_BYTES)).readBigUInt64BE())
  if (!Number.isSafeInteger(time)) throw refusedNote('cosignature')
  return { time, signature: signature.slice(TIME_BYTES) }
}

export interface Cosigned {
  /** When the witness signed, seconds since 1970. */
  readonly time: number
  readonly checkpoint: Checkpoint
}

/**
 * What one signature line, said to be of `key`, proves about the checkpoint `text`. Throws REQUEST_INVALID
 * (`cosignature`, `checkpoint`).
 */
export const verifyCosignature = (
  text: string,
  line: NoteSignature,
  key: WitnessKey,
  verify: VerifySignature,
): Cosigned => {
  const isOfKey = line.name === key.name && Buffer.from(line.keyId).equals(witnessKeyId(key))
  if (!isOfKey) throw refusedNote('cosignature')
  const { time, signature } = parseCosignature(line)
  if (!verify(spkiOfNoteKey(key), cosignatureMessage(time, text), signature)) throw refusedNote('cosignature')
  return { time, checkpoint: parseCheckpoint(text) }
}

/**
 * The newest cosignature of `key` in a note; null where the witness has not signed it. A line that claims to be of the
 * key and is not valid refuses the note. Throws REQUEST_INVALID (`cosignature`, `note`, `checkpoint`).
 */
export const findCosignature = (note: string, key: WitnessKey, verify: VerifySignature): Cosigned | null => {
  const parsed = parseNote(note)
  const lines = signaturesOf(parsed, key.name, witnessKeyId(key))
  const found = lines.map((line) => verifyCosignature(parsed.text, line, key, verify))
  return found.reduce<Cosigned | null>((best, one) => (best && best.time >= one.time ? best : one), null)
}
