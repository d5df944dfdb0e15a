import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AuditTrail } from '../../../server/audit/index.ts'
import { drainLeft } from '../../../server/audit/left-intents.ts'
import { makeLog } from '../../../server/log/log.ts'
import { COMMANDS, runCommand } from '../../../server/shell/commands.ts'
import type { CommandValues } from '../../../server/shell/command.ts'
import { reading } from '../../../server/shell/ground.ts'
import { HTTP, type HttpName, type HttpRoute } from '../../../shared/contract/index.ts'
import { JobKind } from '../../../shared/contract/routes/jobs.ts'
import type { TestClient } from '../../fakes/server/client.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import {
  auditScenarios,
  exportsScenarios,
  operationsScenarios,
  registrationScenarios,
  type Clients,
  type Scenario,
} from './recorded/scenarios.ts'
import { changesBetween, entriesAfter, expectRecorded, takeSnapshot } from './recorded/tables.ts'

/** Routes that change nothing that lasts, and routes whose one good call is made in another test, which is named. */
const WITHOUT: Partial<Record<HttpName, string>> = {
  createChallenge: 'lives a minute, in memory',
  createConsoleRequest: 'lives five minutes, in memory',
  cosignCheckpoint:
    'a cosignature is evidence of its own; stored beside the checkpoint, not in the operational database',
  startCleaning: 'needs entries older than a year: the tests of retention',
  sendTestMail: 'needs a mail server: the tests of jobs',
  estimateExport: 'counts',
  prepareSecondSignature: 'lives ten minutes, in memory',
}
/** May find nothing left to do. */
const MAY_BE_NOTHING: readonly HttpName[] = ['cancelVerification']

let server: TestServer
let clients: Clients
let scenarios: Partial<Record<HttpName, Scenario>>

beforeAll(async () => {
  server = await startServer()
  const signedIn = await Promise.all(['anna', 'bruno', 'carla', 'dario'].map((one) => server.signIn(one)))
  const [anna, bruno, carla, dario] = signedIn as [TestClient, TestClient, TestClient, TestClient]
  clients = { anna, bruno, carla, dario }
  scenarios = {
    ...registrationScenarios(server, clients),
    ...auditScenarios(server, clients),
    ...operationsScenarios(server, clients),
    ...exportsScenarios(server, clients),
  }
})
afterAll(() => server.close())

const trailOf = (): AuditTrail =>
  new AuditTrail(server.running().foundation.databases.audit, () => Promise.resolve(new Map()))
const head = (): number => server.running().foundation.sequencer.state().head
const tenant = (): string => server.setup.tenant.id

/** What a call changed, and what the chain says of it. */
const watch = async (call: () => Promise<unknown>) => {
  const { databases, sequencer } = server.running().foundation
  const from = head()
  const before = await takeSnapshot(databases)
  await call()
  const after = await takeSnapshot(databases)
  // What the server did by itself meanwhile is asked for, not waited for.
  await drainLeft(databases.operational.db, sequencer)
  const entries = await entriesAfter(trailOf(), { tenant: tenant(), chain: server.config.name, after: from })
  return { changes: changesBetween(before, after), entries }
}

const changing = (Object.entries(HTTP) as [HttpName, HttpRoute][])
  .filter(([, { method }]) => method !== 'GET')
  .map(([name]) => name)
  .filter((name) => !(name in WITHOUT))

describe('when a route changes something', () => {
  it('has a scenario here, or a reason why not', () => {
    expect(changing.filter((name) => !scenarios[name])).toEqual([])
  })

  it.each(changing)('leaves an entry of every entity changed: %s', async (name) => {
    const call = await (scenarios[name] as Scenario)()
    const { changes, entries } = await watch(call)
    expectRecorded(changes, entries)
    if (!MAY_BE_NOTHING.includes(name)) expect(entries.length).toBeGreaterThan(0)
  })

  it('says who, as what, where from, what of, and why', async () => {
    const { id } = await clients.anna.call('createEnrolment', {
      body: { holder: (await clients.anna.call('createHolder', { body: HOLDER })).id },
    })
    const requestId = randomUUID()
    const cancel = { params: { id }, body: { reason: 'came by mistake' } }
    const { entries } = await watch(() => clients.anna.call('cancelEnrolment', cancel, { requestId }))
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({
      action: 'Modification',
      operatorId: server.setup.operators['anna']?.id,
      role: 'RO',
      office: server.setup.offices['milan'],
      station: server.stations.milan.id,
      objectType: 'enrolment',
      objectId: id,
      objectName: "Giulia Maria D'Àngelo",
      before: { state: 'draft' },
      after: { state: 'cancelled' },
      changed: ['state'],
      reason: 'came by mistake',
      correlationId: requestId,
    })
  })
})

