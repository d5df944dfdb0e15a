import type { EvidenceChain } from './evidence-writer.ts'
import type { Written } from './file-sink.ts'
import type { ThreadFailure } from './write-task.ts'

/** Places in the memory that both threads share: pieces of rows and of data under way, and whether it failed. */
export const ROWS_UNDER_WAY = 0
export const DATA_UNDER_WAY = 1
export const FAILED = 2
export const SHARED_BYTES = 12

export interface KeeperData {
  readonly shared: SharedArrayBuffer
  /** Where the data goes. */
  readonly path: string
  readonly hashes: readonly string[]
  readonly maxBytes: number
}

export type KeeperMessage =
  | { readonly kind: 'data' | 'rows'; readonly piece: Uint8Array }
  | { readonly kind: 'begin'; readonly path: string; readonly chain: EvidenceChain }
  | { readonly kind: 'end' | 'close' }

/** `evidence`: that chain's file is durable; `data`: the data is, and what may still be written. */
export type KeeperAnswer =
  | { readonly kind: 'evidence'; readonly written: Written }
  | { readonly kind: 'data'; readonly written: Written; readonly bytesLeft: number }
  | ThreadFailure
