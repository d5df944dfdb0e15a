import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
const home = mkdtempSync(join(tmpdir(), 'countersign-console-'))
const folder = join(home, 'console')
const program = '#!/usr/bin/env node\n'

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>console</title>')
  writeFileSync(join(folder, 'assets/app-1a2b.js'), 'export {}')
  writeFileSync(join(folder, 'assets/app-1a2b.js.gz'), gzipSync('export {}'))
  writeFileSync(join(folder, '.env'), 'SECRET')
  mkdirSync(join(home, 'verify'))
  writeFileSync(join(home, 'verify/countersign-verify.mjs'), program)
  server = await startServer({ consoleFolder: folder })
})
afterAll(async () => {
  await server.close()
  rmSync(home, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = {}) =>
  server.transport({ method: 'GET', path, headers, body: null })

describe('when the console is asked for', () => {
  it.each([
    ['the page', '/console/'],
    ['a page of its own', '/console/audit/entries?x=1'],
  ])('sends %s, asked for each time, with a strict policy', async (_name, path) => {
    const answer = await get(path)
    expect([answer.status, answer.text]).toEqual([200, '<!doctype html><title>console</title>'])
    expect(answer.headers['cache-control']).toBe('no-cache')
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe-eval')
  })

  it('sends hashed files for a year, compressed where it can', async () => {
    const answer = await get('/console/assets/app-1a2b.js', { 'accept-encoding': 'gzip' })
    expect(answer.headers).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    expect((await get('/console/assets/app-1a2b.js')).text).toBe('export {}')
  })

  it.each([['/'], ['/console']])('leads there from %s', async (path) => {
    const answer = await get(path)
    expect([answer.status, answer.headers['location']]).toEqual([302, '/console/'])
  })

  it.each([
    ['/console/assets/none.js'],
    ['/console/.env'],
    ['/console/../server.json'],
    ['/console/..%2f..%2fetc%2fpasswd.x'],
    ['/console/%2e%2e/%2e%2e/package.json'],
  ])('sends nothing for %s', async (path) => {
    const answer = await get(path)
    expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true])
    expect((JSON.parse(answer.text) as { code: string }).code).toMatch(/^(NOT_FOUND|REQUEST_INVALID|ACCESS_DENIED)$/)
  })
})

describe('when somebody without an account asks for a verifier', () => {
  const digest = createHash('sha256').update(program).digest('hex')

  it('gives the program to be saved, and is asked whether it changed', async () => {
    const answer = await get('/verify/countersign-verify.mjs')
    expect([answer.status, answer.text]).toEqual([200, program])
    expect(answer.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-disposition': 'attachment; filename="countersign-verify.mjs"',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
      etag: `"${digest}"`,
    })
    expect((await get('/verify/countersign-verify.mjs', { 'if-none-match': `"${digest}"` })).status).toBe(304)
  })

  it('tells the SHA-256 of what is there', async () => {
    const answer = await get('/verify/SHA256SUMS')
    expect([answer.status, answer.text]).toEqual([200, `${digest}  countersign-verify.mjs\n`])
  })

  it('says of what was not built that it was not', async () => {
    const answer = await get('/verify/countersign-verify.html')
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 'NOT_FOUND',
      detail: { reason: 'the verifiers were not built on this server' },
    })
  })

  it.each([['/verify/'], ['/verify/other.mjs'], ['/verify/../console/index.html.x'], ['/verify/%2e%2e/console/.env']])(
    'gives nothing for %s',
    async (path) => expect((await get(path)).status).toBe(404),
  )
})
