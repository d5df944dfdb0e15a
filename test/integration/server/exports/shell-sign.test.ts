import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLog } from '../../../../server/log/log.ts'
import { EXIT, exitOf, type CommandValues } from '../../../../server/shell/command.ts'
import { runCommand } from '../../../../server/shell/commands.ts'
import { MAX_ATTACHED_BYTES } from '../../../../server/signing/signatures.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { TrustServices } from '../../../fakes/pki/trust-services.ts'
import { describeWith } from '../../../parts.ts'
import { headOf, CHAINS, dataOf, lineOf } from '../../../unit/server/exports/report/sample.ts'
import { writeReport } from '../../../../server/exports/report/index.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const CONTENT = 'Whatever a court may ask for.\n'
let server: TestServer
let time: TrustServices
let content: string

const inside = (name: string) => join(server.folder, name)
const sign = (values: CommandValues, file = content) =>
  runCommand(server.config, ['exports', 'sign', file], { reason: 'file 12/2026', ...values }, makeLog('silent'))
const refused = (values: CommandValues, file = content) =>
  sign(values, file).then(
    () => null,
    (error: unknown) => error,
  )
/** The one file that anybody is given, as they run it; exit code and report. */
const verify = (signature: string, over: string | null) => {
  const words = ['server/verifier/main.ts', ...(over === null ? [] : [over]), signature]
  const anchors = ['--anchor', inside('anchors.pem'), '--no-revocation', '--json']
  const ran = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...words, ...anchors], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return { exit: ran.status, said: ran.stdout + ran.stderr }
}

beforeAll(async () => {
  time = await TrustServices.open()
  await time.addStamper('/time')
  server = await startServer()
  const config = { ...server.config }
  await server.running().close()
  const { encodePem } = await import('../../../../shared/pki/index.ts')
  const timeRoot = encodePem('CERTIFICATE', time.root.certificate.der)
  writeFileSync(inside('time.pem'), timeRoot)
  writeFileSync(inside('anchors.pem'), server.rootPem + timeRoot)
  const authorities = [{ url: time.url('/time'), trustFile: inside('time.pem') }]
  Object.assign(server, { config: { ...config, timestamping: { ...config.timestamping, authorities } } })
  content = inside('paper.txt')
  writeFileSync(content, CONTENT)
})
afterAll(async () => {
  await server.close().catch(() => undefined)
  await time.close()
})

