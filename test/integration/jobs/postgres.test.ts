import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Alarms } from '../../../server/alarms/alarms.ts'
import { Cleaner } from '../../../server/audit/cleaning.ts'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { planCleaning } from '../../../server/audit/cleaning-plan.ts'
import { Eraser } from '../../../server/audit/erasure.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { DEFAULT_RETENTION } from '../../../server/audit/retention-classes.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { claimJob } from '../../../server/db/repositories/jobs.ts'
import {
  createAuditDatabase,
  createOperationalDatabase,
  openAuditReader,
  openDatabases,
} from '../../../server/db/open.ts'
import type { Databases } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { OwnChanges } from '../../../server/jobs/own-changes.ts'
import { JobQueue } from '../../../server/jobs/queue.ts'
import { Scheduler } from '../../../server/jobs/scheduler.ts'
import { makeLog } from '../../../server/log/log.ts'
import { MailJobs } from '../../../server/mail/mail-jobs.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { CHAIN, newIntent, newSigner, verifyDatabase } from '../../unit/server/audit/chain-bench.ts'
import { addTenant, newClock, TENANT } from '../../unit/server/jobs/jobs-bench.ts'
import { findPostgres, startCluster } from '../audit/postgres-cluster.ts'
import type { Cluster } from '../audit/postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')
const YEAR_MS = 366 * 86_400_000

describe.skipIf(!bin)('on PostgreSQL', () => {
  const signer = newSigner()
  const clock = newClock(Date.now() + 5 * YEAR_MS)
  let cluster: Cluster
  let databases: Databases
  let auditUrl: string
  let sequencer: Sequencer
  let own: OwnChanges

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    auditUrl = cluster.create('audit')
    const config = {
      operational: { dialect: 'postgres' as const, connectionString: cluster.create('operational') },
      audit: { dialect: 'postgres' as const, connectionString: auditUrl },
    }
    await createOperationalDatabase(config.operational)
    await createAuditDatabase(config.audit)
    databases = await openDatabases(config)
    await addTenant(databases.operational.db)
    await createChain(databases.audit, { chain: CHAIN, signer })
    sequencer = new Sequencer({ ...databases, chain: CHAIN, mode: 'epoch', signer, epochEntries: 100, retryMs: 20 })
    await sequencer.start()
    const log = makeLog('silent')
    own = new OwnChanges({ db: databases.operational.db, sequencer, tenant: TENANT, log, now: clock.now })
  })
  afterAll(async () => {
    await sequencer.close()
    await databases.close()
    cluster.stop()
  })

  const queue = new JobQueue(TENANT, () => 3)
  const claim = (owner: string) =>
    claimJob(databases.operational, {
      kinds: ['mail'],
      exclusive: [],
      node: 'n',
      owner,
      now: clock.now(),
      leaseMs: 60_000,
    })

  it('many nodes take each job once', async () => {
    await own.run('test', async (trx, tell) => {
      for (let n = 0; n < 30; n += 1) await queue.add(trx, tell, { kind: 'mail', body: { n } }, clock.now())
    })
    const nodes = Array.from({ length: 8 }, async (_, n) => {
      const taken: string[] = []
      for (let turn = 0; turn < 30; turn += 1) {
        const one = await claim(`node-${n}`)
        if (one) taken.push(one.job.id)
      }
      return taken
    })
    const all = (await Promise.all(nodes)).flat()
    expect(new Set(all).size).toBe(all.length)
    for (let last = await claim('late'); last; last = await claim('late')) all.push(last.job.id)
    expect(all).toHaveLength(30)
    clock.forward(60_001)
    expect((await claim('after-death'))?.lost).toBe(1)
  })

  it('a schedule fires once, whichever node looks first; an alarm raised at once is one', async () => {
    const { db } = databases.operational
    const newScheduler = () => new Scheduler({ db, own, queue, chains: () => Promise.resolve([CHAIN]) })
    await newScheduler().ensure()
    clock.forward(2 * 86_400_000)
    await Promise.all(Array.from({ length: 6 }, () => newScheduler().tick()))
    const made = await db.selectFrom('job').selectAll().where('schedule', '=', 'audit-verification').execute()
    expect(made).toHaveLength(1)
    const mails = new MailJobs({ db, tenant: TENANT, send: null, queue })
    const alarms = new Alarms({ own, queue, mails, log: makeLog('silent'), server: { name: 'x', url: 'https://x' } })
    const alarm = { kind: 'witness-stale' as const, key: 'w', severity: 'warning' as const, detail: {} }
    await Promise.all(Array.from({ length: 2 }, () => alarms.raise(alarm)))
    expect(await db.selectFrom('alarm').select('id').where('cleared_at', 'is', null).execute()).toHaveLength(1)
  })

  it('the server’s role may not delete or erase; the maintenance connection may, and the chain verifies', async () => {
    const { db } = databases.operational
    const object = { type: 'route', id: 'someone' }
    const intents = Array.from({ length: 400 }, (_, n) =>
      newIntent(n > 350 && n < 360 ? { object } : { object: { type: 'route', id: `r-${n}` } }),
    )
    await inTransaction(db, async (trx) => {
      for (const intent of intents) await recordIntent(trx, intent)
    })
    await sequencer.settle(intents.map((intent) => intent.id))
    await sql`create role app login`.execute(databases.audit.db)
    await sql`grant select, insert on all tables in schema public to app`.execute(databases.audit.db)
    const app = await openAuditReader({ dialect: 'postgres', connectionString: auditUrl.replace('desk@', 'app@') })
    const owner = await openAuditReader({ dialect: 'postgres', connectionString: auditUrl })
    const deps = { audit: app, chain: CHAIN, own }
    const trustedKeyIds = () => [keyIdOf(signer.publicKeySpki())]
    const cleaner = (maintenance: typeof owner | null) =>
      new Cleaner({ ...deps, maintenance, signer: () => signer, trustedKeyIds, step: 100 })
    const order = { cut: 256, by: null, rule: 'window' }
    await expect(cleaner(null).run(order)).rejects.toMatchObject({ code: 'AUDIT_MAINTENANCE_MISSING' })
    await expect(cleaner(app).run(order)).rejects.toBeDefined()
    expect(await verifyDatabase(databases, signer, 'full')).toMatchObject({ ok: true })
    clock.forward(5 * YEAR_MS)
    const settings = { ...DEFAULT_RETENTION, windowMonths: 12 }
    const plan = await planCleaning({ audit: app, operational: db, chain: CHAIN, settings, now: clock.now() })
    expect(plan).toMatchObject({ verdict: 'ready', cut: 256, entries: 256 })
    await cleaner(owner).run(order)
    expect(await verifyDatabase(databases, signer, 'full')).toMatchObject({ ok: true })
    const { operational } = databases
    const eraser = new Eraser({ ...deps, maintenance: owner, operational, settings: () => Promise.resolve(settings) })
    const erased = await eraser.eraseObject(object, { id: 'erasure_1', by: 'operator-1', rule: 'object-deleted' })
    expect(erased.entries).toBe(9)
    for (const mode of ['full', 'quick'] as const)
      expect(await verifyDatabase(databases, signer, mode)).toMatchObject({ ok: true, payloadsErased: 9 })
    await app.close()
    await owner.close()
  })
})
