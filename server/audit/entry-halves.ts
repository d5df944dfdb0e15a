import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { DOMAINS } from '../../shared/audit/link.ts'

/** An entry's canonical text but for the signature before, which stands between the two halves. */
export interface EntryHalves {
  readonly head: string
  readonly tail: string
}

const utf8 = new TextEncoder()

/** The bytes of an entry, once the signature before is known. */
export const joinHalves = ({ head, tail }: EntryHalves, previous: Uint8Array): Uint8Array =>
  utf8.encode(head + encodeBase64url(previous) + tail)

/** Of Ed25519. */
export const SIGNATURE_BYTES = 64
const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/**
 * What is signed of entries in a row (domain and canonical bytes), one after the other in memory of their own, with
 * room for the signatures before, which are not known yet. It goes to the thread that signs and back without a copy.
 */
export interface EntryRun {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Four for each entry: where its domain begins, where the room begins and ends, where the entry ends. */
  readonly places: Uint32Array
}

/** Lays them out; `previous` is the signature before the first, those before the others are of Ed25519. */
export const layOut = (halves: readonly EntryHalves[], previous: Uint8Array): EntryRun => {
  const { entry: domain } = DOMAINS
  let most = 0
  // No character is more than three bytes of UTF-8 for each of its units.
  for (const { head, tail } of halves) most += (head.length + tail.length) * 3 + domain.length
  const bytes = Buffer.from(
    new ArrayBuffer(most + halves.length * base64urlLength(SIGNATURE_BYTES) + previous.length * 2),
  )
  const places = new Uint32Array(halves.length * 4)
  let [end, room] = [0, base64urlLength(previous.length)]
  for (const [place, { head, tail }] of halves.entries()) {
    const from = end
    bytes.set(domain, from)
    const roomFrom = from + domain.length + bytes.write(head, from + domain.length)
    end = roomFrom + room + bytes.write(tail, roomFrom + room)
    places.set([from, roomFrom, roomFrom + room, end], place * 4)
    room = base64urlLength(SIGNATURE_BYTES)
  }
  return { bytes, places }
}