describe('when a route only reads', () => {
  const params = () => ({
    id: 'x_00000000',
    serial: 'AA',
    chain: server.config.name,
    sequence: '1',
    objectType: 'holder',
    objectId: 'x',
    year: '2026',
    code: 'BCDF-GHJK',
    name: 'audit-cleaning',
  })
  const readers = (Object.entries(HTTP) as [HttpName, HttpRoute][]).filter(([, { method }]) => method === 'GET')

  it.each(readers.map(([name]) => name))('changes nothing, whoever asks: %s', async (name) => {
    const { path, method } = HTTP[name]
    const filled = path.replace(/:([A-Za-z]+)/g, (_all, part: string) => params()[part as 'id'] ?? 'x')
    const { changes } = await watch(async () => {
      for (const client of Object.values(clients)) await client.send(method, filled, null)
    })
    expect(changes.filter((change) => change.table !== 'job' && change.table !== 'alarm')).toEqual([])
  })
})

describe('when settings are read', () => {
  const SETTINGS = [
    ['readRetention', 'audit-retention'],
    ['readMailSettings', 'mail-settings'],
    ['listSchedules', 'schedule'],
    ['listOperators', 'operator'],
    ['listStations', 'station'],
  ] as const

  it.each(SETTINGS)('keeps that an administrator did, once in a session: %s', async (name, objectType) => {
    const dario = await server.signIn('dario')
    const { changes, entries } = await watch(async () => {
      const read = () => dario.send('GET', HTTP[name].path, null)
      await Promise.all([read(), read()])
      await read()
    })
    expect(changes.filter(({ table }) => table !== 'session')).toEqual([])
    expect(entries.filter(({ action }) => action === 'ConfigurationRead')).toMatchObject([
      {
        objectType,
        operatorId: server.setup.operators['dario']?.id,
        role: 'SA',
        station: server.stations.milan.id,
        before: null,
      },
    ])
  })

  it.each(['readRetention', 'listSchedules'] as const)('keeps nothing of an auditor’s look: %s', async (name) => {
    const { entries } = await watch(() => clients.carla.call(name, {}))
    expect(entries.filter(({ action }) => action === 'ConfigurationRead')).toEqual([])
  })
})

describe('when a proof is given', () => {
  it('keeps that it left, once in a session', async () => {
    const params = { chain: server.config.name, sequence: 1 }
    const carla = await server.signIn('carla')
    const { entries } = await watch(async () => {
      await carla.call('proveInclusion', { params })
      await carla.call('proveInclusion', { params })
    })
    expect(entries.filter(({ action }) => action === 'Export')).toMatchObject([
      {
        objectType: 'audit-payload',
        objectId: `${server.config.name}/1`,
        operatorId: server.setup.operators['carla']?.id,
        after: { form: 'tlog-proof', sequence: 1 },
      },
    ])
  })
})

describe('when sign-ins fail and access is refused', () => {
  it('records both, with who and why', async () => {
    const refused = await watch(() => clients.bruno.call('createHolder', { body: HOLDER }).catch(() => null))
    expect(refused.entries).toMatchObject([
      { action: 'AccessDenied', operatorId: server.setup.operators['bruno']?.id, objectId: 'createHolder' },
    ])
    const failed = await watch(() => server.signIn('anna', { statement: { serverName: 'another' } }).catch(() => null))
    expect(failed.entries).toMatchObject([{ action: 'LoginFailed', reason: 'SIGN_IN_STATEMENT_INVALID' }])
    expect(failed.changes).toEqual([])
  })
})

