import { describe, expect, it } from 'vitest'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import * as der from '../../../../shared/pki/der-write.ts'
import {
  buildOcspRequest,
  OID,
  parseOcspResponse,
  PkiError,
  verifyOcspResponse,
  verifyPath,
  type OcspToVerify,
  type VerifyPathOptions,
} from '../../../../shared/pki/index.ts'
import {
  AT,
  certify,
  crlOf,
  days,
  extended,
  LEAF_FIELDS,
  rootAuthority,
  subAuthority,
  testKey,
  verdict,
  type Authority,
  type CertificateOptions,
} from './authority.ts'
import { NO_CHECK, ocspAnswer, ocspResponse, ocspStatus, revokedStatus, type OcspParts } from './responder.ts'

const root = await rootAuthority()
const sub = await subAuthority(root)
const other = await subAuthority(root, { name: 'Other' })
const key = testKey('ecdsa-sha256')
const leaf = await certify(key, sub, LEAF_FIELDS)
const twin = await certify(key, sub, LEAF_FIELDS)
const nonce = new Uint8Array(32).fill(7)

const DELEGATE: CertificateOptions = {
  name: 'Responder',
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: [OID.ocspSigning],
}
const responderKey = testKey('rsa-sha256')
const appoint = async (by: Authority, options: CertificateOptions = {}, ...extensions: Uint8Array[]) =>
  extended(await certify(responderKey, by, { ...DELEGATE, ...options }), by, ...extensions)
const delegate = await appoint(sub, {}, NO_CHECK)

const BY_ISSUER: OcspParts = { certificate: leaf, issuer: sub.certificate, key: sub.key }
const BY_DELEGATE: OcspParts = { ...BY_ISSUER, key: responderKey, responder: delegate, carried: [delegate] }
const delegated = (certificate: OcspParts['certificate'], more: Partial<OcspParts> = {}): OcspParts => ({
  ...BY_DELEGATE,
  responder: certificate,
  carried: [certificate],
  ...more,
})
const judge = async (parts: OcspParts, change: Partial<OcspToVerify> = {}): Promise<string> => {
  const response = await ocspResponse(parts)
  const wanted = { response, certificate: leaf, issuer: sub.certificate, at: AT, ...change }
  return verdict(() => verifyOcspResponse(wanted))
}

describe('when a status is asked for', () => {
  it('names the certificate by its issuer and carries the nonce', () => {
    const request = Buffer.from(buildOcspRequest({ certificate: leaf, issuer: sub.certificate, nonce }))
    expect(request.includes(Buffer.from(der.writeOctets(der.writeOctets(nonce))))).toBe(true)
    expect(request.includes(Buffer.from(der.writeOid(OID.sha1)))).toBe(true)
    const plain = buildOcspRequest({ certificate: leaf, issuer: sub.certificate, idHash: 'sha256' })
    expect(Buffer.from(plain).includes(Buffer.from(der.writeOid(OID.sha256)))).toBe(true)
  })

  it.each([31, 129])('refuses a nonce of %s octets', (octets) => {
    const fields = { certificate: leaf, issuer: sub.certificate, nonce: new Uint8Array(octets) }
    expect(verdict(() => buildOcspRequest(fields))).toBe('invalid-input')
  })
})

