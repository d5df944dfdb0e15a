import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXPORT_FAULTS } from '../../../../server/exports/ports.ts'
import type { TestClient } from '../../../fakes/server/client.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { download, judge, orderOf } from './export-ground.ts'

let server: TestServer
let carla: TestClient
let id: string

interface Row {
  readonly state: string
  readonly attempts: number
}

/** The databases, looked at while no server runs. */
const withDatabase = <T>(use: (database: Database.Database) => T): T => {
  const database = new Database(join(server.folder, 'operational.db'))
  try {
    return use(database)
  } finally {
    database.close()
  }
}
const stateOf = (): string =>
  withDatabase((database) => (database.prepare('select state from audit_export where id = ?').get(id) as Row).state)
/** The lease of a process that died runs out, and it has as many attempts as it takes: this is not about giving up. */
const letGo = (): void =>
  withDatabase(
    (database) =>
      void database
        .prepare(
          "update job set lease_until = 0, max_attempts = 1000, due_at = 0 where kind = 'audit-export' and state <> 'done'",
        )
        .run(),
  )

/** Runs a server until it kills itself at `point`, or until nothing waits. */
const run = (point: string): Promise<NodeJS.Signals | null> =>
  new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'killed-server.ts')
    const words = ['--disable-warning=ExperimentalWarning', script, server.folder, point]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 })
    let errors = ''
    child.stderr.on('data', (part: Buffer) => (errors += part.toString()))
    child.on('close', (code, signal) => {
      if (signal === null && code !== 0) reject(new Error(errors))
      else resolve(signal)
    })
  })

beforeAll(async () => {
  server = await startServer({ listen: true })
  writeFileSync(join(server.folder, 'config.json'), JSON.stringify(server.config))
  carla = await server.signIn('carla')
  // Nothing can be made where the folder should be: it is tried again, and waits until the server is stopped.
  writeFileSync(server.config.exports.folder, '')
  id = (
    await carla.call('createExport', { body: orderOf({ selection: { kind: 'chain', chain: server.config.name } }) })
  ).id
})
afterAll(() => server.close())

describe('when the process is killed (SIGKILL) while an export is made', () => {
  it('leaves nothing that looks whole, makes it from the start, and tells of it once', async () => {
    await server.whileStopped(async () => {
      rmSync(server.config.exports.folder, { force: true })
      mkdirSync(server.config.exports.folder)
      for (const point of EXPORT_FAULTS) {
        letGo()
        expect([point, await run(point)]).toEqual([point, 'SIGKILL'])
        const isReady = point === 'after-ready'
        expect([point, stateOf()]).toEqual([point, isReady ? 'ready' : 'waiting'])
        const names = existsSync(server.config.exports.folder) ? readdirSync(server.config.exports.folder) : []
        const isRenamed = isReady || point === 'after-rename'
        if (point !== 'before-folder') expect([point, names]).toEqual([point, [isRenamed ? id : `${id}.part`]])
      }
      letGo()
      expect(await run('none')).toBeNull()
    })
    const view = await carla.call('readExport', { params: { id } })
    expect(view).toMatchObject({ state: 'ready', error: null })
    const { bytes } = await download(server, carla, id)
    expect((await judge(server, bytes)).indication).toBe('TOTAL-PASSED')
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    expect(items.map(({ action, after }) => [action, (after as { state?: string } | null)?.state ?? 'pass'])).toEqual([
      ['Export', 'waiting'],
      ['Export', 'ready'],
      ['Export', 'pass'],
    ])
  }, 240_000)

  it('removes what an earlier process left that no row tells of', async () => {
    const folder = server.config.exports.folder
    for (const name of ['export_00000000000001.part', 'export_00000000000002'])
      mkdirSync(join(folder, name, 'data'), { recursive: true })
    writeFileSync(join(folder, 'of-somebody-else'), 'stays')
    const dario = await server.signIn('dario')
    const job = await dario.call('runSchedule', { params: { name: 'export-clearing' } })
    for (;;) {
      const { state } = await dario.call('readJob', { params: { id: job.id } })
      if (state === 'done') break
      expect(state).not.toBe('dead')
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    expect(readdirSync(folder).toSorted()).toEqual([id, 'of-somebody-else'].toSorted())
    expect(readFileSync(join(folder, 'of-somebody-else'), 'utf8')).toBe('stays')
  })
})
