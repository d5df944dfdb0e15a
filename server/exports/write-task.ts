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

/** What the thread that writes is given. `cancel` becomes 1 when it is to end. */
export interface WriteTask {
  readonly kind: 'write'
  readonly location: DatabaseLocation
  /** There, empty but for its own folders. */
  readonly folder: string
  readonly head: ManifestHead
  readonly filter: ExportFilter
  readonly chains: readonly SealedChain[]
  /** All names the server knows. */
  readonly names: Names
  /** What the data is digested by, besides SHA-256. */
  readonly hashes: readonly string[]
  readonly maxBytes: number
  readonly maxEntries: number
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

/** What was written of one chain; in this order they are numbered. */
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
  /** The data, evidence and names; each durable. */
  readonly members: readonly PackageMember[]
  /** Of the data, by each hash asked for; lower-case names. */
  readonly digests: Readonly<Record<string, Uint8Array>>
}

export type WriteMessage =
  | { readonly kind: 'progress'; readonly phase: ExportPhase; readonly written: number; readonly total: number | null }
  | { readonly kind: 'counted'; readonly entries: number }
  | { readonly kind: 'written'; readonly result: WriteResult }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'error'
      readonly code: string
      readonly detail: Readonly<Record<string, string | number | boolean | null>>
      readonly cause: string
    }
