import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildVerifier } from '../../../../server/verifier/build.ts'
import type { Report } from '../../../../shared/exports/index.ts'
import { encodePem } from '../../../../shared/pki/index.ts'
import { makePackage, openChain, openSigning, openWitness, zipOf } from '../../shared/exports/kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-verifier-'))
const place = (name: string): string => join(folder, name)
const write = (name: string, content: Uint8Array | string): void => {
  mkdirSync(dirname(place(name)), { recursive: true })
  writeFileSync(place(name), content)
}
const AT = ['--at', '2026-11-22T12:00:00Z']
const TRUST = ['--anchor', 'anchor.pem', ...AT]
const witness = openWitness()

const runBy = (node: string, words: readonly string[], cwd = folder) => {
  const { status, stdout, stderr } = spawnSync(node, [place('countersign-verify.mjs'), ...words], {
    cwd,
    encoding: 'utf8',
    env: { LANG: 'C' },
  })
  return { status, stdout, stderr }
}
/** The built file, alone in a folder with what it is to check. */
const run = (...words: readonly string[]) => runBy(process.execPath, words)

/** The machine's own Node, where there is one that the program is for. */
const SYSTEM_NODE = '/usr/bin/node'
const systemVersion = spawnSync(SYSTEM_NODE, ['--version'], { encoding: 'utf8' }).stdout ?? ''
const isSystemNodeFit = Number(/^v(\d+)\./.exec(systemVersion)?.[1] ?? 0) >= 20

