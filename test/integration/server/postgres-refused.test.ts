import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DatabaseAccess } from '../../../server/identity/database-access.ts'
import { OwnChanges } from '../../../server/jobs/own-changes.ts'
import { makeLog } from '../../../server/log/log.ts'
import { compose } from '../../../server/compose.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { findPostgres, startCluster, type Cluster } from '../audit/postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')
const log = makeLog('silent')
const LOOK_MS = 50

/** Logins to the operational database that PostgreSQL refuses: that database cannot keep them. */
describe.skipIf(!bin)('when PostgreSQL refuses the login to the operational database', () => {
  let cluster: Cluster
  let server: TestServer
  let keeper: Client

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    const [operational, audit] = [cluster.create('operational'), cluster.create('audit')]
    keeper = new Client({ connectionString: audit })
    await keeper.connect()
    await keeper.query('create role clerk superuser login')
    server = await startServer({ postgres: { operational: operational.replace('//desk@', '//clerk@'), audit } })
  })
  afterAll(async () => {
    await keeper.end()
    await server.close()
    cluster.stop()
  })

  const refuse = async (): Promise<void> => {
    await keeper.query('alter role clerk nologin')
    await keeper.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clerk'`)
  }
  const allow = () => keeper.query('alter role clerk login')
  const logins = async () => {
    const carla = await server.signIn('carla')
    const { items } = await carla.call('listAccess', { query: { means: 'database', limit: 200 } })
    return items.map(({ event, name, detail, time }) => ({ event, name, detail, time })).toReversed()
  }
  const failures = async () => (await logins()).filter(({ event }) => event === 'failed')
  /** Read past the server, which reads nothing meanwhile. */
  const inChain = async (): Promise<number> => {
    const { rows } = await keeper.query<{ n: string }>(
      `select count(*) as n from entry join word on word.id = entry.action where word.text = 'LoginFailed'`,
    )
    return Number(rows[0]?.n)
  }
  const until = async (body: () => Promise<boolean>): Promise<void> => {
    while (!(await body())) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const passes = async (): Promise<void> => {
    const carla = await server.signIn('carla')
    const { id } = await carla.call('startVerification', { body: { depth: 'full' } })
    await until(async () => (await carla.call('readVerification', { params: { id } })).state !== 'running')
    expect((await carla.call('readVerification', { params: { id } })).state).toBe('passed')
  }

  it('is an entry of administrators’ access while the server runs, once, and so is that it came back', async () => {
    const { databases, sequencer } = server.running().foundation
    const own = new OwnChanges({ db: databases.operational.db, sequencer, tenant: server.setup.tenant.id, log })
    const access = new DatabaseAccess(own, server.config, log)
    await access.begin()
    access.watch(databases.operational, sequencer, LOOK_MS)
    const from = Date.now()
    const before = await logins()
    await refuse()
    await until(async () => (await inChain()) > before.filter(({ event }) => event === 'failed').length)
    const refusedUntil = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 5 * LOOK_MS))
    await allow()
    await until(async () => (await logins()).length >= before.length + 2)
    await access.end()
    const added = (await logins()).slice(before.length, before.length + 2)
    expect(added.map(({ event, name, detail }) => [event, name, detail])).toEqual([
      ['failed', 'clerk', 'DATABASE_UNAVAILABLE'],
      ['sign-in', 'clerk', 'operational'],
    ])
    expect(added[0]?.time).toBeGreaterThanOrEqual(from)
    expect(added[0]?.time).toBeLessThanOrEqual(refusedUntil)
    await passes()
  })

  it('is one when it is back, at the time of the refusal, where the chain took nothing meanwhile', async () => {
    const { databases, sequencer } = server.running().foundation
    const own = new OwnChanges({ db: databases.operational.db, sequencer, tenant: server.setup.tenant.id, log })
    const access = new DatabaseAccess(own, server.config, log)
    await access.begin()
    let tried = 0
    const append = () => {
      tried += 1
      return Promise.reject(new Error('the chain takes nothing'))
    }
    const settle = (...of: Parameters<typeof sequencer.settle>) => sequencer.settle(...of)
    access.watch(databases.operational, { append, settle }, LOOK_MS)
    const before = await failures()
    await refuse()
    await until(() => Promise.resolve(tried > 0))
    const refusedUntil = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await allow()
    await until(async () => (await failures()).length > before.length)
    await access.end()
    const after = await failures()
    expect(after).toHaveLength(before.length + 1)
    expect(after.at(-1)?.time).toBeLessThanOrEqual(refusedUntil)
    expect(tried).toBe(1)
    await passes()
  })

  it('is one at once where the server could not start of it', async () => {
    const before = await inChain()
    await server.whileStopped(async () => {
      await refuse()
      for (const times of [1, 2]) {
        const refused = compose(server.config, log, { checkAnswers: true, insecure: true })
        await expect(refused).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
        expect(await inChain()).toBe(before + times)
      }
      await allow()
    })
    expect((await failures()).at(-1)).toMatchObject({ name: 'clerk', detail: 'DATABASE_UNAVAILABLE' })
    await passes()
  })
})
