import { concatBytes, sha256 } from './bytes.ts'

const utf8 = new TextEncoder()

/**
 * What each signature of the chain begins with, so that no signature made for one purpose, or by the same key for
 * another protocol, can be passed off as one made for another.
 */
export const DOMAINS = {
  entry: utf8.encode('countersign/audit/entry/1\n'),
  key: utf8.encode('countersign/audit/key/1\n'),
  genesis: utf8.encode('countersign/audit/genesis/1\n'),
  payload: utf8.encode('countersign/audit/payload/1\n'),
} as const

/** The bytes an entry's key signs. They hold the signature of the entry before: that is the link. */
export const entrySigningBytes = (entryBytes: Uint8Array): Uint8Array => concatBytes(DOMAINS.entry, entryBytes)

/** The bytes an endorsing key signs to bring another key into the chain. */
export const keySigningBytes = (statement: Uint8Array): Uint8Array => concatBytes(DOMAINS.key, statement)

/** What stands in for the "signature before" in a chain's first entry: nobody's signature, and another for each chain. */
export const genesisOf = (chain: string): Uint8Array => sha256(DOMAINS.genesis, utf8.encode(chain))
