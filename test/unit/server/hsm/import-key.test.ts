import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readKeyFile } from '../../../../server/hsm/software/import-key.ts'
import { temporaryFolder } from './folders.ts'

const root = await temporaryFolder()
afterAll(() => root.remove())
const PASSPHRASE = 'passphrase of the test'
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A PKCS#12 as OpenSSL makes it, with its own certificate; `args` choose its algorithms. */
const pkcs12 = (name: string, key: KeyObject, args: readonly string[] = []): Buffer => {
  const [keyFile, certFile, out] = ['key', 'cer', 'p12'].map((end) => join(root.path, `${name}.${end}`)) as [
    string,
    string,
    string,
  ]
  writeFileSync(keyFile, key.export({ type: 'pkcs8', format: 'pem' }))
  const run = (...words: string[]) => {
    const { status, stderr } = spawnSync('openssl', words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  run('req', '-x509', '-new', '-key', keyFile, '-subj', '/CN=imported', '-days', '2', '-out', certFile)
  run('pkcs12', '-export', '-inkey', keyFile, '-in', certFile, '-out', out, '-passout', `pass:${PASSPHRASE}`, ...args)
  return readFileSync(out)
}
const reasonOf = (bytes: Buffer, passphrase = PASSPHRASE): unknown => {
  try {
    readKeyFile(bytes, passphrase)
    return 'ok'
  } catch (error) {
    const { code, detail } = error as { code: string; detail: { reason: string } }
    return `${code} ${detail.reason}`
  }
}
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const pem = (key: KeyObject, passphrase?: string): Buffer =>
  Buffer.from(
    key.export(
      passphrase === undefined
        ? { type: 'pkcs8', format: 'pem' }
        : { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase },
    ),
  )
const publicOf = (pkcs8: Buffer) =>
  createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    type: 'spki',
    format: 'pem',
  })

describe.skipIf(!hasOpenssl)('when a key comes in a PKCS#12 that OpenSSL made', () => {
  it.each([
    ['rsa', rsa, []],
    ['ec', ec, []],
    ['rsa-3des', rsa, ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
  ] as const)('takes key and certificate: %s', (name, { privateKey, publicKey }, args) => {
    const { pkcs8, certificates } = readKeyFile(pkcs12(name, privateKey, args), PASSPHRASE)
    expect(publicOf(pkcs8)).toBe(publicKey.export({ type: 'spki', format: 'pem' }))
    expect(certificates).toHaveLength(1)
  })

  it('refuses another passphrase, and bytes that were altered', () => {
    const bytes = pkcs12('altered', rsa.privateKey)
    expect(reasonOf(bytes, 'another')).toBe('REQUEST_INVALID passphrase')
    for (const at of [40, 400, bytes.length - 10]) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(reasonOf(altered)).toMatch(/^REQUEST_INVALID (passphrase|malformed|keys)$/)
    }
  })
})

describe('when a key comes as PEM', () => {
  it.each([
    ['rsa', rsa],
    ['ec', ec],
    ['ed25519', generateKeyPairSync('ed25519')],
  ] as const)('takes it encrypted: %s', (_name, { privateKey, publicKey }) => {
    const { pkcs8 } = readKeyFile(pem(privateKey, PASSPHRASE), PASSPHRASE)
    expect(publicOf(pkcs8)).toBe(publicKey.export({ type: 'spki', format: 'pem' }))
  })

  it.each([
    ['that lies open', pem(ec.privateKey), 'not-encrypted'],
    ['with two keys', Buffer.concat([pem(ec.privateKey, PASSPHRASE), pem(rsa.privateKey, PASSPHRASE)]), 'keys'],
    ['with another passphrase', pem(ec.privateKey, 'another'), 'passphrase'],
    ['that is none', Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), 'keys'],
    ['that is nothing', Buffer.from('nothing'), 'malformed'],
    ['that is too large', Buffer.alloc(300 * 1024), 'too-large'],
  ])('refuses one %s', (_what, bytes, reason) => {
    expect(reasonOf(bytes)).toBe(`REQUEST_INVALID ${reason}`)
  })
})
