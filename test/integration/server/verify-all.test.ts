import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { waitingOf } from '../../../server/db/repositories/audit-runs.ts'
import { newId } from '../../../server/db/index.ts'
import type { TestClient } from '../../fakes/server/client.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** All chains of a database, one after the other, also across restarts. */
let server: TestServer
let carla: TestClient
const CHAINS = ['a.example', 'b.example', 'c.example']

beforeAll(async () => {
  server = await startServer()
  const { databases, signer } = server.running().foundation
  for (const chain of CHAINS) await createChain(databases.audit, { chain, signer })
  carla = await server.signIn('carla')
})
afterAll(() => server.close())

const runs = () => server.running().foundation.databases.audit.db.selectFrom('verification_run').selectAll().execute()
const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}
const passed = async (since: number) => {
  const own = (await runs()).filter((run) => run.started_at >= since && run.state === 'passed')
  return own.map((run) => run.chain).toSorted()
}
const verifyAll = () => carla.call('startVerification', { body: { depth: 'quick', chain: '*' } })
/** A run as a process leaves it that ended with it. */
const leave = async (state: 'running' | 'passed', waiting: readonly string[], chain = server.config.name) => {
  const row = { id: newId('verification'), chain, mode: 'quick' as const, state, requested_by: null }
  const at = { started_at: Date.now(), ended_at: state === 'running' ? null : Date.now(), checked: 0, total: 1 }
  const scope = JSON.stringify({ kind: 'chains', waiting })
  const { db } = server.running().foundation.databases.audit
  await db
    .insertInto('verification_run')
    .values({ ...row, ...at, verdict: null, node: server.config.name, scope, error_code: null })
    .execute()
  return row.id
}

describe('when all chains are verified', () => {
  it('takes one after the other, keeps which wait, and says so while it goes on', async () => {
    const since = Date.now()
    const view = await verifyAll()
    expect(view.waiting).toEqual(CHAINS)
    const [row] = (await runs()).filter(({ id }) => id === view.id)
    expect([CHAINS, []]).toContainEqual(waitingOf(row?.scope ?? null))
    await until(async () => (await passed(since)).length === 4)
    expect(await passed(since)).toEqual([...CHAINS, server.config.name].toSorted())
    const ended = await carla.call('readVerification', { params: { id: view.id } })
    expect([ended.depth, ended.waiting]).toEqual(['quick', []])
    // Nothing waits any more, and none of them looks like a proof of single entries.
    expect((await runs()).map(({ scope }) => scope)).toEqual((await runs()).map(() => null))
  })

  it('does not go on with those behind a run that was cancelled', async () => {
    const since = Date.now()
    const { id } = await verifyAll()
    const cancelled = await carla.call('cancelVerification', { params: { id } })
    // It may have ended before: then what followed is cancelled, and nothing else begins.
    if (cancelled.state !== 'cancelled') return
    await server.restart()
    carla = await server.signIn('carla')
    expect((await runs()).filter((run) => run.started_at >= since)).toHaveLength(1)
  })

  it.each([
    ['in the middle of a run', 'running', ['b.example', 'c.example'], ['b.example', 'c.example', 'own']],
    ['between two runs', 'passed', ['c.example'], ['c.example', 'own']],
  ] as const)('goes on after a restart %s', async (_, state, waiting, verified) => {
    const since = Date.now()
    const id = await leave(state, waiting)
    await server.restart()
    const names = verified.map((one) => (one === 'own' ? server.config.name : one)).toSorted()
    await until(async () => (await passed(since)).length === names.length)
    expect(await passed(since)).toEqual(names)
    const [left] = (await runs()).filter((run) => run.id === id)
    expect([left?.state, left?.scope]).toEqual([state === 'running' ? 'error' : 'passed', null])
    carla = await server.signIn('carla')
    const { items } = await carla.call('listAudit', { query: { objectType: 'audit-verification', correlationId: id } })
    expect(items.map((one) => one.action)).toEqual(items.map(() => 'Verification'))
    expect(items.length).toBeGreaterThan(0)
  })

  it('goes on after the server was closed in between', async () => {
    const since = Date.now()
    await verifyAll()
    await server.restart()
    carla = await server.signIn('carla')
    await until(async () => (await passed(since)).length >= 4)
    expect([...new Set(await passed(since))]).toEqual([...CHAINS, server.config.name].toSorted())
  })
})
