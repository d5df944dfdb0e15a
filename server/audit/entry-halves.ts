import { encodeBase64url } from '../../shared/audit/base64url.ts'

/** An entry's canonical text but for the signature before, which stands between the two halves. */
export interface EntryHalves {
  readonly head: string
  readonly tail: string
}

const utf8 = new TextEncoder()

/** The bytes of an entry, once the signature before is known. */
export const joinHalves = ({ head, tail }: EntryHalves, previous: Uint8Array): Uint8Array =>
  utf8.encode(head + encodeBase64url(previous) + tail)
