import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { VerificationJobs } from '../../../server/audit/verification-jobs.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { Databases } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import type { Verdict, VerdictKind } from '../../../shared/audit/verdict.ts'
import { CHAIN, newIntent, newSigner, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'
import { findPostgres, startCluster } from './postgres-cluster.ts'
import type { Cluster } from './postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')

/** Between two announcements; the head is HEAD. */
const N = 30
const HEAD = 124

/** Tampered with in place, found, and put right again: the rows are few, the database is one. */
const ROWS: readonly (readonly [name: string, change: string, back: string, kind: VerdictKind, sequence: number])[] = [
  ['a column', `object_id = 'x'`, `object_id = 'holder-1'`, 'altered', N],
  [
    'the bytes',
    `bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1)`,
    `bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1)`,
    'altered',
    N,
  ],
  [
    'the signature',
    `signature = set_byte(signature, 5, get_byte(signature, 5) # 1)`,
    `signature = set_byte(signature, 5, get_byte(signature, 5) # 1)`,
    'altered',
    N,
  ],
  ['the chain', `chain = 'another'`, `chain = '${CHAIN}'`, 'deleted', N],
  ['the sequence', `sequence = 900`, `sequence = ${N}`, 'reordered', N],
]

describe.skipIf(!bin)('verification on PostgreSQL', () => {
  const signer = newSigner()
  let cluster: Cluster
  let databases: Databases
  let jobs: VerificationJobs

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    const operational = { dialect: 'postgres' as const, connectionString: cluster.create('operational') }
    const audit = { dialect: 'postgres' as const, connectionString: cluster.create('audit') }
    await createOperationalDatabase(operational)
    await createAuditDatabase(audit)
    databases = await openDatabases({ operational, audit })
    await createChain(databases.audit, { chain: CHAIN, signer })
    const sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, epochEntries: 40 })
    await sequencer.start()
    const intents = Array.from({ length: 120 }, () => newIntent())
    await inTransaction(databases.operational.db, async (trx) => {
      for (const intent of intents) await recordIntent(trx, intent)
    })
    await sequencer.settle(intents.map((intent) => intent.id))
    await sequencer.close()
    const trustedKeyIds = () => [keyIdOf(signer.publicKeySpki())]
    jobs = new VerificationJobs({ audit: databases.audit, chain: CHAIN, trustedKeyIds, threads: 2 })
  })
  afterAll(async () => {
    await jobs.close()
    await databases.close()
    cluster.stop()
  })

  const byThreads = async (mode: 'full' | 'quick'): Promise<Verdict | null> => {
    const { id } = await jobs.start({ mode, requestedBy: null })
    return (await jobs.wait(id)).verdict
  }
  const update = (set: string): Promise<unknown> =>
    sql`update entry set ${sql.raw(set)} where ${sql.raw(`intent_id = '${intent}'`)}`.execute(databases.audit.db)
  let intent = ''

  it('passes by threads as it does in order', async () => {
    for (const mode of ['full', 'quick'] as const) {
      const inOrder = await verifyDatabase(databases, signer, mode)
      expect(inOrder).toMatchObject({ ok: true, entries: HEAD })
      expect(await byThreads(mode)).toEqual(inOrder)
    }
  })

  it.each(ROWS)('finds %s changed, by threads as in order', async (_, change, back, kind, sequence) => {
    const row = await databases.audit.db
      .selectFrom('entry')
      .select('intent_id')
      .where('sequence', '=', N)
      .executeTakeFirstOrThrow()
    intent = row.intent_id
    await update(change)
    try {
      for (const mode of ['full', 'quick'] as const) {
        const inOrder = await verifyDatabase(databases, signer, mode)
        expect(inOrder).toMatchObject({ ok: false, kind, sequence })
        expect(await byThreads(mode)).toEqual(inOrder)
      }
    } finally {
      await update(back)
    }
    expect(await verifyDatabase(databases, signer, 'quick')).toMatchObject({ ok: true })
  })

  it('finds the end cut, and a payload of no entry', async () => {
    await sql`update payload set sequence = 5000 where sequence = ${HEAD - 1}`.execute(databases.audit.db)
    expect(await byThreads('full')).toMatchObject({ ok: false, kind: 'payload-mismatch', sequence: HEAD - 1 })
    await sql`delete from entry where sequence = ${HEAD - 1}`.execute(databases.audit.db)
    expect(await byThreads('quick')).toMatchObject({ ok: false, kind: 'truncated', sequence: HEAD - 1 })
  })
})