describe('when jobs run', () => {
  /** How each kind of job comes to run here, or in which test. */
  const KINDS: Readonly<Record<JobKind, string>> = {
    'audit-verification': 'schedule audit-verification',
    'audit-cleaning': 'schedule audit-cleaning',
    'personal-data-erasure': 'schedule personal-data-erasure',
    'audit-erasure': 'approveErasure above',
    'audit-key-rollover': 'rollOverChainKey above, and key-rollover.test.ts',
    'audit-export': 'createExport above, and the tests of exports',
    'export-clearing': 'schedule export-clearing',
    'signature-renewal': 'schedule signature-renewal',
    mail: 'the tests of jobs, with a mail server',
  }

  it('knows every kind', () => {
    expect(JobKind.options.toSorted()).toEqual(Object.keys(KINDS).toSorted())
  })

  it.each([
    'audit-verification',
    'audit-cleaning',
    'personal-data-erasure',
    'export-clearing',
    'signature-renewal',
  ] as const)('leaves an entry of everything it changed: %s', async (name) => {
    const { changes, entries } = await watch(async () => {
      const { id } = await clients.dario.call('runSchedule', { params: { name } })
      for (;;) {
        const { state } = await clients.dario.call('readJob', { params: { id } })
        if (state === 'done') return
        expect(state).not.toBe('dead')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })
    expectRecorded(changes, entries)
    expect(entries.some((entry) => entry.objectType === 'job')).toBe(true)
  })
})

describe('when the shell changes something', () => {
  /** One that the shell made before. */
  const readyExport = (): string => {
    const file = new Database(join(server.folder, 'operational.db'), { readonly: true })
    try {
      const found = file.prepare("select id from audit_export where state = 'ready' and requested_by is null").pluck()
      return String(found.get())
    } finally {
      file.close()
    }
  }
  const WRITES: Readonly<Record<string, () => { words?: readonly string[]; values?: CommandValues }>> = {
    'operator suspend': () => ({ values: { id: server.setup.operators['nadia']?.id } }),
    'operator resume': () => ({ values: { id: server.setup.operators['nadia']?.id } }),
    'certificate revoke': () => ({ values: { serial: server.setup.operators['nadia']?.serials['9A'] } }),
    'audit key rollover': () => ({}),
    'audit checkpoint': () => ({}),
    'audit checkpoint rotate': () => ({}),
    'audit clean': () => ({}),
    'exports create': () => ({ values: { reason: 'x', action: 'Login' } }),
    'audit export': () => ({ values: { reason: 'x', action: 'Login', format: 'csv' } }),
    'exports delete': () => ({ values: { id: readyExport() } }),
    'exports sign': () => ({
      words: [server.config.tls.certificateFile],
      values: { reason: 'x', out: join(server.folder, 'signed.p7s') },
    }),
    'keys rollover': () => ({}),
    health: () => ({}),
  }
  const writing = Object.entries(COMMANDS)
    .filter(([, { access }]) => access === 'write')
    .map(([name]) => name)
  const log = makeLog('silent')

  it('has a scenario here for every command that writes', () => {
    expect(writing.filter((name) => !(name in WRITES))).toEqual([])
  })

  it.each(Object.keys(WRITES))('leaves an entry of it, and of who was there: %s', async (name) => {
    const { words = [], values = {} } = WRITES[name]?.() ?? {}
    await server.whileStopped(async () => {
      const look = <T>(body: Parameters<typeof reading<T>>[3]) => reading(server.config, 'test', log, body)
      const start = await look(async ({ databases, trail }) => ({
        before: await takeSnapshot(databases),
        head: (await trail.list({ chain: server.config.name }, { limit: 1 })).items[0]?.sequence ?? -1,
      }))
      await runCommand(server.config, [...name.split(' '), ...words], values, log)
      await look(async ({ databases, trail }) => {
        const of = { tenant: tenant(), chain: server.config.name, after: start.head }
        const entries = await entriesAfter(trail, of)
        expectRecorded(changesBetween(start.before, await takeSnapshot(databases)), entries)
        const mine = entries.filter((entry) => (entry.after as { command?: string } | null)?.command === name)
        expect(mine.map((entry) => entry.action).toSorted()).toEqual(['Login', 'Logout'])
      })
    })
  })
})
