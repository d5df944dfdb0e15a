import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLog } from '../../../server/log/log.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import type { TestClient } from '../../fakes/server/client.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** What the shell's verification finds beside a running server, and while none runs. */
let server: TestServer
let dario: TestClient
const log = makeLog('silent')

beforeAll(async () => {
  server = await startServer()
  dario = await server.signIn('dario')
  const anna = await server.signIn('anna')
  await anna.call('createHolder', { body: HOLDER })
})
afterAll(() => server.close())

const verify = async () => (await runCommand(server.config, ['audit', 'verify'], {}, log)).value as { state: string }
/** One payload's salt is another while `body` runs. */
const whileAltered = async (sequence: number, body: () => Promise<unknown>): Promise<void> => {
  if (server.config.databases.audit.kind !== 'sqlite') throw new Error('not SQLite')
  const file = new Database(server.config.databases.audit.file)
  const { salt } = file.prepare('select salt from payload where sequence = ?').get(sequence) as { salt: Buffer }
  file.prepare('update payload set salt = ? where sequence = ?').run(Buffer.alloc(16, 7), sequence)
  await body()
  file.prepare('update payload set salt = ? where sequence = ?').run(salt, sequence)
  file.close()
}
const alarms = async (state: 'open' | 'all' = 'open') => (await dario.call('listAlarms', { query: { state } })).items
const passFully = async (): Promise<void> => {
  const carla = await server.signIn('carla')
  const { id } = await carla.call('startVerification', { body: { depth: 'full' } })
  const state = async () => (await carla.call('readVerification', { params: { id } })).state
  while ((await state()) === 'running') await new Promise((resolve) => setTimeout(resolve, 30))
  expect(await state()).toBe('passed')
  while ((await alarms()).length > 0) await new Promise((resolve) => setTimeout(resolve, 30))
}

describe('when the shell verifies', () => {
  it('raises nothing where the chain is whole', async () => {
    expect((await verify()).state).toBe('passed')
    await server.running().sweep()
    expect(await alarms()).toEqual([])
  })

  it('has the running server raise an alarm of a fault, once', async () => {
    await whileAltered(3, async () => expect((await verify()).state).toBe('failed'))
    await server.running().sweep()
    const raised = { kind: 'verification-failed', key: server.config.name, severity: 'critical', times: 1 }
    expect(await alarms()).toMatchObject([{ ...raised, detail: { verdict: 'payload-mismatch', sequence: 3 } }])
    await server.running().sweep()
    await server.restart()
    dario = await server.signIn('dario')
    expect(await alarms()).toMatchObject([raised])
    expect(server.log()).toContain('"alarm":"verification-failed"')
  })

  it('does not raise again what a full verification cleared since', async () => {
    await passFully()
    await server.restart()
    dario = await server.signIn('dario')
    expect(await alarms()).toEqual([])
  })

  it('has a server raise at its start what was found while none ran', async () => {
    await server.whileStopped(() => whileAltered(4, async () => expect((await verify()).state).toBe('failed')))
    dario = await server.signIn('dario')
    expect(await alarms()).toMatchObject([{ kind: 'verification-failed', detail: { sequence: 4 } }])
    expect(await alarms('all')).toHaveLength(2)
  })
})
