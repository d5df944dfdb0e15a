import { hash } from 'node:crypto'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { DIGEST_BYTES } from '../../shared/audit/entry.ts'
import { DOMAINS } from '../../shared/audit/link.ts'
import { SALT_BYTES } from '../../shared/audit/payload.ts'
import { fillSalt } from './salts.ts'

/** An entry's canonical text but for the digest of its payload and the signature before, which stand between the two. */
export interface EntryHalves {
  readonly head: string
  readonly tail: string
}
/** What stands between those two. */
const BETWEEN = '","previous":"'

const utf8 = new TextEncoder()

/** The bytes of an entry, once the digest of its payload and the signature before are known. */
export const joinHalves = ({ head, tail }: EntryHalves, payload: Uint8Array, previous: Uint8Array): Uint8Array =>
  utf8.encode(head + encodeBase64url(payload) + BETWEEN + encodeBase64url(previous) + tail)

/** Of Ed25519. */
export const SIGNATURE_BYTES = 64
const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/**
 * Payloads and entries in a row, one after the other in memory of their own. Of each what is hashed (domain, salt and
 * payload), then what is signed (domain and canonical bytes), with room for the digest and for the signature before,
 * which are not known yet. It goes to the thread that signs and back without a copy.
 */
export interface EntryRun {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** `PLACES` for each entry, as `placesOf` gives them. */
  readonly places: Uint32Array
}

/** Where an entry's payload (its domain) begins, then its own domain; the two rooms; where it ends. */
interface Places {
  readonly payload: number
  readonly entry: number
  readonly digest: number
  readonly previous: number
  readonly end: number
}
const PLACES = 5

export const lengthOf = ({ places }: EntryRun): number => places.length / PLACES

export const placesOf = ({ places }: EntryRun, index: number): Places => {
  const at = index * PLACES
  const [payload = 0, entry = 0, digest = 0, previous = 0, end = 0] = places.subarray(at, at + PLACES)
  return { payload, entry, digest, previous, end }
}

/** An entry to be laid out, with its payload's canonical JSON. */
export interface Laid {
  readonly halves: EntryHalves
  readonly payload: string
}

/**
 * Lays them out, each payload with a salt of its own, the first over a signature of `previousLength` bytes: a key
 * store's is of any length, the others are of Ed25519.
 */
export const layOut = (entries: readonly Laid[], previousLength: number): EntryRun => {
  const { entry: domain, payload: payloadDomain } = DOMAINS
  const fixed = domain.length + payloadDomain.length + SALT_BYTES + BETWEEN.length
  const rooms = base64urlLength(DIGEST_BYTES) + base64urlLength(SIGNATURE_BYTES)
  let most = entries.length * (fixed + rooms) + previousLength * 2
  // No character is more than three bytes of UTF-8 for each of its units; a payload is long enough to be counted.
  for (const { halves, payload } of entries)
    most += (halves.head.length + halves.tail.length) * 3 + Buffer.byteLength(payload)
  const bytes = Buffer.from(new ArrayBuffer(most))
  const places = new Uint32Array(entries.length * PLACES)
  let [end, room] = [0, base64urlLength(previousLength)]
  for (const [index, { halves, payload }] of entries.entries()) {
    const from = end
    bytes.set(payloadDomain, from)
    const saltAt = from + payloadDomain.length
    fillSalt(bytes, saltAt)
    const entryAt = saltAt + SALT_BYTES + bytes.write(payload, saltAt + SALT_BYTES)
    bytes.set(domain, entryAt)
    const digestAt = entryAt + domain.length + bytes.write(halves.head, entryAt + domain.length)
    const betweenAt = digestAt + base64urlLength(DIGEST_BYTES)
    const previousAt = betweenAt + bytes.write(BETWEEN, betweenAt, 'latin1')
    end = previousAt + room + bytes.write(halves.tail, previousAt + room)
    places.set([from, entryAt, digestAt, previousAt, end], index * PLACES)
    room = base64urlLength(SIGNATURE_BYTES)
  }
  return { bytes, places }
}

/** Fills both rooms of an entry; gives where what is signed begins and ends. */
export const fillRooms = (bytes: Buffer, places: Places, previous: Buffer): void => {
  bytes.write(hash('sha256', bytes.subarray(places.payload, places.entry), 'base64url'), places.digest, 'latin1')
  bytes.write(previous.toString('base64url'), places.previous, 'latin1')
}

/** Whether the first entry is filled with this as the signature before. */
export const isOver = (run: EntryRun, previous: Uint8Array): boolean => {
  const text = encodeBase64url(previous)
  const at = placesOf(run, 0).previous
  return Buffer.from(run.bytes.buffer, run.bytes.byteOffset + at, text.length).toString('latin1') === text
}

/** Salt and canonical JSON of an entry's payload, in the run's memory. */
export const payloadIn = ({ bytes }: EntryRun, { payload, entry }: Places): { salt: Uint8Array; bytes: Uint8Array } => {
  const saltAt = payload + DOMAINS.payload.length
  return { salt: bytes.subarray(saltAt, saltAt + SALT_BYTES), bytes: bytes.subarray(saltAt + SALT_BYTES, entry) }
}

/** Canonical bytes of an entry, in the run's memory. */
export const entryIn = ({ bytes }: EntryRun, { entry, end }: Places): Uint8Array =>
  bytes.subarray(entry + DOMAINS.entry.length, end)
