import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeDemoTime } from '../../../main/launch/demo-time-stamp.ts'
import { DEMO_TIME, startDemoTime, type DemoTime } from '../../../main/launch/demo-time.ts'
import { describeWith } from '../../parts.ts'

const instance = mkdtempSync(join(tmpdir(), 'countersign-demo-time-'))
const inside = (name: string) => join(instance, DEMO_TIME, name)
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
let time: DemoTime | null
let port: number

describeWith(['openssl'], 'the demonstration’s own time-stamping authority', () => {
  beforeAll(async () => {
    port = await freePort()
    await makeDemoTime(join(instance, DEMO_TIME), port)
    time = await startDemoTime(instance)
  })
  afterAll(() => {
    if (time?.url) time.close()
    rmSync(instance, { recursive: true })
  })
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init)
  const openssl = (...words: string[]) => spawnSync('openssl', words, { cwd: instance, encoding: 'utf8' })

  it.each(['sha256', 'sha384', 'sha512'])('stamps a digest by %s, as OpenSSL verifies', async (hash) => {
    writeFileSync(join(instance, 'data'), `stamped by ${hash}`)
    expect(openssl('ts', '-query', '-data', 'data', `-${hash}`, '-cert', '-out', 'query').status).toBe(0)
    const answer = await ask('/', { method: 'POST', body: readFileSync(join(instance, 'query')) })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/timestamp-reply'])
    writeFileSync(join(instance, 'reply'), Buffer.from(await answer.arrayBuffer()))
    const verify = ['ts', '-verify', '-data', 'data', '-in', 'reply', '-CAfile', inside('root.pem')]
    expect(openssl(...verify)).toMatchObject({ status: 0, stdout: expect.stringContaining('OK') as string })
    // The nonce as well: an older answer is none.
    expect(openssl('ts', '-verify', '-queryfile', 'query', '-in', 'reply', '-CAfile', inside('root.pem')).status).toBe(
      0,
    )
    writeFileSync(join(instance, 'data'), 'another')
    expect(openssl(...verify).status).not.toBe(0)
  })

  it('says in its name what it is, and may do nothing but stamp', () => {
    const certificate = new X509Certificate(readFileSync(inside('authority.pem')))
    expect(certificate.subject).toContain('not for production')
    expect(certificate.ca).toBe(false)
    const text = execFileSync('openssl', ['x509', '-in', inside('authority.pem'), '-noout', '-text'], {
      encoding: 'utf8',
    })
    expect(text).toMatch(/Extended Key Usage: critical\s+Time Stamping\s/)
  })

  it('gives the list of its root, on which nobody is', async () => {
    writeFileSync(join(instance, 'list'), Buffer.from(await (await ask('/root.crl')).arrayBuffer()))
    const { status, stdout, stderr } = openssl(
      'crl',
      '-inform',
      'DER',
      '-in',
      'list',
      '-CAfile',
      inside('root.pem'),
      '-text',
    )
    expect({ status, stderr: stderr.trim() }).toEqual({ status: 0, stderr: 'verify OK' })
    expect(stdout).toContain('No Revoked Certificates')
  })

  it.each([
    ['what is no request', '/', { method: 'POST', body: 'hello' }, 400],
    ['too much', '/', { method: 'POST', body: 'x'.repeat(20_000) }, 400],
    ['another address', '/root.key', {}, 404],
    ['another verb', '/', {}, 404],
  ])('refuses %s', async (_what, path, init, status) => {
    expect((await ask(path, init)).status).toBe(status)
  })

  it('says why it does not run where its port is taken, and keeps nobody from starting', async () => {
    const second = await startDemoTime(instance)
    expect(second).toMatchObject({ url: null, why: expect.stringContaining('EADDRINUSE') as string })
  })

  it('is none in an instance that was made without', async () => {
    expect(await startDemoTime(join(instance, 'elsewhere'))).toBeNull()
  })
})
