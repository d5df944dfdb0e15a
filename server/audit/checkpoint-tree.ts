import { setImmediate as breathe } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { parseCut } from '../../shared/audit/cut.ts'
import { leafHash } from '../../shared/audit/merkle.ts'
import { TILE_WIDTH, TileBuilder, buildOverTiles, edgeRanges } from '../../shared/audit/tiles.ts'
import type { ReadSpan, RemovedTree } from '../../shared/audit/tiles.ts'
import { insertTreeHashes, readEntryBytes, readTreeHashes } from '../db/repositories/audit-checkpoints.ts'
import type { AuditDb } from '../db/schema.ts'

type Reader = Kysely<AuditDb>

/** Entries hashed before other work gets its turn. */
const BATCH = 2 * TILE_WIDTH

/** Leaves are hashed from the entries, which are what is signed; block roots are read. */
export const spanReader =
  (db: Reader, chain: string): ReadSpan =>
  async (span) => {
    if (span.level > 0) return readTreeHashes(db, chain, span)
    return (await readEntryBytes(db, chain, span.from, span.to)).map(leafHash)
  }

/** Spans kept in memory, each 8 KB at most. */
const KEPT_SPANS = 64

/** Keeps the spans read last: every desk asks for the right edge of the same tree, and what is in it never changes. */
export const keepSpans = (read: ReadSpan): ReadSpan => {
  const kept = new Map<string, readonly Uint8Array[]>()
  return async (span) => {
    const name = `${span.level}/${span.from}-${span.to}`
    const known = kept.get(name)
    const hashes = known ?? (await read(span))
    kept.delete(name)
    if (hashes.length === span.to - span.from) kept.set(name, hashes)
    const [oldest] = kept.keys()
    if (kept.size > KEPT_SPANS && oldest !== undefined) kept.delete(oldest)
    return hashes
  }
}

/** What cleaning left of the entries it removed; null where the chain is there from its first entry. */
export const readRemoved = async (db: Reader, chain: string): Promise<RemovedTree | null> => {
  const row = await db.selectFrom('chain_cut').select('statement').where('chain', '=', chain).executeTakeFirst()
  if (!row) return null
  const { size, edge } = parseCut(row.statement)
  const hashes = edgeRanges(size).map((_, place) => edge.slice(place * 32, place * 32 + 32))
  return { size, edge: hashes }
}

/**
 * The tree of the first `size` entries, from its block roots and the entries of the last block. Throws
 * AUDIT_PROOF_UNAVAILABLE (`entry-missing`).
 */
export const openTree = async (db: Reader, chain: string, size: number): Promise<TileBuilder> => {
  const removed = await readRemoved(db, chain)
  const ranges = edgeRanges(size)
  const build = buildOverTiles((hash) => ranges.map(([from, to]) => hash(from, to)), spanReader(db, chain), removed)
  const edge = await build.catch((cause: unknown) => {
    if (!(cause instanceof AppError) || cause.detail['reason'] !== 'tile-missing') throw cause
    throw new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'entry-missing' }, { cause })
  })
  return new TileBuilder(size, edge)
}

/** How far block roots are stored, without a gap; the rest is made from the entries. */
export const readTreeSize = async (db: Reader, chain: string): Promise<number> => {
  const row = await db
    .selectFrom('tree_hash')
    .select(({ fn }) => fn.max('position').as('position'))
    .where('chain', '=', chain)
    .where('level', '=', 1)
    .executeTakeFirst()
  const stored = row?.position == null ? 0 : (row.position + 1) * TILE_WIDTH
  const removed = await readRemoved(db, chain)
  return Math.max(stored, removed?.size ?? 0)
}

/**
 * Grows the tree to `size` entries and stores the roots of the blocks that became full; durable batch by batch, so that
 * a first build of a long chain goes on where it ended. Throws AUDIT_PROOF_UNAVAILABLE (`entry-missing`).
 */
export const growTree = async (db: Reader, chain: string, tree: TileBuilder, size: number): Promise<void> => {
  while (tree.size < size) {
    const to = Math.min(size, tree.size + BATCH)
    const entries = await readEntryBytes(db, chain, tree.size, to)
    if (entries.length !== to - tree.size)
      throw new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'entry-missing', sequence: tree.size + entries.length })
    for (const bytes of entries) tree.append(leafHash(bytes))
    await insertTreeHashes(db, chain, tree.takeMade())
    if (tree.size < size) await breathe()
  }
}