describe('when a responder answers', () => {
  it('says good, revoked with time and reason, unknown', async () => {
    const wanted = { certificate: leaf, issuer: sub.certificate, at: AT, nonce }
    const good = verifyOcspResponse({ ...wanted, response: await ocspResponse({ ...BY_DELEGATE, nonce }) })
    expect(good).toMatchObject({ status: 'good', revoked: null, producedAt: AT, nextUpdate: days(1) })
    expect(good.responder.subject.commonName).toBe('Responder')
    const status = revokedStatus(days(-2), 1)
    const revoked = verifyOcspResponse({ ...wanted, response: await ocspResponse({ ...BY_ISSUER, nonce, status }) })
    expect(revoked.revoked).toEqual({ serial: leaf.serial, at: days(-2), reason: 'keyCompromise' })
    const response = await ocspResponse({ ...BY_ISSUER, nonce, status: 'unknown', idHash: 'sha256', byKey: true })
    expect(verifyOcspResponse({ ...wanted, response }).status).toBe('unknown')
  })

  it.each([1, 2, 3, 5, 6])('gives the reason for status %s in words', (status) => {
    expect(verdict(() => parseOcspResponse(ocspStatus(status)))).toBe('ocsp-status')
  })

  const critical = writeExtension('1.2.3', true, der.writeNull())
  const rows: [string, () => Promise<string>, string][] = [
    ['by the issuer', () => judge(BY_ISSUER), 'ok'],
    ['by the issuer, named by its key', () => judge({ ...BY_ISSUER, byKey: true }), 'ok'],
    ['by an appointed responder', () => judge(BY_DELEGATE), 'ok'],
    ['by an appointed responder, named by its key', () => judge({ ...BY_DELEGATE, byKey: true }), 'ok'],
    ['with the nonce asked for', () => judge({ ...BY_ISSUER, nonce }, { nonce }), 'ok'],
    ['without the nonce asked for', () => judge(BY_ISSUER, { nonce }), 'ocsp-nonce'],
    ['with another nonce', () => judge({ ...BY_ISSUER, nonce: new Uint8Array(32) }, { nonce }), 'ocsp-nonce'],
    ['about another certificate', () => judge({ ...BY_ISSUER, certificate: twin }), 'ocsp-certificate'],
    [
      'about the same serial of another issuer',
      () => judge({ ...BY_ISSUER, issuer: other.certificate, responder: sub.certificate }),
      'ocsp-certificate',
    ],
    [
      'about others too',
      async () =>
        judge({ ...BY_ISSUER, answers: [ocspAnswer({ ...BY_ISSUER, certificate: twin }), ocspAnswer(BY_ISSUER)] }),
      'ok',
    ],
    ['about nobody', () => judge({ ...BY_ISSUER, answers: [] }), 'ocsp-certificate'],
    ['signed by another key', () => judge({ ...BY_ISSUER, key }), 'ocsp-responder'],
    [
      'by a responder of another CA',
      async () => judge(delegated(await appoint(other, {}, NO_CHECK))),
      'ocsp-responder',
    ],
    [
      'by a responder of the CA above',
      async () => judge(delegated(await appoint(root, {}, NO_CHECK))),
      'ocsp-responder',
    ],
    [
      'by a responder of a CA of the same name',
      async () => judge(delegated(await appoint(await subAuthority(root), {}, NO_CHECK))),
      'ocsp-responder',
    ],
    [
      'by a holder of the same CA',
      async () => judge(delegated(await appoint(sub, { extendedKeyUsage: [OID.clientAuth] }, NO_CHECK))),
      'ocsp-responder',
    ],
    [
      'by a responder whose key may not sign',
      async () => judge(delegated(await appoint(sub, { keyUsage: ['keyEncipherment'] }, NO_CHECK))),
      'ocsp-responder',
    ],
    [
      'by a responder out of its time',
      async () => judge(delegated(await appoint(sub, { notAfter: days(-1) }, NO_CHECK))),
      'ocsp-responder',
    ],
    [
      'by a responder with an unknown critical extension',
      async () => judge(delegated(await appoint(sub, {}, NO_CHECK, critical))),
      'critical-extension',
    ],
    ['by a responder that is not carried', () => judge({ ...BY_DELEGATE, carried: [] }), 'ocsp-responder'],
    [
      'by a responder whose own status nobody knows',
      async () => judge(delegated(await appoint(sub))),
      'no-revocation-data',
    ],
    [
      'by a responder on a list',
      async () => {
        const own = await appoint(sub)
        const crl = await crlOf(sub, [{ serial: own.serial, at: days(-1), reason: 'keyCompromise' }])
        return judge(delegated(own), { crls: [crl] })
      },
      'revoked',
    ],
    [
      'by a responder that a list clears',
      async () => judge(delegated(await appoint(sub)), { crls: [await crlOf(sub)] }),
      'ok',
    ],
    ['too old', () => judge({ ...BY_ISSUER, thisUpdate: days(-3), nextUpdate: days(-1) }), 'stale-ocsp'],
    ['a day old without an end', () => judge({ ...BY_ISSUER, nextUpdate: null, thisUpdate: days(-1) }), 'ok'],
    [
      'two days old without an end',
      () => judge({ ...BY_ISSUER, nextUpdate: null, thisUpdate: days(-2) }),
      'stale-ocsp',
    ],
    ['of tomorrow', () => judge({ ...BY_ISSUER, thisUpdate: days(0.5) }), 'ocsp-not-yet-valid'],
    ['made tomorrow', () => judge({ ...BY_ISSUER, producedAt: days(0.5) }), 'ocsp-not-yet-valid'],
    ['that ends before it begins', () => judge({ ...BY_ISSUER, thisUpdate: AT, nextUpdate: days(-1) }), 'malformed'],
    ['of another type', () => judge({ ...BY_ISSUER, responseType: '1.2.3' }), 'unsupported-version'],
    ['with an unknown critical extension', () => judge({ ...BY_ISSUER, extensions: [critical] }), 'critical-extension'],
    ['revoked for a reason that is none', () => judge({ ...BY_ISSUER, status: revokedStatus(AT, 7) }), 'crl-reason'],
    ['taken off a list', () => judge({ ...BY_ISSUER, status: revokedStatus(AT, 8) }), 'crl-reason'],
    [
      'with a status of its own',
      () => judge({ ...BY_ISSUER, status: der.writeContext(3, new Uint8Array()) }),
      'malformed',
    ],
  ]
  it.each(rows)('judges an answer %s', async (_, act, expected) => {
    expect(await act()).toBe(expected)
  })

  it('never stands after one flipped bit', async () => {
    const response = await ocspResponse(BY_ISSUER)
    for (let at = 0; at < response.length; at++) {
      const altered = Uint8Array.from(response)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      const wanted = { response: altered, certificate: leaf, issuer: sub.certificate, at: AT }
      expect(() => verifyOcspResponse(wanted), `octet ${at}`).toThrow(PkiError)
    }
  })
})

