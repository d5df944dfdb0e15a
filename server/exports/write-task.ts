import type { ManifestHead, Names } from '../../shared/exports/index.ts'
import type { DatabaseLocation } from '../db/open.ts'
import type { ExportFilter, ExportPhase, PackageMember } from './ports.ts'
import type { Stretch } from './select-entries.ts'
import type { StretchEdges } from './stretch-edges.ts'

/** A chain as it stands under the checkpoint an export is made under. */
export interface SealedChain {
  readonly chain: string
  readonly size: number
  /** Of the tree, as its checkpoint has it. */
  readonly root: Uint8Array
}

/** What an export is to take. `cancel` becomes 1 when it is to end. */
export interface PlanTask {
  readonly kind: 'plan'
  readonly location: DatabaseLocation
  readonly head: Pick<ManifestHead, 'completeness'>
  readonly filter: ExportFilter
  readonly chains: readonly SealedChain[]
  readonly cancel: Int32Array
}

/** Counts and writes nothing. */
export interface CountTask {
  readonly kind: 'count'
  readonly location: DatabaseLocation
  readonly filter: ExportFilter
  readonly most: number
  readonly cancel: Int32Array
}

/** Which entries of a chain an export takes, settled before the first is written; in this order chains are numbered. */
export interface PlannedChain extends SealedChain {
  /** Row numbers of what is disclosed, in order; null: every entry of the stretch. */
  readonly ids: Float64Array | null
  /** What is walked; null: only what `ids` names. */
  readonly range: Stretch | null
  /** Where each sequence of the stretch has a line: with its leaves they make the root. */
  readonly edges: StretchEdges | null
}

/** What the thread that writes is given. */
export interface WriteTask {
  readonly kind: 'write'
  readonly location: DatabaseLocation
  /** There, empty but for its own folders. */
  readonly folder: string
  readonly head: ManifestHead
  readonly filter: ExportFilter
  readonly plan: readonly PlannedChain[]
  /** All names the server knows. */
  readonly names: Names
  /** What the data is digested by, besides SHA-256. */
  readonly hashes: readonly string[]
  readonly maxBytes: number
  readonly maxEntries: number
  readonly cancel: Int32Array
}

/** What was written of one chain. */
export interface WrittenChain extends SealedChain {
  /** Stretch with a line for each sequence; null where only what was selected has one. */
  readonly range: (Stretch & StretchEdges) | null
  /** First and last sequence with a line; null where there is none. */
  readonly lines: { readonly from: number; readonly to: number } | null
  readonly disclosed: number
  readonly headers: number
  readonly hidden: number
  /** Keys that signed an entry with a line. */
  readonly keys: readonly string[]
}

export interface WriteResult {
  readonly entries: number
  readonly chains: readonly WrittenChain[]
  /** The data and evidence; each durable. */
  readonly members: readonly PackageMember[]
  /** Those that stand in the data. */
  readonly names: Names
  /** Of the data, by each hash asked for; lower-case names. */
  readonly digests: Readonly<Record<string, Uint8Array>>
  /** What may still be written. */
  readonly bytesLeft: number
}

export type WriteMessage =
  | { readonly kind: 'progress'; readonly phase: ExportPhase; readonly written: number; readonly total: number | null }
  | { readonly kind: 'counted'; readonly entries: number }
  | { readonly kind: 'planned'; readonly plan: readonly PlannedChain[] }
  | { readonly kind: 'written'; readonly result: WriteResult }
  | { readonly kind: 'cancelled' }
  | ThreadFailure

/** An error as it passes between threads. */
export interface ThreadFailure {
  readonly kind: 'error'
  readonly code: string
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
  readonly cause: string
}
