import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal, type Refused, type TestClient } from '../../fakes/server/client.ts'
import {
  approvedEnrolment,
  blankCard,
  HOLDER,
  makeWorker,
  personalise,
  startEnrolment,
} from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { findPostgres, startCluster, type Cluster } from '../audit/postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')

/** The main job on PostgreSQL, where transactions really run at once. */
describe.skipIf(!bin)('when the server stands on PostgreSQL', () => {
  let cluster: Cluster
  let server: TestServer
  let anna: TestClient
  let carla: TestClient
  let officer: SoftCard

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    const postgres = { operational: cluster.create('operational'), audit: cluster.create('audit') }
    server = await startServer({ postgres, maintenance: postgres.audit })
    ;[anna, carla] = (await Promise.all(['anna', 'carla'].map((one) => server.signIn(one)))) as [TestClient, TestClient]
    officer = server.cards['anna'] as SoftCard
  })
  afterAll(async () => {
    await server.close()
    cluster.stop()
  })

  const verified = async (): Promise<unknown> => {
    const { id } = await carla.call('startVerification', { body: { depth: 'full' } })
    for (;;) {
      const view = await carla.call('readVerification', { params: { id } })
      if (view.state !== 'running') return { state: view.state, faults: view.faults }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  it('keeps each of its logins, the maintenance connection included', async () => {
    const { items } = await carla.call('listAccess', { query: { means: 'database', limit: 200 } })
    const seen = items.map((one) => `${one.event} ${one.detail}`)
    expect(seen.toSorted()).toEqual(['sign-in audit', 'sign-in maintenance', 'sign-in operational'])
  })

  it('enrols, personalises, hands over, unblocks and revokes', async () => {
    const bruno = await server.signIn('bruno')
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    const issued = await personalise(anna, id, card)
    expect(issued.state).toBe('issued')
    const handed = await anna.call('handOver', { params: { id }, body: { cardSerial: card.serial } })
    expect(handed.state).toBe('handed-over')
    const params = { serial: card.serial }
    const checks = ['birth-date' as const, 'card-in-hand' as const]
    const body = { workerKey: makeWorker().key, checks, reason: 'forgotten' }
    const unblock = await bruno.call('startUnblock', { params, body })
    const ended = { params: { ...params, id: unblock.id }, body: { outcome: 'done' as const, code: null } }
    expect(await bruno.call('finishUnblock', ended)).toEqual({ done: true })
    const serial = issued.certificates[0]?.serial ?? ''
    const revoked = await anna.call('revokeCertificate', {
      params: { serial },
      body: { reason: 'superseded', note: 'x' },
    })
    expect(revoked.state).toBe('revoked')
  })

  it('lets one of many who saw the same version change it, and tells the others', async () => {
    const { id, etag } = await anna.call('createHolder', { body: HOLDER })
    const tries = Array.from({ length: 12 }, (_none, at) =>
      anna.call('updateHolder', { params: { id }, body: { ...HOLDER, givenNames: `G${at}` } }, { ifMatch: etag }),
    )
    const ended = await Promise.allSettled(tries)
    expect(ended.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    const refused = ended.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Refused).code] : []))
    expect(new Set([...refused, 'REQUEST_CONFLICT', 'REQUEST_PRECONDITION_FAILED']).size).toBe(2)
    const { items } = await carla.call('listAudit', { query: { objectType: 'holder', objectId: id } })
    expect(items.map((one) => one.action)).toEqual(['Modification', 'Insertion'])
    expect((await anna.call('readHolder', { params: { id } })).etag).toBe('"2"')
  })

  it('makes one thing of the same call made many times at once', async () => {
    const { enrolment } = await startEnrolment(anna)
    const cancel = () => anna.call('cancelEnrolment', { params: { id: enrolment.id }, body: { reason: 'x' } })
    const ended = await Promise.allSettled([cancel(), cancel(), cancel(), cancel()])
    expect(ended.some((one) => one.status === 'fulfilled')).toBe(true)
    const { items } = await carla.call('listAudit', { query: { objectType: 'enrolment', objectId: enrolment.id } })
    expect(items.map((one) => one.action)).toEqual(['Modification', 'Insertion'])
    const idempotencyKey = '01234567-89ab-cdef-0123-456789abcdef'
    const create = () => anna.call('createHolder', { body: HOLDER }, { idempotencyKey })
    const made = await Promise.all([create(), create(), create()])
    expect(new Set(made.map((one) => one.id)).size).toBe(1)
  })

  it('is looked at: filters, words, following, saved filters, chains, access', async () => {
    const start = await carla.call('followAudit', { query: {} })
    const holder = await anna.call('createHolder', { body: { ...HOLDER, familyName: 'Zuccarello' } })
    const next = await carla.call('followAudit', { query: { after: start.cursor } })
    expect(next.items.map((one) => one.objectId)).toEqual([holder.id])
    const query = { action: ['Insertion', 'Modification'].join(','), objectType: 'holder', objectId: holder.id }
    expect((await carla.call('listAudit', { query })).items).toHaveLength(1)
    const filter = await carla.call('createAuditFilter', { body: { name: 'One', search: { text: 'zucc*' } } })
    expect((await carla.call('listAuditFilters', {})).items).toEqual([filter])
    expect((await carla.call('listChains', {})).items).toMatchObject([{ own: true, state: 'running', cut: null }])
    const access = await carla.call('listAccess', { query: { means: 'database' } })
    expect(access.items.map((one) => [one.name, one.event])).toContainEqual(['desk', 'sign-in'])
    expect((await refusal(anna.call('listAccess', { query: {} }))).code).toBe('ACCESS_DENIED')
  })

  it('verifies, and goes on after a restart', async () => {
    expect(await verified()).toEqual({ state: 'passed', faults: [] })
    await server.restart()
    const { id } = await anna.call('createHolder', { body: HOLDER })
    expect((await anna.call('readHolder', { params: { id } })).id).toBe(id)
    expect(await verified()).toEqual({ state: 'passed', faults: [] })
  })
})