const rootCrl = await crlOf(root)
const subCrl = await crlOf(sub)
const good = await ocspResponse(BY_DELEGATE)
const revoked = await ocspResponse({ ...BY_ISSUER, status: revokedStatus(days(-1), 4) })
const stale = await ocspResponse({ ...BY_ISSUER, thisUpdate: days(-3), nextUpdate: days(-2) })
const unknown = await ocspResponse({ ...BY_ISSUER, status: 'unknown' })
const forged = await ocspResponse({ ...BY_ISSUER, key })
const ofSub = await ocspResponse({ certificate: sub.certificate, issuer: root.certificate, key: root.key })
const newer = await ocspResponse({ ...BY_ISSUER, thisUpdate: days(-0.5), status: revokedStatus(days(-1), 6) })
const late = await ocspResponse({
  ...BY_ISSUER,
  thisUpdate: days(2),
  producedAt: days(2),
  nextUpdate: days(3),
  status: revokedStatus(days(1), 1),
})
const serial = leaf.serial
const newerGood = await ocspResponse({ ...BY_ISSUER, thisUpdate: days(-0.25) })
const held = await ocspResponse({ ...BY_ISSUER, status: revokedStatus(days(-1), 6) })
const olderGood = await ocspResponse({ ...BY_ISSUER, thisUpdate: days(-3), producedAt: days(-3) })
const stolen = await crlOf(sub, [{ serial, at: days(-2), reason: 'keyCompromise' }], {
  thisUpdate: days(-1 / 24),
})
const superseded = await crlOf(sub, [{ serial, at: days(1), reason: 'superseded' }], {
  thisUpdate: days(1.5),
  nextUpdate: days(9),
})
const stolenLater = await crlOf(sub, [{ serial, at: days(1), reason: 'keyCompromise' }], {
  thisUpdate: days(1.5),
  nextUpdate: days(9),
})
const staleList = await crlOf(sub, [{ serial, at: days(-9), reason: 'certificateHold' }], {
  thisUpdate: days(-9),
  nextUpdate: days(-8),
})
const forgedList = await crlOf({ ...sub, key: { ...key, spki: sub.key.spki } }, [
  { serial, at: days(-2), reason: 'keyCompromise' },
])
const PAST = { knownAt: days(2), existedBy: days(1.2) }
const SOURCES: [string, Partial<VerifyPathOptions>, string][] = [
  ['answers for both', { ocsp: [ofSub, good] }, 'ok'],
  ['an answer and a list', { ocsp: [good], crls: [rootCrl] }, 'ok'],
  ['an answer for the leaf only', { ocsp: [good] }, 'no-revocation-data'],
  ['revoked by the answer', { ocsp: [revoked], crls: [rootCrl, subCrl] }, 'revoked'],
  ['the newer of two answers', { ocsp: [good, newer], crls: [rootCrl] }, 'on-hold'],
  ['a stale answer and a list', { ocsp: [stale], crls: [rootCrl, subCrl] }, 'ok'],
  ['a stale answer only', { ocsp: [stale], crls: [rootCrl] }, 'stale-ocsp'],
  ['unknown, and a list', { ocsp: [unknown], crls: [rootCrl, subCrl] }, 'ok'],
  ['unknown, and no list', { ocsp: [unknown], crls: [rootCrl] }, 'ocsp-unknown'],
  ['a forged answer', { ocsp: [forged], crls: [rootCrl] }, 'ocsp-responder'],
  ['no DER', { ocsp: [new Uint8Array(3)], crls: [rootCrl] }, 'malformed'],
  ['too many', { ocsp: Array.from({ length: 65 }, () => good), crls: [rootCrl] }, 'too-large'],
  ['an answer from later, revoked after the moment', { ocsp: [late], crls: [rootCrl], knownAt: days(2) }, 'ok'],
  ['good before, a list of after the theft', { ocsp: [olderGood], crls: [rootCrl, stolen] }, 'revoked'],
  ['the same, known later', { ocsp: [olderGood], crls: [rootCrl, stolen], knownAt: days(0) }, 'revoked'],
  ['the same, with a later time-stamp', { ocsp: [olderGood], crls: [rootCrl, stolen], ...PAST }, 'revoked'],
  ['good, a theft told of before the time-stamp', { ocsp: [good], crls: [rootCrl, stolenLater], ...PAST }, 'revoked'],
  ['good, superseded after the moment', { ocsp: [good], crls: [rootCrl, superseded], ...PAST }, 'ok'],
  ['good, and a stale list', { ocsp: [good], crls: [rootCrl, staleList] }, 'ok'],
  ['good, and a forged list', { ocsp: [good], crls: [rootCrl, forgedList] }, 'ok'],
  ['good after revoked', { ocsp: [newerGood, revoked], crls: [rootCrl] }, 'revoked'],
  ['good after on hold', { ocsp: [newerGood, held], crls: [rootCrl] }, 'ok'],
  ['an answer from later, not asked for', { ocsp: [late], crls: [rootCrl] }, 'ocsp-not-yet-valid'],
]

describe('when a path is judged by answers', () => {
  it.each(SOURCES)('judges: %s', (_, sources, expected) => {
    const base = { leaf, intermediates: [sub.certificate], anchors: [root.certificate], at: AT }
    expect(verdict(() => verifyPath({ ...base, revocation: 'require', ...sources }))).toBe(expected)
  })
})
