import type { WitnessLoss } from '../../shared/contract/index.ts'
import type { ContradictionKind } from '../../shared/contract/routes/audit-witness.ts'

/** The last checkpoint of a chain that this desk verified. */
export interface KeptCheckpoint {
  chain: string
  size: number
  /** Pinned with the first checkpoint seen; it names the chain's first key-store key (shared/audit/FORMAT.md). */
  origin: string
  /** C2SP signed note, as it was shown. */
  note: string
  firstSeenAt: number
  seenAt: number
  cosignedAt: number | null
}
export interface KeptContradiction {
  id: string
  chain: string
  kind: ContradictionKind
  /** The two notes that cannot both be true: kept for who must explain it. */
  kept: string | null
  seen: string | null
  keptSize: number | null
  seenSize: number | null
  foundAt: number
  reportedAt: number | null
}
/** `chain` empty: the desk's own key. */
export interface KeptLoss {
  chain: string
  why: WitnessLoss['why']
  at: number
}

/** The memory of a witness. Every method is durable when it returns. */
export interface WitnessStore {
  /** A row that does not open is dropped, and its loss noted, before this returns. */
  checkpoints(): KeptCheckpoint[]
  /** In place of `over`, which must still be what is kept (null: nothing is); false, and nothing changed, where it is not. */
  keep(next: KeptCheckpoint, over: KeptCheckpoint | null): boolean
  noteSeen(chain: string, at: number): void
  noteCosigned(chain: string, size: number, at: number): void
  /** PKCS#8 of this desk's Ed25519 key as a witness; the caller wipes it. Null: none, or none that opens. */
  readKey(): Uint8Array | null
  writeKey(pkcs8: Uint8Array): void
  /** Those nobody explained yet. */
  contradictions(): KeptContradiction[]
  /** False where it is known already. */
  addContradiction(found: KeptContradiction): boolean
  noteReported(id: string, at: number): void
  /**
   * Closes an open contradiction; with the last one of its chain what was kept of it goes, and that it went is noted.
   * Gives the chain; null where there is no such open one.
   */
  explain(id: string, at: number): string | null
  /**
   * Forgets `kept`, and notes that; false, and nothing changed, where its chain has an open contradiction, or where this
   * doubt was explained before: who shows the same checkpoint again is not forgotten again.
   */
  beginAnew(doubt: string, kept: KeptCheckpoint, at: number): boolean
  losses(): KeptLoss[]
  /** False where one of this chain is known already. */
  addLoss(loss: KeptLoss): boolean
}