describe('when a file is signed in the shell', () => {
  it.each([
    ['cades', {}, 'paper.txt.p7s'],
    ['cades', { attached: true }, 'paper.txt.p7m'],
    ['cades', { level: 'B-T', out: 'stamped.p7s' }, 'stamped.p7s'],
    ['xades', { format: 'xades' }, 'paper.txt.xades.xml'],
  ] as const)('makes %s %j, which the verifier passes by itself', async (format, values, name) => {
    const given = 'out' in values ? { ...values, out: inside(values.out) } : values
    const { value } = await sign(given)
    const sha256 = createHash('sha256').update(CONTENT).digest('hex')
    expect(value).toMatchObject({
      format,
      out: inside(name),
      sha256,
      bytes: CONTENT.length,
      indication: 'TOTAL-PASSED',
    })
    expect(statSync(inside(name)).mode & 0o777).toBe(0o600)
    expect(verify(inside(name), content)).toMatchObject({ exit: 0 })
    writeFileSync(inside('other.txt'), CONTENT.toUpperCase())
    expect(verify(inside(name), inside('other.txt')).exit).toBe(1)
  })

  it.each([false, true])('signs a PDF inside (visible: %s)', async (visible) => {
    const pdf = inside(`report-${visible}.pdf`)
    const lines = [lineOf(1), lineOf(2)]
    writeFileSync(
      pdf,
      await writeReport({ data: dataOf(lines), head: headOf(), chains: CHAINS, entries: lines.length }),
    )
    const { value } = await sign({ format: 'pades', visible }, pdf)
    expect(value).toMatchObject({ out: inside(`report-${visible}.signed.pdf`) })
    expect(verify(inside(`report-${visible}.signed.pdf`), null).exit).toBe(0)
  })

  it('tells the audit what was signed, and why, before the signature is there', async () => {
    await sign({ out: inside('told.p7s'), reason: 'asked for by the court' })
    const { value } = await runCommand(
      server.config,
      ['audit', 'trail', 'key', server.config.signing.key.label],
      {},
      makeLog('silent'),
    )
    const { items } = value as { items: { action: string; after: unknown; reason: string | null }[] }
    expect(items.findLast(({ action }) => action === 'KeyUse')).toMatchObject({
      reason: 'asked for by the court',
      after: {
        signed: 'paper.txt',
        bytes: CONTENT.length,
        sha256: createHash('sha256').update(CONTENT).digest('hex'),
        format: 'cades',
        level: 'B-B',
        attached: false,
      },
    })
  })

  it('overwrites nothing unless it is told to, and leaves nothing half-written', async () => {
    const out = inside('kept.p7s')
    writeFileSync(out, 'mine')
    expect(await refused({ out })).toMatchObject({
      code: 'REQUEST_INVALID',
      detail: { path: '--out', reason: 'exists' },
    })
    expect(readFileSync(out, 'utf8')).toBe('mine')
    await sign({ out, force: true })
    expect(verify(out, content).exit).toBe(0)
    expect(readdirSync(server.folder).filter((name) => name.includes('part_'))).toEqual([])
  })

  it.each([
    ['no reason', { reason: '' }, 'REQUEST_INVALID', '--reason'],
    ['a format that is none', { format: 'pgp' }, 'REQUEST_INVALID', '--format'],
    ['a level that is none', { level: 'B-X' }, 'REQUEST_INVALID', '--level'],
    ['an attached XML signature', { format: 'xades', attached: true }, 'REQUEST_INVALID', '--attached'],
    ['a visible CMS signature', { visible: true }, 'REQUEST_INVALID', '--visible'],
    ['a folder as the place', { out: '.' }, 'REQUEST_INVALID', '--out'],
    ['a text as PDF', { format: 'pades' }, 'SIGNING_INPUT_INVALID', undefined],
  ] as const)('refuses %s', async (_what, values, code, path) => {
    const error = await refused(values)
    expect(error).toMatchObject({ code, ...(path === undefined ? {} : { detail: { path } }) })
  })

  it('refuses a file that is not there, a folder, and one too large to carry inside', async () => {
    expect(await refused({}, inside('nothing'))).toMatchObject({ detail: { path: 'FILE', reason: 'unreadable' } })
    expect(await refused({}, server.folder)).toMatchObject({ detail: { path: 'FILE', reason: 'no-file' } })
    const large = inside('large')
    writeFileSync(large, '')
    truncateSync(large, MAX_ATTACHED_BYTES + 1)
    const error = await refused({ attached: true }, large)
    expect(error).toMatchObject({ code: 'SIGNING_TOO_LARGE', detail: { most: MAX_ATTACHED_BYTES } })
    expect(exitOf(error)).toBe(EXIT.refused)
    expect(existsSync(`${large}.p7m`)).toBe(false)
    await sign({}, large)
    expect(verify(`${large}.p7s`, large).exit).toBe(0)
  })
})

describeWith(['openssl'], 'when OpenSSL checks what the shell signed', () => {
  it.each([
    ['detached', {}, ['-content']],
    ['attached', { attached: true }, []],
  ] as const)('passes %s', async (name, values, more) => {
    const out = inside(`by-openssl-${name}`)
    await sign({ ...values, out })
    const words = ['-inform', 'DER', '-in', out, '-CAfile', inside('anchors.pem'), '-purpose', 'any', '-binary']
    const given = more.length > 0 ? ['-content', content] : []
    const ran = spawnSync('openssl', ['cms', '-verify', '-cades', ...words, ...given], { encoding: 'utf8' })
    expect(ran.stderr).toContain('successful')
    expect(ran.stdout).toBe(CONTENT)
  })
})
