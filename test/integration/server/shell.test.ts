import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import Database from 'better-sqlite3'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { refusal } from '../../fakes/server/client.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { makeLog } from '../../../server/log/log.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { readPlan } from '../../../server/shell/plan.ts'
import { setUp } from '../../../server/shell/setup.ts'

const log = makeLog('silent')
let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const run = async (words: readonly string[], values = {}) => (await runCommand(server.config, words, values, log)).value
const root = join(import.meta.dirname, '../../..')

/** The program itself: what it prints, and how it ends. */
const program = (args: readonly string[], until?: string) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root })
    let out = ''
    let err = ''
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
      if (until !== undefined && out.includes(until)) child.kill('SIGTERM')
    })
    child.stderr.on('data', (part: Buffer) => (err += part.toString()))
    child.on('close', (code) => resolve({ code, out, err }))
  })

describe('when the shell works on a stopped server', () => {
  it('sets up again without changing anything', async () => {
    const plan = join(server.folder, 'plan.json')
    const before = server.setup
    writeFileSync(
      plan,
      JSON.stringify({
        tenant: { name: 'Test Registry' },
        divisions: [{ key: 'north', name: 'Renamed' }],
        offices: [{ key: 'milan', name: 'Renamed', division: 'north' }],
        stations: [],
        operators: [],
      }),
    )
    await server.whileStopped(async () => {
      const again = await setUp(server.config, readPlan(plan), log)
      expect(again.offices['milan']).toBe(before.offices['milan'])
      expect(again.tenant).toEqual(before.tenant)
    })
    const anna = await server.signIn('anna')
    expect((await anna.call('readSession', {})).office?.name).toBe('Milan')
  })

  it('suspends an operator, ends what they had open, and lets them back', async () => {
    const bruno = await server.signIn('bruno')
    const id = server.setup.operators['bruno']?.id ?? ''
    await server.whileStopped(async () => {
      expect(await run(['operator', 'suspend'], { id })).toEqual({ operator: id, status: 'suspended' })
    })
    expect((await refusal(bruno.call('readSession', {}))).status).toBe(401)
    expect((await refusal(server.signIn('bruno'))).code).toBe('OPERATOR_SUSPENDED')
    await server.whileStopped(async () => {
      await run(['operator', 'resume'], { id })
      const { items } = (await run(['audit', 'trail'], { 'object-type': 'operator', 'object-id': id })) as {
        items: { action: string }[]
      }
      expect(items.map((one) => one.action)).toEqual(['Insertion', 'Modification', 'LoginFailed', 'Modification'])
    })
    await server.signIn('bruno')
  })

  it('refuses a command it does not have', async () => {
    await server.whileStopped(async () => {
      await expect(run(['audit', 'delete'])).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
      await expect(run(['__proto__'])).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    })
  })

  it('finds an entry that was altered in the file, and where', async () => {
    const other = await startServer()
    try {
      const anna = await other.signIn('anna')
      await anna.call('createHolder', { body: HOLDER })
      await other.whileStopped(async () => {
        const passed = (await runCommand(other.config, ['audit', 'verify'], {}, log)).value as { state: string }
        expect(passed.state).toBe('passed')
        if (other.config.databases.audit.kind !== 'sqlite') throw new Error('not SQLite')
        const file = new Database(other.config.databases.audit.file)
        file.prepare(`update entry set operator_role = 'SA' where sequence = 5`).run()
        file.close()
        const failed = (await runCommand(other.config, ['audit', 'verify'], {}, log)).value as {
          state: string
          verdict: object
        }
        expect(failed).toMatchObject({ state: 'failed', verdict: { ok: false, sequence: 5 } })
      })
    } finally {
      await other.close()
    }
  })
})

describe('when the programs themselves run', () => {
  const config = (folder: string) => join(folder, 'server.json')
  beforeAll(async () => {
    await server.whileStopped(() => Promise.resolve())
    const { tls, databases, keys, name, tenant, ca, publicUrl } = server.config
    const listen = { host: '127.0.0.1', port: 0 }
    writeFileSync(config(server.folder), JSON.stringify({ name, tenant, listen, tls, databases, keys, ca, publicUrl }))
  })

  it('says ready on standard output, closes on SIGTERM and leaves no lease', async () => {
    await server.whileStopped(async () => {
      const ended = await program(['server/index.ts', '--config', config(server.folder)], '"ready":true')
      expect(JSON.parse(ended.out)).toMatchObject({ ready: true, name: server.config.name })
      expect(ended.code).toBe(0)
      expect(existsSync(join(server.folder, `audit.db.${server.config.name}.lease`))).toBe(false)
    })
  })

  it('refuses a configuration with an unknown member, with its path', async () => {
    const bad = join(server.folder, 'bad.json')
    writeFileSync(
      bad,
      JSON.stringify({ ...(JSON.parse(readFileSync(config(server.folder), 'utf8')) as object), debug: true }),
    )
    const ended = await program(['server/index.ts', '--config', bad])
    expect(ended.code).toBe(1)
    expect(ended.err).toContain('"path":"debug"')
  })

  it('prints how it is used', async () => {
    expect((await program(['server/shell/index.ts', '--help'])).out).toContain('audit verify')
  })
})
