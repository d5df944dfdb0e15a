import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLog } from '../../../../server/log/log.ts'
import type { CommandValues } from '../../../../server/shell/command.ts'
import { runCommand } from '../../../../server/shell/commands.ts'
import type { ExportView } from '../../../../shared/contract/routes/exports.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { judge } from './export-ground.ts'

const root = join(import.meta.dirname, '../../../..')
let server: TestServer
let config: string

beforeAll(async () => {
  server = await startServer()
  config = join(server.folder, 'server.json')
  writeFileSync(config, JSON.stringify(server.config))
  await server.running().close()
})
afterAll(() => server.close().catch(() => undefined))

const shell = async (words: string, values: CommandValues) =>
  runCommand(server.config, words.split(' '), values, makeLog('silent'))

/** A program of ours; `stop` ends it. */
const program = (words: readonly string[]) => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], { cwd: root })
  let out = ''
  child.stdout.on('data', (part: Buffer) => (out += part.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
  return { out: () => out, ended, stop: () => child.kill('SIGTERM') }
}

const made = async (words: string, values: CommandValues): Promise<ExportView> => {
  const { value, exit } = await shell(words, values)
  expect(exit).toBe(0)
  return value as ExportView
}

describe('when the server is stopped', () => {
  it('makes a package, shows it, writes it to a file, and removes it', async () => {
    const view = await made('exports create', { reason: 'for the court', format: 'csv' })
    expect(view).toMatchObject({ state: 'ready', requestedBy: { name: 'Shell' }, error: null })
    const listed = (await shell('exports list', {})).value as { items: ExportView[] }
    expect(listed.items.map(({ id }) => id)).toEqual([view.id])
    expect((await shell(`exports show ${view.id}`, {})).text).toContain('for the court')
    expect((await shell(`exports verify-hint ${view.id}`, {})).text).toContain(String(view.manifestDigest))
    mkdirSync(join(server.folder, 'verify'))
    writeFileSync(join(server.folder, 'verify/countersign-verify.mjs'), '')
    const served = { ...server.config, consoleFolder: join(server.folder, 'console') }
    const hint = await runCommand(served, ['exports', 'verify-hint', view.id], {}, makeLog('silent'))
    const sha256 = createHash('sha256').digest('hex')
    const url = `${served.publicUrl}/verify/countersign-verify.mjs`
    expect(hint.text).toContain(`${url} (SHA-256 ${sha256})`)
    expect(hint.value).toMatchObject({ verifiers: [{ url, sha256 }] })
    const out = join(server.folder, 'package.zip')
    await shell(`exports download ${view.id}`, { out })
    expect((await judge(server, readFileSync(out))).indication).toBe('TOTAL-PASSED')
    await expect(shell(`exports download ${view.id}`, { out })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    expect(existsSync(out)).toBe(true)
    await shell(`exports delete ${view.id}`, {})
    expect(existsSync(join(server.config.exports.folder, view.id))).toBe(false)
    const trail = (await shell(`audit trail export ${view.id}`, {})).value as { items: { action: string }[] }
    expect(trail.items.map(({ action }) => action)).toEqual(['Export', 'Export', 'Export', 'Deletion'])
  })

  it('takes a whole chain and the trail of an object', async () => {
    const chain = await made(`exports create chain ${server.config.name}`, { reason: 'x', format: 'xml' })
    expect(chain.completeness).toBe('whole')
    const office = server.setup.offices['milan'] ?? ''
    const trail = await made(`audit export object office ${office}`, { reason: 'x' })
    expect(trail.written).toBeGreaterThan(0)
  })

  it.each([
    ['no reason', 'exports create', {}, 'REQUEST_INVALID'],
    ['a format nobody knows', 'exports create', { reason: 'x', format: 'doc' }, 'REQUEST_INVALID'],
    ['words that say nothing', 'exports create all', { reason: 'x' }, 'REQUEST_INVALID'],
    ['one that is not there', 'exports show export_00000000', {}, 'EXPORT_NOT_FOUND'],
  ] as const)('refuses %s', async (_what, words, values, code) => {
    await expect(shell(words, values)).rejects.toMatchObject({ code })
  })
})

describe('when the server runs', () => {
  it('has it make the package, and waits for that', async () => {
    const running = program(['server/index.ts', '--config', config])
    while (!running.out().includes('"ready":true')) await new Promise((resolve) => setTimeout(resolve, 50))
    const words = ['server/shell/index.ts', '--config', config, 'exports', 'create', '--reason', 'x', '--json']
    const asked = program(words)
    expect(await asked.ended).toBe(0)
    const view = JSON.parse(asked.out()) as ExportView
    expect(view).toMatchObject({ state: 'ready', requestedBy: { name: 'Shell' } })
    await shell(`exports delete ${view.id}`, {})
    running.stop()
    await running.ended
    const trail = (await shell(`audit trail export ${view.id}`, {})).value as { items: { action: string }[] }
    expect(trail.items.map(({ action }) => action)).toEqual(['Export', 'Export', 'Deletion'])
  }, 60_000)
})
