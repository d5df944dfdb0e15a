import type { AuditKey } from './key-statement.ts'

/** The payload row of an entry: bytes, or who erased them, when and under which rule. */
export interface StoredPayload {
  readonly salt: Uint8Array
  readonly bytes: Uint8Array | null
  readonly erasedAt: number | null
  readonly erasedBy: string | null
  readonly erasedRule: string | null
}

/** An entry as a store holds it: the signed bytes, and copies of what they say for filters. */
export interface StoredEntry {
  readonly chain: string
  readonly sequence: number
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly previousSignature: Uint8Array
  readonly keyId: string
  readonly intentId: string
  readonly at: number
  readonly tenant: string
  readonly division: string | null
  readonly office: string | null
  readonly operatorId: string | null
  readonly operatorRole: string | null
  readonly station: string | null
  readonly action: string
  readonly objectType: string
  readonly objectId: string
  readonly correlationId: string
  /** Every payload row stored for this place; in a sound chain there is exactly one. */
  readonly payloads: readonly StoredPayload[]
}

/** What the store says is the end of the chain. `frontier` is null where the store keeps none. */
export interface StoredHead {
  readonly sequence: number
  readonly signature: Uint8Array
  readonly frontier: Uint8Array | null
}

/**
 * Reads one chain from a stored sequence on, ordered by stored sequence and then as inserted, in batches. It is read
 * again from the last anchor to find the exact place of a fault, so it must give the same rows each time (a snapshot).
 */
export type EntrySource = (from: number) => AsyncIterable<readonly StoredEntry[]>

/** All that is stored of one chain. */
export interface StoredChain {
  readonly chain: string
  readonly head: StoredHead | null
  readonly keys: readonly AuditKey[]
  readonly entries: EntrySource
}
