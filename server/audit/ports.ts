import type { AuditIntent } from './intent.ts'

/** What the chain needs of a signing key; structurally a `Signer` of server/hsm. ECDSA signatures come as DER. */
export interface AuditSigner {
  readonly label: string
  readonly algorithm: string
  readonly kind: string
  publicKeySpki(): Uint8Array
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** `hsm`: the key store signs each entry. `epoch`: it signs a short-lived Ed25519 key, which signs the entries. */
export type ChainKeyMode = 'hsm' | 'epoch'

/** Whether changes may be accepted; `reason` is a closed error code or null while running. */
export interface ChainState {
  readonly state: 'running' | 'stopped'
  readonly reason: string | null
  readonly chain: string
  readonly mode: ChainKeyMode
  /** Sequence of the last durable entry; -1 for none. */
  readonly head: number
  /** Intents settled or waited for that are not in the chain yet. */
  readonly waiting: number
}

/** What services see of the sequencer. */
export interface AuditSequencer {
  /** The node's chain: intents that name it are drained by it alone. */
  readonly chain: string
  /** Throws AUDIT_CHAIN_UNWRITABLE while the chain cannot be written: call before accepting a change. */
  assertWritable(): void
  /**
   * Resolves when the entries of these intents are durable in the chain, at once for those that are already. Rejects
   * AUDIT_CHAIN_UNWRITABLE when they could not be written; the intents stay and are drained later, exactly once.
   * Whoever recorded them gives them along (`committed`), and need not wait until they are read from the database: as
   * `recordIntent` gave them, since what is given is what is signed.
   */
  settle(intentIds: readonly string[], committed?: readonly AuditIntent[]): Promise<void>
  /**
   * For what changes nothing else: no intent is recorded, the entry itself is the record. Resolves when the entries are
   * durable in the chain. Throws what `recordIntent` throws; AUDIT_CHAIN_UNWRITABLE when they could not be written, or
   * it is not known whether they were: the same intents (their ids) recorded afterwards become entries once.
   */
  append(intents: readonly AuditIntent[]): Promise<void>
  state(): ChainState
}
