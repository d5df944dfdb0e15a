import type { Kysely } from 'kysely'
import { buildOverTiles } from '../../shared/audit/tiles.ts'
import { edgeRanges, rightRanges } from '../../shared/exports/index.ts'
import { readRemoved, spanReader } from '../audit/checkpoint-tree.ts'
import type { AuditDb } from '../db/schema.ts'
import type { Stretch } from './select-entries.ts'

/** Roots of the full subtrees before a stretch and behind it, up to the tree's size: with its leaves they make the root. */
export interface StretchEdges {
  readonly left: readonly Uint8Array[]
  readonly right: readonly Uint8Array[]
}

type Ranges = readonly (readonly [number, number])[]

export const readStretchEdges = async (
  db: Kysely<AuditDb>,
  chain: string,
  size: number,
  { from, to }: Stretch,
): Promise<StretchEdges> => {
  const removed = await readRemoved(db, chain)
  const build = (ranges: Ranges): Promise<readonly Uint8Array[]> =>
    buildOverTiles((hash) => ranges.map(([start, end]) => hash(start, end)), spanReader(db, chain), removed)
  const left = from === removed?.size ? removed.edge : await build(edgeRanges(from))
  return { left, right: await build(rightRanges(to + 1, size)) }
}
