import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { digest } from '../../../../shared/pki/crypto.ts'
import * as der from '../../../../shared/pki/der-write.ts'
import {
  buildTimeStampRequest,
  OID,
  parseTimeStampResponse,
  PkiError,
  timeStampTokenOf,
  verifyTimeStampResponse,
  verifyTimeStampToken,
  type RevocationReason,
  type SignatureAlgorithm,
  type TimeStampToVerify,
} from '../../../../shared/pki/index.ts'
import {
  AT,
  certify,
  crlOf,
  days,
  rootAuthority,
  subAuthority,
  testKey,
  verdict,
  type CertificateOptions,
} from './authority.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from './fuzz.ts'
import { makeToken, respond, sha1Imprint, TEST_POLICY, type TokenParts } from './tsa.ts'

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS })

const TSA_FIELDS: CertificateOptions = {
  name: 'Time',
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: [OID.timeStamping],
  extendedKeyUsageCritical: true,
}
const root = await rootAuthority()
const sub = await subAuthority(root)
const key = testKey('ecdsa-sha256')
const certificate = await certify(key, sub, TSA_FIELDS)
const twin = await certify(key, sub, TSA_FIELDS)
const data = new TextEncoder().encode('checkpoint')
const nonce = Uint8Array.of(0, 0, 0x81, 2, 3, 4, 5, 6, 7, 8)
const NORMAL: TokenParts = { key, certificate, chain: [sub.certificate], imprint: digest('sha256', data), nonce }
const WANTED = {
  imprint: { hash: 'sha256', digest: digest('sha256', data) },
  nonce,
  policies: [TEST_POLICY],
  now: AT,
  anchors: [root.certificate],
  revocation: 'none',
} as const
const token = await makeToken(NORMAL)

describe('when a time-stamp is asked for', () => {
  const fields = { hash: 'sha256', digest: digest('sha256', data), nonce } as const
  it('writes digest, nonce, policy and the wish for certificates', () => {
    const request = Buffer.from(buildTimeStampRequest({ ...fields, policy: TEST_POLICY }))
    expect(request.includes(Buffer.from(fields.digest))).toBe(true)
    expect(request.includes(Buffer.from(der.writeUnsigned(nonce)))).toBe(true)
    expect(request.includes(Buffer.from(der.writeOid(TEST_POLICY)))).toBe(true)
    expect([...request.subarray(-3)]).toEqual([1, 1, 0xff])
  })

  it.each([
    ['a short nonce', { nonce: new Uint8Array(7) }],
    ['a long nonce', { nonce: new Uint8Array(33) }],
    ['a digest of another hash', { digest: new Uint8Array(48) }],
    ['a policy that is no OID', { policy: 'my policy' }],
  ])('refuses %s', (_, change) => {
    expect(verdict(() => buildTimeStampRequest({ ...fields, ...change }))).toBe('invalid-input')
  })
})

describe('when an authority answers', () => {
  const status = (...parts: readonly Uint8Array[]) => der.writeSequence(der.writeSequence(...parts))
  it('says why it refused, in words', () => {
    const answer = status(
      der.writeInteger(2),
      der.writeSequence(der.writeUtf8('not today')),
      der.writeNamedBits([0, 14, 25]),
    )
    const response = parseTimeStampResponse(answer)
    expect(response).toMatchObject({ status: 'rejection', token: null, texts: ['not today'] })
    expect(response.failures).toEqual([
      'unrecognized or unsupported algorithm identifier',
      "the authority's time source is not available",
      'system failure',
    ])
    expect(verdict(() => timeStampTokenOf(response))).toBe('tsp-status')
  })

  it.each([
    ['granted', respond(0, token), 'ok'],
    ['granted with modifications', respond(1, token), 'ok'],
    ['waiting', respond(3), 'tsp-status'],
    ['granted without a token', respond(0), 'malformed'],
    ['rejected with a token', respond(2, token), 'malformed'],
    ['a status of its own', respond(6), 'malformed'],
    ['something after the token', respond(0, token, der.writeNull()), 'malformed'],
    [
      'granted with a failure',
      der.writeSequence(status(der.writeInteger(0), der.writeNamedBits([0])), token),
      'malformed',
    ],
    ['an empty text', status(der.writeInteger(2), der.writeSequence()), 'malformed'],
    ['a text of another kind', status(der.writeInteger(2), der.writeSequence(der.writePrintable('no'))), 'malformed'],
    ['too much', new Uint8Array(300_000), 'too-large'],
  ])('judges: %s', (_, answer, expected) => {
    expect(verdict(() => verifyTimeStampResponse(answer, WANTED))).toBe(expected)
  })
})

const of = async (options: CertificateOptions, more: Partial<TokenParts> = {}) =>
  makeToken({ ...NORMAL, certificate: await certify(key, sub, { ...TSA_FIELDS, ...options }), ...more })
