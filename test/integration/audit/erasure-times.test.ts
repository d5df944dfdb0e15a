import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { timesOfErasures } from '../../../server/db/migrations/audit-0008.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { DatabasesConfig } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { CHAIN, newConfig, newIntent, newSigner, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'
import { findPostgres, startCluster } from './postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')
const folder = mkdtempSync(join(tmpdir(), 'countersign-times-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const AT = 1_760_000_000_000
const marks = { by: 'operator-1', rule: 'retention-end' }
const tombstone = (id: string, at: number) =>
  newIntent({ at, action: 'Deletion', object: { type: 'audit-payload', id }, after: marks })

/** Erased as it was done before: at the moment of the erasing. */
const erasedBefore = async (config: DatabasesConfig): Promise<void> => {
  await createOperationalDatabase(config.operational)
  await createAuditDatabase(config.audit)
  const databases = await openDatabases(config)
  const signer = newSigner()
  await createChain(databases.audit, { chain: CHAIN, signer })
  const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, epochEntries: 8 })
  try {
    await sequencer.start()
    const intents = [
      ...Array.from({ length: 20 }, () => newIntent()),
      tombstone('4-6', AT - 5000),
      tombstone('12', AT),
      tombstone('4-6', AT + 10),
      tombstone('elsewhere-2', AT + 11),
      tombstone('4-6', AT + 5000),
    ]
    for (const intent of intents) {
      await inTransaction(databases.operational.db, (trx) => recordIntent(trx, intent))
      await sequencer.settle([intent.id])
    }
    const { db } = databases.audit
    const set = { bytes: null, erased_at: AT + 20, erased_by: marks.by, erased_rule: marks.rule }
    await db.updateTable('payload').set(set).where('sequence', 'in', [4, 5, 6, 12]).execute()
    expect(await verifyDatabase(databases, signer)).toMatchObject({ ok: false, sequence: 4, what: 'salt' })
    for (const statement of timesOfErasures.statements(db as unknown as Kysely<unknown>, config.audit.dialect))
      await db.executeQuery(statement.compile())
    const rows = await db.selectFrom('payload').select(['sequence', 'erased_at']).where('bytes', 'is', null).execute()
    const times = rows
      .map((row) => [row.sequence, row.erased_at])
      .sort(([left = 0], [right = 0]) => Number(left) - Number(right))
    expect(times).toEqual([4, 5, 6].map((sequence) => [sequence, AT + 10]).concat([[12, AT]]))
    for (const mode of ['full', 'quick'] as const)
      expect(await verifyDatabase(databases, signer, mode)).toMatchObject({ ok: true, payloadsErased: 4 })
  } finally {
    await sequencer.close()
    await databases.close()
  }
}

describe('payloads erased before marks had the time of their tombstone', () => {
  it('verify once the database was brought to the newest form, on SQLite', () => erasedBefore(newConfig(folder)))

  it.skipIf(!bin)('on PostgreSQL', async () => {
    const cluster = await startCluster(bin ?? '')
    try {
      await erasedBefore({
        operational: { dialect: 'postgres', connectionString: cluster.create('operational') },
        audit: { dialect: 'postgres', connectionString: cluster.create('audit') },
      })
    } finally {
      cluster.stop()
    }
  })
})
