import { writeBoolean, writeInteger, writeOctets, writeOid, writeSequence, writeUnsigned } from './der-write.ts'
import { refuse } from './pki-error.ts'
import { encodeHash, hashOctets } from './signature.ts'
import type { HashName } from './types.ts'

const MIN_NONCE_OCTETS = 8
const MAX_NONCE_OCTETS = 32

/** What a time-stamp is asked for: the digest of some bytes, never the bytes. */
export interface MessageImprint {
  readonly hash: HashName
  readonly digest: Uint8Array
}

export interface TimeStampRequestFields extends MessageImprint {
  /** Random octets, 8 to 32, new for each request: without them an old answer could be replayed. */
  readonly nonce: Uint8Array
  /** Dotted OID of the policy wanted, or the authority's own. */
  readonly policy?: string
}

/**
 * TimeStampReq, DER (RFC 3161 2.4.1), asking for the authority's certificate. Send it as
 * `application/timestamp-query` (3.4). Throws PkiError `invalid-input`.
 */
export function buildTimeStampRequest({ hash, digest, nonce, policy }: TimeStampRequestFields): Uint8Array {
  if (nonce.length < MIN_NONCE_OCTETS || nonce.length > MAX_NONCE_OCTETS) {
    refuse('invalid-input', 'RFC 3161 2.4.1: nonce of 8 to 32 octets', { octets: nonce.length })
  }
  return writeSequence(
    writeInteger(1),
    writeMessageImprint({ hash, digest }),
    ...(policy === undefined ? [] : [writeOid(policy)]),
    writeUnsigned(nonce),
    writeBoolean(true),
  )
}

export function writeMessageImprint({ hash, digest }: MessageImprint): Uint8Array {
  if (digest.length !== hashOctets(hash)) refuse('invalid-input', 'RFC 3161 2.4.1: hashedMessage', { hash })
  return writeSequence(encodeHash(hash), writeOctets(digest))
}
