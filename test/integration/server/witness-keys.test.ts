import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeskWatch } from '../../../server/alarms/desk-watch.ts'
import { keepCosignature, unbindWitness } from '../../../server/db/repositories/audit-witnesses.ts'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import { deskWitness } from '../../fakes/server/desk-witness.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** Keys of desks that are set up anew, and desks that all stay away. */
let server: TestServer
let anna: TestClient
let carla: TestClient
let dario: TestClient
let station: string

beforeAll(async () => {
  server = await startServer()
  ;[anna, carla, dario] = (await Promise.all(['anna', 'carla', 'dario'].map((one) => server.signIn(one)))) as [
    TestClient,
    TestClient,
    TestClient,
  ]
  station = server.stations.milan.id
  const holder = await anna.call('createHolder', { body: HOLDER })
  const { items } = await carla.call('listAudit', { query: { objectType: 'holder', objectId: holder.id } })
  // The proof of an entry without a checkpoint makes one.
  await carla.call('proveInclusion', { params: { chain: server.config.name, sequence: items[0]?.sequence ?? 0 } })
})
afterAll(() => server.close())

const audit = () => server.running().foundation.databases.audit.db
const newDesk = () => {
  const witness = deskWitness(station)
  const cosign = async () => {
    const [view] = (await anna.call('listCheckpoints', {})).items
    if (!view) throw new Error('no checkpoint')
    return anna.call('cosignCheckpoint', { params: { chain: server.config.name }, body: witness.cosign(view) })
  }
  return { vkey: witness.vkey, cosign }
}
const release = (vkey: string, of = station, by = dario) =>
  by.call('releaseWitnessKey', { params: { station: of }, body: { vkey, reason: 'the desk was set up anew' } })
const keyEntries = async () => {
  const { items } = await carla.call('listAudit', { query: { objectType: 'audit-witness', objectId: station } })
  return items.map((one) => one.action).toReversed()
}
const keyAlarms = async () => (await dario.call('listAlarms', { query: {} })).items.map((one) => one.key)

describe('when a desk was set up anew', () => {
  const [first, second, third] = [0, 1, 2].map(() => newDesk) as [typeof newDesk, typeof newDesk, typeof newDesk]

  it('may bind another key once an administrator released the one before, and no other again', async () => {
    const [old, fresh, stranger] = [first(), second(), third()]
    await old.cosign()
    expect((await refusal(fresh.cosign())).code).toBe('AUDIT_WITNESS_KEY_CHANGED')
    expect(await keyAlarms()).toContain(`${server.config.name} station/${station} key`)
    const rows: readonly (readonly [Promise<unknown>, string])[] = [
      [release(fresh.vkey), 'REQUEST_CONFLICT'],
      [release(old.vkey, server.stations.naples.id), 'NOT_FOUND'],
      [release(old.vkey, station, carla), 'ACCESS_DENIED'],
      [release(old.vkey, station, anna), 'ACCESS_DENIED'],
    ]
    for (const [call, code] of rows) expect((await refusal(call)).code).toBe(code)
    expect(await release(old.vkey)).toEqual({ done: true })
    expect(await keyAlarms()).not.toContain(`${server.config.name} station/${station} key`)
    expect((await refusal(release(old.vkey))).code).toBe('NOT_FOUND')
    await fresh.cosign()
    for (const one of [old, stranger]) expect((await refusal(one.cosign())).code).toBe('AUDIT_WITNESS_KEY_CHANGED')
    expect((await keyEntries()).filter((action) => action !== 'AccessDenied')).toEqual([
      'Insertion',
      'Deletion',
      'Insertion',
    ])
    const query = { objectType: 'audit-witness', action: 'Deletion' }
    const [told] = (await carla.call('listAudit', { query })).items
    const params = { chain: server.config.name, sequence: told?.sequence ?? 0 }
    expect(await carla.call('readAudit', { params })).toMatchObject({
      operatorId: server.setup.operators['dario']?.id,
      before: { vkey: old.vkey, stationName: 'Milan desk' },
      reason: 'the desk was set up anew',
    })

    // What the chain says counts: with the row gone, and with the released key's row still there.
    await unbindWitness(audit(), `station/${station}`, fresh.vkey)
    expect((await refusal(stranger.cosign())).code).toBe('AUDIT_WITNESS_KEY_CHANGED')
    await fresh.cosign()
    await audit().updateTable('witness').set({ vkey: old.vkey }).where('station', '=', station).execute()
    await fresh.cosign()
    expect((await refusal(old.cosign())).code).toBe('AUDIT_WITNESS_KEY_CHANGED')

    await release(fresh.vkey)
    await stranger.cosign()
    expect((await refusal(fresh.cosign())).code).toBe('AUDIT_WITNESS_KEY_CHANGED')
  })
})

