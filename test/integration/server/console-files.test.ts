import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'countersign-console-'))

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>console</title>')
  writeFileSync(join(folder, 'assets/app-1a2b.js'), 'export {}')
  writeFileSync(join(folder, 'assets/app-1a2b.js.gz'), gzipSync('export {}'))
  writeFileSync(join(folder, '.env'), 'SECRET')
  server = await startServer({ consoleFolder: folder })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
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
