import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifyBareSignature, type Report } from '../../../shared/exports/index.ts'
import type { SignatureAlgorithm } from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { optionsOf, readerOf } from '../../unit/shared/exports/kit.ts'
import {
  certify,
  crlOf,
  LEAF_FIELDS,
  rootAuthority,
  testKey,
  type Authority,
  type TestKey,
} from '../../unit/shared/pki/authority.ts'
import { OpensslFolder } from '../pki/openssl.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())

const NOW = new Date(Math.floor(Date.now() / 60_000) * 60_000)
const day = (count: number): Date => new Date(NOW.getTime() + count * 86_400_000)
const LIFE = { notBefore: day(-5), notAfter: day(5) }
const CONTENT = new TextEncoder().encode('what somebody else signed\n'.repeat(5000))
const ALGORITHMS = ['rsa-sha256', 'ecdsa-sha256', 'ecdsa-sha384'] as const satisfies readonly SignatureAlgorithm[]

let root: Authority
const keys = new Map<SignatureAlgorithm, TestKey>()

beforeAll(async () => {
  root = await rootAuthority(LIFE)
  folder.write('content.bin', CONTENT)
  for (const algorithm of ALGORITHMS) {
    const key = testKey(algorithm)
    const leaf = await certify(key, root, { name: `Someone ${algorithm}`, ...LEAF_FIELDS, ...LIFE })
    keys.set(algorithm, key)
    folder.write(`${algorithm}.der`, leaf.der)
    folder.write(`${algorithm}.p8`, key.privateKey.export({ type: 'pkcs8', format: 'der' }))
    folder.write(`${algorithm}.pem`, key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    folder.run('x509', '-inform', 'DER', '-in', `${algorithm}.der`, '-out', `${algorithm}.crt`)
  }
})

const judge = async (name: string, isDetached: boolean, content = CONTENT): Promise<Report> =>
  verifyBareSignature(
    { signature: folder.read(name), content: isDetached ? readerOf(content) : null, name: null },
    {
      ...optionsOf({ root, key: keys.get('rsa-sha256')!, leaf: root.certificate, crl: new Uint8Array(0) }),
      crls: [await crlOf(root, [], { thisUpdate: day(-1), nextUpdate: day(1) })],
      now: NOW,
    },
  )

const verdictOf = async (name: string, isDetached: boolean): Promise<void> => {
  const report = await judge(name, isDetached)
  expect(report.checks.map(({ facts }) => facts['reason'] ?? null)).toEqual([null])
  expect(report.indication).toBe('TOTAL-PASSED')
  if (!isDetached) return
  expect((await judge(name, true, CONTENT.subarray(1))).subIndication).toBe('HASH_FAILURE')
}

describeWith(['openssl'], 'when OpenSSL signed', () => {
  const sign = (algorithm: SignatureAlgorithm, out: string, ...more: readonly string[]): string =>
    folder.run(
      'cms',
      '-sign',
      '-cades',
      '-binary',
      '-in',
      'content.bin',
      '-signer',
      `${algorithm}.crt`,
      '-inkey',
      `${algorithm}.pem`,
      '-md',
      algorithm.endsWith('384') ? 'sha384' : 'sha256',
      '-out',
      out,
      ...more,
    )

  it.each(ALGORITHMS)('passes by %s detached, attached, streamed and as PEM', async (algorithm) => {
    sign(algorithm, 'detached.p7s', '-outform', 'DER')
    await verdictOf('detached.p7s', true)
    sign(algorithm, 'attached.p7m', '-outform', 'DER', '-nodetach')
    await verdictOf('attached.p7m', false)
    await verdictOf('attached.p7m', true)
    sign(algorithm, 'streamed.p7m', '-outform', 'DER', '-nodetach', '-stream')
    expect(folder.read('streamed.p7m')[1]).toBe(0x80)
    await verdictOf('streamed.p7m', false)
    sign(algorithm, 'detached.pem', '-outform', 'PEM')
    await verdictOf('detached.pem', true)
  })

  it('passes where two signed', async () => {
    sign('rsa-sha256', 'one.p7s', '-outform', 'DER')
    folder.run(
      'cms',
      '-resign',
      '-cades',
      '-inform',
      'DER',
      '-in',
      'one.p7s',
      '-content',
      'content.bin',
      '-binary',
      '-signer',
      'ecdsa-sha256.crt',
      '-inkey',
      'ecdsa-sha256.pem',
      '-md',
      'sha256',
      '-outform',
      'DER',
      '-out',
      'two.p7s',
    )
    const report = await judge('two.p7s', true)
    expect(new Set(report.checks.map(({ subject, indication }) => `${subject} ${indication}`))).toEqual(
      new Set(['Someone ecdsa-sha256 TOTAL-PASSED', 'Someone rsa-sha256 TOTAL-PASSED']),
    )
  })

  it('does not pass without the attribute that names the certificate', async () => {
    folder.run(
      'cms',
      '-sign',
      '-binary',
      '-in',
      'content.bin',
      '-signer',
      'rsa-sha256.crt',
      '-inkey',
      'rsa-sha256.pem',
      '-md',
      'sha256',
      '-outform',
      'DER',
      '-out',
      'plain.p7s',
    )
    expect((await judge('plain.p7s', true)).indication).not.toBe('TOTAL-PASSED')
  })
})

describeWith(['default-jdk-headless', 'libbcpkix-java', 'libbcprov-java'], 'when BouncyCastle signed', () => {
  const jars = ['bcprov', 'bcpkix', 'bcutil'].map((name) => `/usr/share/java/${name}.jar`)
  const java = (program: string, ...words: readonly string[]): void => {
    const { status, stderr } = spawnSync(program, ['-cp', [...jars, folder.path].join(':'), ...words], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
  }
  beforeAll(() => java('javac', '-d', folder.path, join(import.meta.dirname, 'Maker.java')))

  it.each([
    ['rsa-sha256', 'SHA256withRSA'],
    ['ecdsa-sha256', 'SHA256withECDSA'],
    ['ecdsa-sha384', 'SHA384withECDSA'],
  ] as const)('passes by %s, detached and attached in pieces', async (algorithm, name) => {
    java('java', 'Maker', `${algorithm}.p8`, `${algorithm}.der`, name, 'content.bin', 'bc.p7s', 'bc.p7m')
    await verdictOf('bc.p7s', true)
    await verdictOf('bc.p7m', false)
  })
})
