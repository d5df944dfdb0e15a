import type { Kysely } from 'kysely'
import type { StoredChain } from '../../shared/audit/stored.ts'
import { listAuditKeys, readHead } from '../db/repositories/audit-chain.ts'
import { readStoredNoteKeys, streamCheckpoints } from '../db/repositories/audit-checkpoints.ts'
import { findStrayRow, readCut } from '../db/repositories/audit-cuts.ts'
import { streamEntries } from '../db/repositories/audit-entries.ts'
import type { AuditDb } from '../db/schema.ts'

/** A chain of the database as the verifier reads it. Give it a snapshot: head and entries must be of one moment. */
export const readStoredChain = async (db: Kysely<AuditDb>, chain: string): Promise<StoredChain> => {
  const cut = await readCut(db, chain)
  return {
    chain,
    cut,
    head: await readHead(db, chain),
    keys: await listAuditKeys(db, chain),
    entries: streamEntries(db, chain),
    checkpoints: streamCheckpoints(db, chain),
    noteKeys: await readStoredNoteKeys(db, chain),
    findStray: findStrayRow(db, chain, cut?.size ?? 0),
  }
}