beforeAll(async () => {
  await buildVerifier(folder)
  const signing = await openSigning()
  const members = await makePackage(openChain(600), signing, { format: 'csv', witnesses: [witness] })
  const zip = zipOf(members)
  write('export.zip', zip)
  for (const [name, bytes] of members) {
    for (const to of ['folder', 'used', 'strange']) write(join(to, name), bytes)
  }
  // What our page tells people to make there, and what systems leave.
  for (const name of ['trusted.pem', 'signed.txt', '.DS_Store', 'data/.DS_Store', 'evidence/Thumbs.db', 'desktop.ini'])
    write(join('used', name), 'x')
  write('strange/data/more.csv', 'x')
  const changed = zip.slice()
  const at = Buffer.from(zip).indexOf('holder-3')
  changed[at] = (changed[at] ?? 0) ^ 1
  write('changed.zip', changed)
  write('cut.zip', zip.subarray(0, -1))
  write('anchor.pem', encodePem('CERTIFICATE', signing.root.certificate.der))
  write('anchor.cer', signing.root.certificate.der)
  write('other.pem', encodePem('CERTIFICATE', (await openSigning()).root.certificate.der))
  write('list.crl', signing.crl)
  write('escape.txt', '\u001b[2J')
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('when the program is run by itself', () => {
  it('is one file', () => {
    expect(readdirSync(folder).filter((name) => name.includes('countersign-verify'))).toEqual([
      'countersign-verify.mjs',
    ])
    const code = readFileSync(place('countersign-verify.mjs'), 'utf8')
    const imports = [...code.matchAll(/^import .*? from "([^"]+)"/gm)].map(([, name]) => name)
    expect(imports.filter((name) => !name?.startsWith('node:'))).toEqual([])
    // It could not ask anybody.
    expect(
      imports.filter((name) => /^node:(net|http|https|http2|tls|dns|dgram|child_process)/.test(name ?? '')),
    ).toEqual([])
  })

  it.each([
    ['a package', 0, ['export.zip', ...TRUST]],
    ['a package with a DER anchor, quick', 0, ['export.zip', '--quick', '--anchor', 'anchor.cer', ...AT]],
    ['its folder', 0, ['folder', ...TRUST]],
    ['its folder, with a slash', 0, ['./folder/', ...TRUST]],
    ['its folder, used by people', 0, ['used', ...TRUST]],
    ['its folder with a file no package has among its data', 1, ['strange', ...TRUST]],
    ['a package a witness saw', 0, ['export.zip', ...TRUST, '--witness', witness.vkey]],
    ['a package another witness did not see', 2, ['export.zip', ...TRUST, '--witness', openWitness('else').vkey]],
    ['a package of another origin', 1, ['export.zip', ...TRUST, '--origin', 'elsewhere']],
    ['a changed package', 1, ['changed.zip', ...TRUST]],
    ['a package cut short', 1, ['cut.zip', ...TRUST]],
    ['a package with another anchor', 2, ['export.zip', '--anchor', 'other.pem', ...AT]],
    ['a package with no anchor', 2, ['export.zip', ...AT]],
    ['a signature', 0, ['folder/data/audit.csv', 'folder/data/audit.csv.p7s', ...TRUST, '--crl', 'list.crl']],
    ['a signature with no word of revocation', 2, ['folder/data/audit.csv', 'folder/data/audit.csv.p7s', ...TRUST]],
    [
      'a signature, revocation judged elsewhere',
      0,
      ['folder/data/audit.csv', 'folder/data/audit.csv.p7s', ...TRUST, '--no-revocation'],
    ],
    [
      'a signature of something else',
      1,
      ['folder/names.json', 'folder/data/audit.csv.p7s', ...TRUST, '--crl', 'list.crl'],
    ],
    ['a file that is not there', 3, ['nowhere.zip', ...TRUST]],
    ['an anchor that is none', 3, ['export.zip', '--anchor', 'export.zip']],
    ['an option there is not', 3, ['export.zip', '--trust-all']],
    ['nothing', 3, []],
    ['a question', 0, ['--help']],
  ] as const)('ends as scripts need it: %s, %i', (_, status, words) => {
    const done = run(...words)
    expect(done.status).toBe(status)
    expect(done.stderr).not.toMatch(/\n\s+at /)
    if (status === 3 && words.length > 0) expect(done.stderr).toMatch(/^countersign-verify: .+\n$/)
  })

  it.runIf(isSystemNodeFit)(`judges the same by the machine's own Node ${systemVersion.trim()}`, () => {
    for (const [name, status] of [
      ['export.zip', 0],
      ['changed.zip', 1],
    ] as const) {
      const words = [name, '--json', ...TRUST]
      const theirs = runBy(SYSTEM_NODE, words)
      expect(theirs).toEqual(run(...words))
      expect(theirs.status).toBe(status)
    }
  })

  it.each(['.', './', '../folder', '../folder/.'])('finds the package in the folder it is run from: %s', (name) => {
    const done = runBy(process.execPath, [name, '--anchor', '../anchor.pem', ...AT], place('folder'))
    expect([done.status, done.stderr]).toEqual([0, ''])
  })

  it('says which files of a folder it did not look at', () => {
    const { stderr } = run('used', ...TRUST)
    expect(stderr).toMatch(/^countersign-verify: not of the package, ignored: /)
    for (const name of ['trusted.pem', 'signed.txt', 'data/.DS_Store', 'evidence/Thumbs.db', 'desktop.ini'])
      expect(stderr).toContain(name)
  })

  it('says the same as JSON', () => {
    const report = JSON.parse(run('export.zip', '--json', ...TRUST).stdout) as Report
    expect(report.indication).toBe('TOTAL-PASSED')
    expect(report.checks.find(({ check }) => check === 'entry-signatures')?.facts['checked']).toBe(616)
    expect((JSON.parse(run('changed.zip', '--json', ...TRUST).stdout) as Report).subIndication).toBe('HASH_FAILURE')
  })

  it('tells people, in their language, with the verdict first', () => {
    expect(run('export.zip', ...TRUST).stdout).toMatch(/^TOTAL-PASSED\nEvery check that counts has passed\./)
    const italian = run('changed.zip', '--lang', 'it', ...TRUST).stdout
    expect(italian).toMatch(/^TOTAL-FAILED \/ HASH_FAILURE\n/)
    expect(italian.split('\n')[2]).toMatch(/^\[NO\] /)
    expect(italian).toContain('cambiati dopo la firma: data/audit.csv')
  })

  it('tells what it was asked to leave out, and whom it trusted', () => {
    const { stdout } = run('export.zip', '--quick', '--no-revocation', ...TRUST)
    expect(stdout).toContain('Revocation was not looked at, as asked for')
    expect(stdout).toContain('Signatures of entries were not checked, as asked for')
    expect(stdout).toContain('Judged for: 2026-11-22T12:00:00.000Z')
    expect(stdout).toMatch(/\nTrusted: .*\(SHA-256 [0-9a-f]{64}\)/)
    const { given } = JSON.parse(run('export.zip', '--json', '--quick', ...TRUST).stdout) as Report
    expect(given).toMatchObject({ depth: 'quick', revocation: 'require', at: '2026-11-22T12:00:00.000Z' })
    expect(run('export.zip', ...TRUST).stdout).not.toContain('as asked for')
  })

  it('lets no file speak to the terminal', () => {
    expect(run('escape.txt', ...TRUST).stdout).not.toContain('\u001b')
  })
})
