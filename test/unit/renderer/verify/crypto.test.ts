import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as browserAudit from '../../../../renderer/verify/crypto/audit-crypto.ts'
import {
  sha256 as browserSha256,
  sha256Text as browserSha256Text,
} from '../../../../renderer/verify/crypto/audit-sha256.ts'
import { BrowserBuffer } from '../../../../renderer/verify/crypto/buffer.ts'
import * as browserHash from '../../../../renderer/verify/crypto/hash-state.ts'
import * as browser from '../../../../renderer/verify/crypto/pki-crypto.ts'
import * as hashState from '../../../../shared/ades/hash-state.ts'
import { encodeBase64url } from '../../../../shared/audit/base64url.ts'
import { sha256, sha256Text } from '../../../../shared/audit/bytes.ts'
import * as nodeAudit from '../../../../shared/audit/crypto.ts'
import * as node from '../../../../shared/pki/crypto.ts'
import type { SignatureAlgorithm } from '../../../../shared/pki/index.ts'
import { testKey, type TestKey } from '../../shared/pki/authority.ts'

const DATA = new TextEncoder().encode('what was signed')

const KEYS: readonly (readonly [SignatureAlgorithm, TestKey])[] = [
  ['ecdsa-sha256', testKey('ecdsa-sha256')],
  ['ecdsa-sha384', testKey('ecdsa-sha384')],
  ['ecdsa-sha512', testKey('ecdsa-sha512')],
  ['ed25519', testKey('ed25519')],
  ['rsa-sha256', testKey('rsa-sha256', 2048)],
  ['rsa-sha384', testKey('rsa-sha384', 3072)],
  ['rsa-sha512', testKey('rsa-sha512', 4096)],
  ['rsa-pss-sha256', testKey('rsa-pss-sha256', 2048)],
  ['rsa-pss-sha384', testKey('rsa-pss-sha384', 3072)],
  ['rsa-pss-sha512', testKey('rsa-pss-sha512', 4096)],
  ['rsa-pss-sha512', testKey('rsa-pss-sha512', 2048)],
  // A modulus whose length is no whole number of octets.
  ['rsa-pss-sha256', testKey('rsa-pss-sha256', 2049)],
  ['rsa-sha256', testKey('rsa-sha256', 2050)],
]

const flipped = (bytes: Uint8Array, place: number): Uint8Array => {
  const made = bytes.slice()
  made[place] = (made[place] ?? 0) ^ 1
  return made
}