describe('when no desk cosigns', () => {
  const HOUR = 3_600_000
  const START = Date.UTC(2026, 0, 5, 8)
  const CHAIN = 'w.example'
  let now = START
  let raised: (readonly [string, object])[] = []
  let cleared: string[] = []
  let watch: DeskWatch

  beforeAll(() => {
    const {
      operational,
      audit: { db },
    } = server.running().foundation.databases
    const alarms = {
      raise: ({ key, detail }: { key: string; detail: object }) => Promise.resolve(void raised.push([key, detail])),
      clear: (_kind: string, key: string) => Promise.resolve(void cleared.push(key)),
    }
    const deps = { db: operational.db, audit: db, tenant: server.setup.tenant.id, staleMs: 24 * HOUR }
    watch = new DeskWatch({ ...deps, alarms, now: () => now })
  })
  const seal = (size: number, at: number) =>
    audit()
      .insertInto('checkpoint')
      .values({ chain: CHAIN, size, root: new Uint8Array(32), note: 'x', created_at: at, previous_size: size - 10 })
      .execute()
  const cosign = (size: number, receivedAt: number) =>
    keepCosignature(audit(), { chain: CHAIN, witness: `station/${station}`, size, line: 'x', signedAt: 0, receivedAt })
  const look = async (at: number) => {
    now = at
    ;[raised, cleared] = [[], []]
    await watch.look()
    const key = `${CHAIN} desks`
    return { raised: raised.filter(([of]) => of === key).map(([, detail]) => detail), cleared: cleared.includes(key) }
  }
  const setStation = (status: 'active' | 'suspended') => {
    const { db } = server.running().foundation.databases.operational
    return db.updateTable('station').set({ status }).where('id', '=', station).execute()
  }

  it('is an alarm when one did before and the chain grew a day ago: neither when new, nor when quiet', async () => {
    await seal(10, START)
    expect(await look(START + 90 * 24 * HOUR)).toEqual({ raised: [], cleared: true })
    await cosign(10, START + HOUR)
    expect(await look(START + 90 * 24 * HOUR)).toEqual({ raised: [], cleared: true })
    // Monday morning: what is new is new since then.
    const monday = START + 100 * 24 * HOUR
    await seal(20, monday)
    await seal(30, monday + 20 * HOUR)
    expect(await look(monday + 23 * HOUR)).toEqual({ raised: [], cleared: false })
    expect(await look(monday + 25 * HOUR)).toEqual({
      raised: [{ chain: CHAIN, witness: 'desks', reason: 'none-cosigned', desks: 1, size: 10, hours: 25 }],
      cleared: false,
    })
    expect(await look(monday + 25 * HOUR + 60_000)).toEqual({ raised: [], cleared: false })
    expect((await look(monday + 27 * HOUR)).raised).toHaveLength(1)
    // One that lags behind looks at the chain all the same.
    await cosign(20, monday + 28 * HOUR)
    expect((await look(monday + 50 * HOUR)).raised).toEqual([])
    expect((await look(monday + 53 * HOUR)).raised).toHaveLength(1)
    await setStation('suspended')
    expect(await look(monday + 60 * HOUR)).toEqual({ raised: [], cleared: true })
    await setStation('active')
    await cosign(30, monday + 61 * HOUR)
    expect(await look(monday + 90 * HOUR)).toEqual({ raised: [], cleared: true })
  })
})
