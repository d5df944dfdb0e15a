import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  decodePem,
  ecdsaDerToRaw,
  parseCertificate,
  parseCrl,
  parseName,
  parseSignatureAlgorithm,
  PkiError,
  publicKeyInfo,
  signCsr,
  signData,
  toHex,
  verifyCsr,
  verifySignedData,
} from '../../../../shared/pki/index.ts'
import { AT, certify, crlOf, days, LEAF_FIELDS, rootAuthority, testKey } from './authority.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from './fuzz.ts'

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS })

const RUNS = fuzzRuns()
const root = await rootAuthority()
const key = testKey('ecdsa-sha256')
const signer = await certify(key, root, {
  ...LEAF_FIELDS,
  subjectAltName: { email: ['a@b.example'], upn: ['a@b.example'], ip: ['127.0.0.1'] },
  crlDistributionPoints: ['http://ca.example/crl'],
  ocspUrls: ['http://ca.example/ocsp'],
  policies: ['1.2.3'],
})
const content = new TextEncoder().encode('I, officer O, saw document D')
const cms = await signData({
  content,
  detached: false,
  signer: key,
  certificate: signer.der,
  chain: [root.certificate.der],
  signingTime: AT,
})
const csr = await signCsr(
  { subject: [{ type: 'CN', value: 'a' }], spki: key.spki, subjectAltName: { dns: ['a.example'] } },
  key,
)
const crl = (await crlOf(root, [{ serial: 'ab', at: days(-1), reason: 'keyCompromise' }])).der

/** Everything a verification gives back, as one text. */
function resultOf(bytes: Uint8Array): string {
  const verified = verifySignedData({ cms: bytes })
  return JSON.stringify([
    toHex(verified.content),
    toHex(verified.signerCertificate.der),
    verified.certificates.map((one) => toHex(one.der)),
    verified.signingTime,
    verified.signedAttributes.map(({ oid, value }) => [oid, toHex(value)]),
  ])
}

const original = resultOf(cms)

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const altered = Uint8Array.from(bytes)
  altered[at] = (altered[at] ?? 0) ^ mask
  return altered
}

/** The result, or `refused`; anything but a PkiError goes through and fails the test. */
function orRefused<T>(act: () => T): T | 'refused' {
  try {
    return act()
  } catch (error) {
    if (error instanceof PkiError) return 'refused'
    throw error
  }
}

describe('when a signed message is altered', () => {
  it('never verifies with the same result after one flipped bit of any octet', () => {
    for (let at = 0; at < cms.length; at++) {
      const altered = flipped(cms, at, 1 << (at % 8))
      expect(
        orRefused(() => resultOf(altered)),
        `octet ${at}`,
      ).not.toBe(original)
    }
  })

  it('never verifies with the same result after one changed octet', () => {
    const change = fc.tuple(fc.nat(cms.length - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(change, ([at, mask]) => orRefused(() => resultOf(flipped(cms, at, mask))) !== original),
      { numRuns: RUNS },
    )
  })

  it('never gives other content, whatever is cut, put in or doubled', () => {
    const change = fc.tuple(fc.nat(cms.length), fc.nat(40), fc.uint8Array({ maxLength: 20 }))
    fc.assert(
      fc.property(change, ([at, cut, put]) => {
        const altered = Uint8Array.from([...cms.subarray(0, at), ...put, ...cms.subarray(at + cut)])
        const result = orRefused(() => toHex(verifySignedData({ cms: altered }).content))
        return result === 'refused' || result === toHex(content)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('when a parser meets altered or random bytes', () => {
  const parsers: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ['certificate', signer.der, parseCertificate],
    ['request', csr, verifyCsr],
    ['revocation list', crl, parseCrl],
    ['signed data', cms, (bytes) => verifySignedData({ cms: bytes })],
    ['name', signer.subject.der, parseName],
    ['public key', key.spki, publicKeyInfo],
    ['algorithm', Uint8Array.from([0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70]), parseSignatureAlgorithm],
    ['ECDSA signature', Uint8Array.from([0x30, 6, 2, 1, 1, 2, 1, 1]), (bytes) => ecdsaDerToRaw(bytes, 32)],
    ['PEM', signer.der, (bytes) => decodePem('CERTIFICATE', Buffer.from(bytes).toString('latin1'))],
  ]
  it.each(parsers)('gives a value or a PkiError, nothing else: %s', (_, good, parse) => {
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(edits, fc.nat(good.length), (list, length) => {
        const altered = Uint8Array.from(good)
        for (const [at, value] of list) altered[at] = value
        orRefused(() => parse(altered))
        orRefused(() => parse(altered.subarray(0, length)))
      }),
      { numRuns: RUNS },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        orRefused(() => parse(bytes))
      }),
      { numRuns: RUNS },
    )
  })
})
