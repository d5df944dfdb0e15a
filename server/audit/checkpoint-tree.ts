import { setImmediate as breathe } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { AppError } from '../../shared/contract/errors.ts'
import { parseCut } from '../../shared/audit/cut.ts'
import { leafHash } from '../../shared/audit/merkle.ts'
import { TILE_WIDTH, TileBuilder, buildOverTiles, consistencyRanges, edgeRanges } from '../../shared/audit/tiles.ts'
import type { KeptSubtree, ReadSpan, RemovedTree, SubtreeRange } from '../../shared/audit/tiles.ts'
import { insertTreeHashes, readEntryBytes, readTreeHashes } from '../db/repositories/audit-checkpoints.ts'
import { listCosignedSizes } from '../db/repositories/audit-witnesses.ts'
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

/** Where a subtree smaller than a block lies in the table of block roots: at a level below 0, of 2^(8 + level) leaves. */
const placeOf = ([from, to]: SubtreeRange) => ({
  level: Math.log2((to - from) / TILE_WIDTH),
  position: from / (to - from),
})

/**
 * Before the entries from `from` to `to` go: keeps of them what proves that the tree goes on from each size in between
 * that a witness signed. A desk that stays away over a cleaning is shown that nothing was changed, as any other. Durable
 * when it returns; 16 hashes a size at most. Throws AUDIT_PROOF_UNAVAILABLE (`entry-missing`).
 */
export const keepForWitnesses = async (db: Reader, chain: string, from: number, to: number): Promise<void> => {
  const read = spanReader(db, chain)
  for (const size of await listCosignedSizes(db, chain, from, to)) {
    const ranges = consistencyRanges(size)
    const start = Math.floor(size / TILE_WIDTH) * TILE_WIDTH
    // A block is removed at once, but by cuts that are none of ours.
    if (ranges.length === 0 || start < from || start + TILE_WIDTH > to) continue
    const hashes = await orMissing(buildOverTiles((hash) => ranges.map(([low, high]) => hash(low, high)), read))
    const made = ranges.map((range, at) => ({ ...placeOf(range), hash: hashes[at] ?? new Uint8Array() }))
    await insertTreeHashes(db, chain, made)
    await breathe()
  }
}

/** What `keepForWitnesses` kept for a size; what is not there is left out, and no proof can be made of it. */
export const readKept = async (db: Reader, chain: string, size: number): Promise<readonly KeptSubtree[]> => {
  const kept: KeptSubtree[] = []
  for (const range of consistencyRanges(size)) {
    const { level, position } = placeOf(range)
    const [hash] = await readTreeHashes(db, chain, { level, from: position, to: position + 1 })
    if (hash) kept.push({ range, hash })
  }
  return kept
}

const orMissing = <T>(build: Promise<T>): Promise<T> =>
  build.catch((cause: unknown) => {
    if (!(cause instanceof AppError) || cause.detail['reason'] !== 'tile-missing') throw cause
    throw new AppError('AUDIT_PROOF_UNAVAILABLE', { reason: 'entry-missing' }, { cause })
  })

/**
 * The tree of the first `size` entries, from its block roots and the entries of the last block. Throws
 * AUDIT_PROOF_UNAVAILABLE (`entry-missing`).
 */
export const openTree = async (db: Reader, chain: string, size: number): Promise<TileBuilder> => {
  const removed = await readRemoved(db, chain)
  const ranges = edgeRanges(size)
  const edge = await orMissing(
    buildOverTiles((hash) => ranges.map(([from, to]) => hash(from, to)), spanReader(db, chain), removed),
  )
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