describe('when signatures are checked without node:crypto', () => {
  it.each(KEYS)('says of %s what node:crypto says', async (algorithm, key) => {
    const signature = await key.sign(DATA)
    expect(browser.isSignedBy(algorithm, key.spki, DATA, signature)).toBe(true)
    const bad = [
      ...[0, 1, 2, 3, 4, 5, 40, signature.length - 1].map((place) => flipped(signature, place)),
      signature.subarray(0, -1),
      new Uint8Array([...signature, 0]),
      new Uint8Array(signature.length),
      new Uint8Array(signature.length).fill(0xff),
      new Uint8Array(0),
    ]
    for (const one of bad) {
      expect(browser.isSignedBy(algorithm, key.spki, DATA, one)).toBe(node.isSignedBy(algorithm, key.spki, DATA, one))
      expect(browser.isSignedBy(algorithm, key.spki, DATA, one)).toBe(false)
    }
    expect(browser.isSignedBy(algorithm, key.spki, flipped(DATA, 0), signature)).toBe(false)
    expect(browser.isSignedBy(algorithm, KEYS[0]?.[1].spki ?? key.spki, flipped(DATA, 0), signature)).toBe(false)
  })

  it('says the same where RSA keys are asked by another scheme or hash', async () => {
    const rsa = KEYS.filter(([algorithm]) => algorithm.startsWith('rsa-'))
    for (const [made, key] of rsa.slice(0, 4)) {
      const signature = await key.sign(DATA)
      for (const [asked] of rsa)
        expect([made, asked, browser.isSignedBy(asked, key.spki, DATA, signature)]).toEqual([
          made,
          asked,
          node.isSignedBy(asked, key.spki, DATA, signature),
        ])
    }
  })

  it('says no of a point off the curve and of bytes that are no key', () => {
    const [, key] = KEYS[0] ?? []
    for (const spki of [flipped(key?.spki ?? DATA, 60), new Uint8Array(0), DATA]) {
      expect(browser.isSignedBy('ecdsa-sha256', spki, DATA, DATA)).toBe(false)
      expect(browserAudit.keyAlgorithmOf(new Uint8Array(0))).toBe(null)
    }
  })

  it('refuses a PKCS#1 signature whose padding is not all there', () => {
    // The classic of forged signatures with a small exponent, put together with a key of our own.
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 65_537 })
    const jwk = privateKey.export({ format: 'jwk' })
    const number = (text: string | undefined) => BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex')}`)
    const [n, d] = [number(jwk.n), number(jwk.d)]
    const power = (base: bigint, exponent: bigint): bigint => {
      let [result, square] = [1n, base]
      for (let rest = exponent; rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = (result * square) % n
        square = (square * square) % n
      }
      return result
    }
    const info = Buffer.concat([
      Buffer.from('3031300d060960864801650304020105000420', 'hex'),
      Buffer.from(node.digest('sha256', DATA)),
    ])
    const block = (padding: number) =>
      Buffer.concat([
        Buffer.from([0, 1]),
        Buffer.alloc(padding, 255),
        Buffer.from([0]),
        info,
        randomBytes(256 - 3 - padding - info.length),
      ])
    const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
    for (const [padding, valid] of [
      [256 - 3 - info.length, true],
      [8, false],
    ] as const) {
      const signature = new Uint8Array(
        Buffer.from(
          power(BigInt(`0x${block(padding).toString('hex')}`), d)
            .toString(16)
            .padStart(512, '0'),
          'hex',
        ),
      )
      expect(node.isSignedBy('rsa-sha256', spki, DATA, signature)).toBe(valid)
      expect(browser.isSignedBy('rsa-sha256', spki, DATA, signature)).toBe(valid)
    }
  })

  it('names and checks keys of a chain alike', async () => {
    const [ours, theirs] = [browserAudit.createSignatureVerifier(), nodeAudit.createSignatureVerifier()]
    for (const [, key] of KEYS) {
      expect(createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }).type).toBe('public')
      expect(browserAudit.keyAlgorithmOf(key.spki)).toBe(nodeAudit.keyAlgorithmOf(key.spki))
      expect(browserAudit.keyIdOf(key.spki)).toBe(nodeAudit.keyIdOf(key.spki))
      const signature = await key.sign(DATA)
      expect(ours(key.spki, DATA, signature)).toBe(theirs(key.spki, DATA, signature))
      expect(ours(key.spki, DATA, flipped(signature, 9))).toBe(false)
    }
  })
})

describe('when bytes are digested without node:crypto', () => {
  it.each([0, 1, 63, 64, 65, 5000])('gives the same of %i bytes', (length) => {
    const bytes = new Uint8Array(randomBytes(length))
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      expect(browser.digest(hash, bytes, DATA)).toEqual(node.digest(hash, bytes, DATA))
      const [ours, theirs] = [browserHash.hashState(hash), hashState.hashState(hash)]
      for (const state of [ours, theirs]) {
        state.update(bytes)
        state.update('caff\u00e8 \u{1f600}')
      }
      expect(ours.copy().digest()).toEqual(theirs.copy().digest())
      ours.update(DATA)
      theirs.update(DATA)
      expect(ours.digest()).toEqual(theirs.digest())
      const alone = browserHash.hashState(hash)
      alone.update(bytes)
      expect(alone.copy().digest()).toEqual(node.digest(hash, bytes))
    }
    expect(browser.sha1Name(bytes)).toEqual(node.sha1Name(bytes))
    expect(browserSha256(bytes, DATA)).toEqual(sha256(bytes, DATA))
    // As text too, of few bytes and of more than are gathered in one piece.
    for (const long of [bytes, randomBytes(5000)]) {
      expect(sha256Text(long, DATA)).toBe(encodeBase64url(sha256(long, DATA)))
      expect(browserSha256Text(long, DATA)).toBe(sha256Text(long, DATA))
    }
  })
})

describe('when there is no Buffer', () => {
  it.each(['utf8', 'latin1', 'hex', 'base64', 'base64url'] as const)('reads and writes %s as Node does', (encoding) => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = randomBytes(length)
      const ours = BrowserBuffer.from(bytes) as unknown as BrowserBuffer
      expect(ours.toString(encoding)).toBe(bytes.toString(encoding))
      const text = bytes.toString(encoding)
      expect([...(BrowserBuffer.from(text, encoding) as Uint8Array)]).toEqual([...Buffer.from(text, encoding)])
    }
  })

  it.each(['AA', 'A', 'AAA', 'AA==', 'A-_/', 'AA=A', 'A A', '', '!!!!', 'QUJDRA'])(
    'reads %j as base64 as Node does',
    (text) => {
      for (const encoding of ['base64', 'base64url'] as const)
        expect([...(BrowserBuffer.from(text, encoding) as Uint8Array)]).toEqual([...Buffer.from(text, encoding)])
    },
  )
})