const rows: [string, Uint8Array, object, string][] = [
  ['as it should be', token, {}, 'ok'],
  ['verified again without the nonce', token, { nonce: undefined }, 'ok'],
  ['any policy will do', token, { policies: undefined }, 'ok'],
  ['the older certificate identifier', await makeToken({ ...NORMAL, ess: ['v1'] }), {}, 'ok'],
  ['another imprint', await makeToken({ ...NORMAL, imprint: digest('sha256', nonce) }), {}, 'tsp-imprint'],
  [
    'an imprint by another hash',
    await makeToken({ ...NORMAL, hash: 'sha384', imprint: digest('sha384', data) }),
    {},
    'tsp-imprint',
  ],
  ['an imprint by SHA-1', await makeToken({ ...NORMAL, ...sha1Imprint }), {}, 'weak-hash'],
  ['an imprint too short', await makeToken({ ...NORMAL, imprint: new Uint8Array(31) }), {}, 'malformed'],
  ['another nonce', await makeToken({ ...NORMAL, nonce: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }), {}, 'tsp-nonce'],
  ['no nonce', await makeToken({ ...NORMAL, nonce: null }), {}, 'tsp-nonce'],
  ['another policy', await makeToken({ ...NORMAL, policy: '1.2.3' }), {}, 'tsp-policy'],
  ['a time to come', await makeToken({ ...NORMAL, genTime: '20261122120101Z' }), {}, 'tsp-time'],
  ['a time within the skew', await makeToken({ ...NORMAL, genTime: '20261122120059Z' }), {}, 'ok'],
  ['a time before the certificate', await makeToken({ ...NORMAL, genTime: '20260101120000Z' }), {}, 'not-yet-valid'],
  ['a certificate over at that time', await of({ notAfter: days(-1) }), {}, 'expired'],
  ['no purpose', await of({ extendedKeyUsage: [] }), {}, 'eku'],
  ['another purpose', await of({ extendedKeyUsage: [OID.clientAuth] }), {}, 'eku'],
  ['two purposes', await of({ extendedKeyUsage: [OID.timeStamping, OID.clientAuth] }), {}, 'eku'],
  ['a purpose not critical', await of({ extendedKeyUsageCritical: false }), {}, 'eku'],
  ['a key for other things', await of({ keyUsage: ['keyEncipherment'] }), {}, 'key-usage'],
  [
    'the certificate identifier of a twin',
    await makeToken({ ...NORMAL, essCertificate: twin }),
    {},
    'signer-certificate',
  ],
  [
    'the older identifier of a twin',
    await makeToken({ ...NORMAL, essCertificate: twin, ess: ['v1'] }),
    {},
    'signer-certificate',
  ],
  ['no certificate identifier', await makeToken({ ...NORMAL, ess: [] }), {}, 'missing-attribute'],
  ['a signer that is not carried', await makeToken({ ...NORMAL, sid: twin }), {}, 'signer-certificate'],
  ['two signers', await makeToken({ ...NORMAL, infos: 2 }), {}, 'signer-count'],
  ['no signer', await makeToken({ ...NORMAL, infos: 0 }), {}, 'signer-count'],
  ['content of another type', await makeToken({ ...NORMAL, contentType: OID.data }), {}, 'content-type'],
  ['another version inside', await makeToken({ ...NORMAL, version: 2 }), {}, 'unsupported-version'],
  [
    'the name of another authority',
    await makeToken({ ...NORMAL, tsa: der.tlv(0xa4, sub.certificate.subject.der) }),
    {},
    'tsp-authority',
  ],
  [
    'a name of another kind',
    await makeToken({ ...NORMAL, tsa: der.tlv(0x82, Uint8Array.of(65)) }),
    {},
    'tsp-authority',
  ],
  [
    'a critical extension',
    await makeToken({
      ...NORMAL,
      extensions: der.writeSequence(der.writeOid('1.2.3'), der.writeBoolean(true), der.writeOctets(nonce)),
    }),
    {},
    'critical-extension',
  ],
  [
    'another extension',
    await makeToken({ ...NORMAL, extensions: der.writeSequence(der.writeOid('1.2.3'), der.writeOctets(nonce)) }),
    {},
    'ok',
  ],
  ['ordering FALSE written', await makeToken({ ...NORMAL, ordering: der.writeBoolean(false) }), {}, 'malformed'],
  [
    'accuracy of 1000 ms',
    await makeToken({ ...NORMAL, accuracy: der.writeSequence(der.tlv(0x80, Uint8Array.of(3, 0xe8))) }),
    {},
    'malformed',
  ],
  ['a fraction with a trailing zero', await makeToken({ ...NORMAL, genTime: '20261122115959.10Z' }), {}, 'malformed'],
  ['a time without seconds', await makeToken({ ...NORMAL, genTime: '202611221159Z' }), {}, 'malformed'],
  ['a time with an offset', await makeToken({ ...NORMAL, genTime: '20261122115959+0100' }), {}, 'malformed'],
  ['a day that is none', await makeToken({ ...NORMAL, genTime: '20260231115959Z' }), {}, 'malformed'],
  ['a negative serial', await makeToken({ ...NORMAL, serial: der.tlv(2, Uint8Array.of(0x80)) }), {}, 'malformed'],
  ['no anchor', token, { anchors: [] }, 'untrusted'],
  ['no revocation data', token, { revocation: 'require' }, 'no-revocation-data'],
  ['a foreign root', token, { anchors: [(await rootAuthority()).certificate] }, 'untrusted'],
]

