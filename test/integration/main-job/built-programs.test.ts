import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../../main/launch/setup.mjs'
import { Started } from './programs.ts'

const OUT = `out/programs-test-${process.pid}`
const temporary = mkdtempSync(join(tmpdir(), 'countersign-built-'))
const started: Started[] = []
const run = (script: string, ...args: string[]): Started => {
  const program = new Started(script, args)
  started.push(program)
  return program
}
const launch = (...args: string[]) => run(`${OUT}/launch.js`, '--software-keys', ...args)
/** The script that a process runs. */
const scriptOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .find((word) => /\.(js|ts)$/.test(word) && word.startsWith(ROOT)) ?? ''
const get = (url: string): Promise<{ status: number | undefined; body: string }> =>
  new Promise((resolve, reject) => {
    // Whose certificate it is, is no part of this test.
    const sent = request(url, { rejectUnauthorized: false }, (answer) => {
      let body = ''
      answer.on('data', (part: Buffer) => (body += part.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode, body }))
    })
    sent.on('error', reject).end()
  })

beforeAll(async () => {
  const build = run('main/launch/bundle-programs.ts', OUT)
  expect((await build.ended).code, build.error).toBe(0)
})
afterEach(() => started.splice(0).forEach((program) => program.endFamily()))
afterAll(() => {
  rmSync(temporary, { recursive: true, force: true })
  rmSync(join(ROOT, OUT), { recursive: true, force: true })
})

describe('when the programs run as they were built', () => {
  it('does the whole main job', async () => {
    const check = launch('--check', '--data', join(temporary, 'check'))
    expect((await check.ended).code, check.error).toBe(0)
    expect(JSON.parse(check.out.trim().split('\n').at(-1) ?? '')).toMatchObject({ ok: true, chainVerified: true })
  })

  it('starts only what was built, serves the description of its API, and leaves nothing behind', async () => {
    const program = launch('--headless', '--data', join(temporary, 'instance'))
    await program.says('Ctrl-C stops everything.')
    const url = /Server\s+(https:\S+)/.exec(program.out)?.[1] ?? ''
    const scripts = program.family().map(scriptOf)
    for (const name of ['launch', 'server', 'desk', 'card-worker'])
      expect(scripts).toContain(join(ROOT, OUT, `${name}.js`))
    expect(scripts.filter((script) => script.endsWith('.ts'))).toEqual([])
    const { status, body } = await get(`${url}/api/openapi.json`)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ openapi: '3.1.0' })
    program.child.kill('SIGTERM')
    expect(await program.ended).toEqual({ code: 0, signal: null })
    await program.familyGone(0)
  })
})
