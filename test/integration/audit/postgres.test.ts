import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { AuditTrail } from '../../../server/audit/trail.ts'
import { VerificationJobs } from '../../../server/audit/verification-jobs.ts'
import { createAuditDatabase, createOperationalDatabase, openDatabases } from '../../../server/db/open.ts'
import type { Databases, DatabasesConfig } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { CHAIN, newIntent, newSigner, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'
import { findPostgres, startCluster } from './postgres-cluster.ts'
import type { Cluster } from './postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')

describe.skipIf(!bin)('on PostgreSQL', () => {
  const signer = newSigner()
  let cluster: Cluster
  let config: DatabasesConfig
  let databases: Databases
  let sequencer: Sequencer

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    config = {
      operational: { dialect: 'postgres', connectionString: cluster.create('operational') },
      audit: { dialect: 'postgres', connectionString: cluster.create('audit') },
    }
    await expect(openDatabases(config)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await createOperationalDatabase(config.operational)
    await createAuditDatabase(config.audit)
    await expect(createAuditDatabase(config.audit)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    databases = await openDatabases(config)
    await createChain(databases.audit, { chain: CHAIN, signer })
    sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, epochEntries: 50, retryMs: 20 })
    await sequencer.start()
  })
  afterAll(async () => {
    await sequencer.close()
    await databases.close()
    cluster.stop()
  })

  const write = async (more: Parameters<typeof newIntent>[0] = {}): Promise<string> => {
    const intent = newIntent(more)
    await inTransaction(databases.operational.db, (trx) => recordIntent(trx, intent))
    await sequencer.settle([intent.id])
    return intent.id
  }
  const count = async (): Promise<number> => {
    const rows = await databases.audit.db
      .selectFrom('entry')
      .select('id')
      .where('object_type', '=', (eb) => eb.selectFrom('word').select('id').where('text', '=', 'holder'))
      .execute()
    return rows.length
  }

  it('64 writers never fork the chain', async () => {
    await Promise.all(Array.from({ length: 64 }, () => write().then(() => write())))
    expect(await count()).toBe(128)
    expect(await verifyDatabase(databases, signer, 'full')).toMatchObject({ ok: true })
    expect(await verifyDatabase(databases, signer, 'quick')).toMatchObject({ ok: true })
  })

  it('lists, pages and searches as on SQLite', async () => {
    await write({ correlationId: 'special', after: { familyName: "D'Àvila Núñez" }, reason: 'lost "in" the lake' })
    const trail = new AuditTrail(databases.audit, () => Promise.resolve(new Map()))
    for (const text of ['NUNEZ', 'nun*', "d'avila", '"in the lake"', 'lake lost']) {
      const { items } = await trail.list({ text }, {})
      expect(items.map((row) => row.correlationId)).toEqual(['special'])
    }
    for (const text of ['"lake the in"', ") | ! & '' :* <->", 'zzz']) {
      expect((await trail.list({ text }, {})).items).toEqual([])
    }
    const first = await trail.list({ objectType: 'holder' }, { limit: 100 })
    const second = await trail.list({ objectType: 'holder' }, { limit: 100, cursor: first.next })
    expect(first.items.length + second.items.length).toBe(129)
    const whole = await trail.trail({ objectType: 'holder', objectId: 'holder-1' }, { limit: 200 })
    expect(whole.items).toHaveLength(129)
    expect(whole.items.every((row, place, all) => place === 0 || row.sequence > (all[place - 1]?.sequence ?? 0))).toBe(
      true,
    )
  })

  it('verifies in the worker over one snapshot', async () => {
    const trustedKeyIds = () => [keyIdOf(signer.publicKeySpki())]
    const jobs = new VerificationJobs({ audit: databases.audit, chain: CHAIN, trustedKeyIds })
    const run = await jobs.start({ mode: 'full', requestedBy: null })
    expect(await jobs.wait(run.id)).toMatchObject({ state: 'passed' })
  })

  it('refuses the database inside its own transaction, a unique key taken, and bigint comes as number', async () => {
    const { db } = databases.operational
    await expect(inTransaction(db, async () => db.selectFrom('tenant').selectAll().execute())).rejects.toMatchObject({
      code: 'INTERNAL',
      detail: { reason: 'db-used-inside-transaction' },
    })
    const tenant = {
      id: 'tenant-1',
      name: 'One',
      status: 'active' as const,
      created_at: 1_700_000_000_123,
      updated_at: 5,
    }
    await db.insertInto('tenant').values(tenant).execute()
    await expect(db.insertInto('tenant').values(tenant).execute()).rejects.toMatchObject({ code: 'REQUEST_CONFLICT' })
    const found = await db.selectFrom('tenant').selectAll().executeTakeFirstOrThrow()
    expect(found).toMatchObject({ created_at: 1_700_000_000_123, version: 1 })
  })

  it('does not write over a last entry that is altered', async () => {
    const { db } = databases.audit
    const options = { chain: 'node-end', mode: 'epoch', signer, retryMs: 20 } as const
    await createChain(databases.audit, { chain: 'node-end', signer })
    const first = new Sequencer({ ...databases, ...options })
    await first.start()
    await first.append([newIntent()])
    await first.close()
    const last = db.selectFrom('entry').select('id').where('chain', '=', 'node-end').orderBy('id', 'desc').limit(1)
    const { id } = await last.executeTakeFirstOrThrow()
    const { signature } = await db
      .selectFrom('entry')
      .select('signature')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const sign = (bytes: Uint8Array) => db.updateTable('entry').set({ signature: bytes }).where('id', '=', id).execute()
    await sign(new Uint8Array(64))
    const second = new Sequencer({ ...databases, ...options })
    await second.start()
    expect(second.state()).toMatchObject({ state: 'stopped', reason: 'CHAIN_CONFLICT' })
    await sign(signature)
    await expect.poll(() => second.state().state, { timeout: 10_000 }).toBe('running')
    await second.append([newIntent()])
    await second.close()
  })

  it('comes back after the server crashed, with change and entry together', async () => {
    const before = await count()
    cluster.restart()
    const intent = newIntent()
    await expect
      .poll(
        () =>
          inTransaction(databases.operational.db, (trx) => recordIntent(trx, intent)).then(
            () => 'recorded',
            (error: { code?: string }) => error.code,
          ),
        { timeout: 20_000 },
      )
      .toMatch(/recorded|REQUEST_CONFLICT/)
    await expect
      .poll(
        () =>
          sequencer.settle([intent.id]).then(
            () => 'settled',
            () => 'waiting',
          ),
        { timeout: 20_000 },
      )
      .toBe('settled')
    expect(await count()).toBe(before + 1)
    expect(await verifyDatabase(databases, signer, 'full')).toMatchObject({ ok: true })
  })
})