describe('when a token is verified', () => {
  it('gives time, accuracy, serial, policy and the path', async () => {
    const accuracy = der.writeSequence(
      der.writeInteger(1),
      der.tlv(0x80, Uint8Array.of(5)),
      der.tlv(0x81, Uint8Array.of(7)),
    )
    const made = await makeToken({
      ...NORMAL,
      accuracy,
      ordering: der.writeBoolean(true),
      genTime: '20261122115959.123456Z',
      tsa: der.tlv(0xa4, certificate.subject.der),
      ess: ['v1', 'v2'],
    })
    const verified = verifyTimeStampToken(made, WANTED)
    expect(verified).toMatchObject({
      genTime: new Date('2026-11-22T11:59:59.123Z'),
      genTimeText: '20261122115959.123456Z',
      accuracyMicros: 1_005_007,
      serial: '4d',
      policy: TEST_POLICY,
      hash: 'sha256',
      signatureAlgorithm: 'ecdsa-sha256',
    })
    expect(verified.path.map((one) => one.subject.commonName)).toEqual(['Time', 'Issuing', 'Root'])
  })

  it.each<SignatureAlgorithm>(['rsa-sha256', 'rsa-pss-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'ed25519'])(
    'takes a token signed with %s',
    async (algorithm) => {
      const own = testKey(algorithm)
      const made = await makeToken({
        ...NORMAL,
        key: own,
        certificate: await certify(own, sub, TSA_FIELDS),
        cmsHash: 'sha512',
      })
      expect(verifyTimeStampToken(made, WANTED).signatureAlgorithm).toBe(algorithm)
    },
  )

  it.each(rows)('judges: %s', (_, made, change, expected) => {
    expect(verdict(() => verifyTimeStampToken(made, { ...WANTED, ...change } as typeof WANTED))).toBe(expected)
  })

  it('is held to the lists of its issuers', async () => {
    const times = { thisUpdate: days(-1), nextUpdate: days(1) }
    const good = [await crlOf(root, [], times), await crlOf(sub, [], times)]
    const revoked = [{ serial: certificate.serial, at: days(-2), reason: 'keyCompromise' as const }]
    const bad = [await crlOf(root, [], times), await crlOf(sub, revoked, times)]
    const wanted = { ...WANTED, revocation: 'require' as const }
    expect(verdict(() => verifyTimeStampToken(token, { ...wanted, crls: good }))).toBe('ok')
    expect(verdict(() => verifyTimeStampToken(token, { ...wanted, crls: bad }))).toBe('revoked')
  })

  it.each<[string, RevocationReason, Partial<TimeStampToVerify>, string]>([
    ['its key lost since', 'keyCompromise', {}, 'revoked'],
    ['revoked since, no reason given', 'unspecified', {}, 'revoked'],
    ['put on hold since', 'certificateHold', {}, 'on-hold'],
    ['out of service since', 'cessationOfOperation', {}, 'ok'],
    ['replaced since', 'superseded', {}, 'ok'],
    ['its key lost since, the token older by something newer', 'keyCompromise', { existedBy: days(1) }, 'ok'],
    ['its key lost before that', 'keyCompromise', { existedBy: days(3) }, 'revoked'],
  ])('judges a token of an authority %s', async (_, reason, change, expected) => {
    const times = { thisUpdate: days(4), nextUpdate: days(5) }
    const entry = { serial: certificate.serial, at: days(2), reason }
    const crls = [await crlOf(root, [], times), await crlOf(sub, [entry], times)]
    const wanted = { ...WANTED, revocation: 'require' as const, now: days(4), crls, ...change }
    expect(verdict(() => verifyTimeStampToken(token, wanted))).toBe(expected)
  })

  it('never verifies after one flipped bit', () => {
    for (let at = 0; at < token.length; at++) {
      const altered = Uint8Array.from(token)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      expect(() => verifyTimeStampToken(altered, WANTED), `octet ${at}`).toThrow(PkiError)
    }
  })

  it('gives a value or a PkiError, whatever the bytes', () => {
    const answer = respond(0, token)
    const edits = fc.array(fc.tuple(fc.nat(answer.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(edits, fc.nat(answer.length), (list, length) => {
        const altered = Uint8Array.from(answer)
        for (const [at, value] of list) altered[at] = value
        verdict(() => verifyTimeStampResponse(altered, WANTED))
        verdict(() => parseTimeStampResponse(altered.subarray(0, length)))
      }),
      { numRuns: fuzzRuns() },
    )
  })
})
