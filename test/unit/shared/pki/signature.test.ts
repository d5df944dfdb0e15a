import { describe, expect, it } from 'vitest'
import {
  ecdsaDerToRaw,
  ecdsaRawToDer,
  encodeSignatureAlgorithm,
  fromHex,
  keyAlgorithmOf,
  parseSignatureAlgorithm,
  publicKeyInfo,
  toHex,
  verifySignature,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import { signWith, testKey, verdict } from './authority.ts'

const ALL: readonly SignatureAlgorithm[] = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'rsa-pss-sha512',
  'ed25519',
]
const data = new TextEncoder().encode('statement')
const rsa = testKey('rsa-sha256')
const keyFor = (algorithm: SignatureAlgorithm) => (algorithm.startsWith('rsa') ? rsa : testKey(algorithm))

describe('when a signature is verified', () => {
  it.each(ALL)('accepts %s and refuses it over other data, by another key, cut short', (algorithm) => {
    const { spki, privateKey } = keyFor(algorithm)
    const signature = signWith(privateKey, algorithm, data)
    const other = algorithm.startsWith('rsa') ? testKey('rsa-sha256') : testKey(algorithm)
    const run = (change: object) => verdict(() => verifySignature({ algorithm, spki, data, signature, ...change }))
    expect(run({})).toBe('ok')
    expect(run({ data: data.subarray(1) })).toBe('bad-signature')
    expect(run({ spki: other.spki })).toBe('bad-signature')
    expect(run({ signature: signature.subarray(1) })).toBe('bad-signature')
    expect(run({ signature: new Uint8Array(0) })).toBe('bad-signature')
    expect(run({ algorithm: algorithm === 'ed25519' ? 'rsa-sha256' : 'ed25519' })).toBe('bad-signature')
  })

  it.each(['rsa-md5', 'rsa-sha1', 'ecdsa-sha1'] as const)('refuses %s before looking at the key', (algorithm) => {
    expect(verdict(() => verifySignature({ algorithm, spki: rsa.spki, data, signature: data }))).toBe('weak-hash')
  })

  it.each(ALL)('reads back what it writes: %s', (algorithm) => {
    expect(parseSignatureAlgorithm(encodeSignatureAlgorithm(algorithm))).toBe(algorithm)
  })

  it.each([
    ['ECDSA with NULL parameters', '300c06082a8648ce3d0403020500'],
    ['RSA without parameters', '300b06092a864886f70d01010b'],
    ['Ed448', '300506032b6571'],
  ])('refuses %s', (_, hex) => {
    expect(verdict(() => parseSignatureAlgorithm(fromHex(hex)))).toBe('unsupported-algorithm')
  })
})

describe('when an ECDSA signature changes form', () => {
  it.each([
    ['P-256', 32, 'ecdsa-sha256'],
    ['P-384', 48, 'ecdsa-sha384'],
    ['P-521', 66, 'ecdsa-sha512'],
  ] as const)('goes to r‖s and back: %s', async (_, octets, algorithm) => {
    const key = testKey(algorithm)
    for (let i = 0; i < 20; i++) {
      const der = await key.sign(Uint8Array.of(i))
      const raw = ecdsaDerToRaw(der, octets)
      expect(raw).toHaveLength(2 * octets)
      expect(toHex(ecdsaRawToDer(raw))).toBe(toHex(der))
    }
  })

  it('keeps leading zeros of r and s', () => {
    const raw = fromHex(`00ff${'00'.repeat(30)}${'00'.repeat(31)}01`)
    expect(ecdsaDerToRaw(ecdsaRawToDer(raw), 32)).toEqual(raw)
  })

  it.each([
    ['odd r‖s', () => ecdsaRawToDer(new Uint8Array(63)), 'invalid-input'],
    ['no r‖s', () => ecdsaRawToDer(new Uint8Array(0)), 'invalid-input'],
    ['negative r', () => ecdsaDerToRaw(fromHex('3006020181020101'), 32), 'malformed'],
    ['r too long', () => ecdsaDerToRaw(fromHex(`30260221${'11'.repeat(33)}020101`), 32), 'malformed'],
    ['three integers', () => ecdsaDerToRaw(fromHex('3009020101020101020101'), 32), 'malformed'],
  ])('refuses %s', (_, act, expected) => {
    expect(verdict(act)).toBe(expected)
  })
})

describe('when a public key is read', () => {
  it.each([
    ['ecdsa-sha256', 'ecdsa-p256'],
    ['ecdsa-sha384', 'ecdsa-p384'],
    ['ecdsa-sha512', 'ecdsa-p521'],
    ['rsa-sha256', 'rsa-2048'],
    ['ed25519', 'ed25519'],
  ] as const)('names the key of %s', (algorithm, expected) => {
    expect(keyAlgorithmOf(publicKeyInfo(testKey(algorithm).spki))).toBe(expected)
  })

  const p256 = toHex(testKey('ecdsa-sha256').spki)
  it.each([
    ['compressed point', '3039301306072a8648ce3d020106082a8648ce3d03010703220002'.concat('11'.repeat(32)), 'malformed'],
    ['unknown curve', p256.replace('06082a8648ce3d030107', '06082a8648ce3d030106'), 'unsupported-algorithm'],
    ['trailing octet', `${p256}00`, 'malformed'],
    ['X25519', `302a300506032b656e032100${'11'.repeat(32)}`, 'unsupported-algorithm'],
    ['RSA exponent 3', '301b300d06092a864886f70d0101010500030a003007020200c1020103', 'weak-key'],
    ['RSA even exponent', '301d300d06092a864886f70d0101010500030c003009020200c10203010000', 'malformed'],
  ])('refuses %s', (_, hex, expected) => {
    expect(verdict(() => publicKeyInfo(fromHex(hex)))).toBe(expected)
  })
})
