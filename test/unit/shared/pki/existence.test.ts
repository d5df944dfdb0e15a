import { describe, expect, it } from 'vitest'
import { digest } from '../../../../shared/pki/crypto.ts'
import {
  addArchiveTimeStamp,
  addSignatureTimeStamp,
  lastsUntil,
  OID,
  oldestOf,
  prepareArchiveTimeStamp,
  signatureImprint,
  signData,
  verifyCades,
  type CadesToVerify,
  type HashName,
} from '../../../../shared/pki/index.ts'
import { AT, certify, crlOf, days, LEAF_FIELDS, rootAuthority, testKey, verdict } from './authority.ts'
import { makeToken } from './tsa.ts'

// Signed and time-stamped on day 0, archived on day 20: the signer ends on day 10, the authorities on 30 and 60.
const LONG = { notBefore: days(-30), notAfter: days(1000) }
const root = await rootAuthority(LONG)
const key = testKey('ecdsa-sha256')
const leaf = await certify(key, root, { ...LEAF_FIELDS, notAfter: days(10) })
const authority = async (name: string, notAfter: Date) => {
  const own = testKey('ecdsa-sha256')
  const purpose = { extendedKeyUsage: [OID.timeStamping], extendedKeyUsageCritical: true }
  const fields = { keyUsage: ['digitalSignature'], ...purpose } as const
  return { key: own, certificate: await certify(own, root, { ...fields, ...LONG, name, notAfter }) }
}
const first = await authority('First time', days(30))
const second = await authority('Second time', days(60))
const content = new TextEncoder().encode('entries of the chain\n')
const digestOf = (hash: HashName) => digest(hash, content)
const stamp = (by: typeof first, imprint: Uint8Array, at: Date) =>
  makeToken({ ...by, imprint, genTime: `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z` })

const basic = await signData({ content, detached: true, signer: key, certificate: leaf.der, signingTime: AT })
const timed = addSignatureTimeStamp(basic, await stamp(first, signatureImprint(basic, 'sha256').digest, AT))
const prepared = prepareArchiveTimeStamp(timed, digestOf('sha256'), 'sha256')
const archived = addArchiveTimeStamp(timed, await stamp(second, prepared.imprint.digest, days(20)), prepared.hashIndex)

const judge = (cms: Uint8Array, now: number, existedBy: number | null, more: Partial<CadesToVerify> = {}) =>
  verifyCades({
    cms,
    digestOf,
    anchors: [root.certificate],
    revocation: 'none',
    now: days(now),
    ...(existedBy === null ? {} : { existedBy: days(existedBy) }),
    ...more,
  })

describe('when something outside proves by when a signature existed', () => {
  it.each([
    ['a signature without time, its certificate over', basic, 40, null, 'expired'],
    ['the same, existing before that', basic, 40, 5, 'ok'],
    ['the same, existing after that', basic, 40, 15, 'expired'],
    ['the same, existing before the certificate began', basic, 40, -31, 'not-yet-valid'],
    ['the authority of its time-stamp over', timed, 40, null, 'expired'],
    ['the same, existing before that', timed, 40, 25, 'ok'],
    ['the same, existing after that', timed, 40, 35, 'expired'],
    ['the same, existing before its own time-stamp', timed, 40, -1, 'expired'],
    ['the authority of its archive time-stamp over', archived, 70, null, 'expired'],
    ['the same, existing before that', archived, 70, 50, 'ok'],
    ['the same, existing after that', archived, 70, 65, 'expired'],
    ['the same, existing before its archive time-stamp', archived, 70, 10, 'expired'],
    ['a time that is none', timed, 40, Number.NaN, 'expired'],
  ] as const)('judges %s', (_, cms, now, existedBy, expected) => {
    expect(verdict(() => judge(cms, now, existedBy))).toBe(expected)
  })

  it.each([
    ['lost before', 3, 5, 'revoked'],
    ['lost after', 7, 5, 'ok'],
  ] as const)('counts the signer’s key %s', async (_, lost, existedBy, expected) => {
    const entry = { serial: leaf.serial, at: days(lost), reason: 'keyCompromise' as const }
    const crls = [await crlOf(root, [entry], { thisUpdate: days(8), nextUpdate: days(12) })]
    expect(verdict(() => judge(basic, 9, existedBy, { crls, revocation: 'require' }))).toBe(expected)
  })

  it.each([
    ['lost before', 3, 5, 'revoked'],
    ['lost after', 7, 5, 'ok'],
    ['lost, where the token is newer than what is proved', 7, -5, 'revoked'],
  ] as const)('counts the authority’s key %s', async (_, lost, existedBy, expected) => {
    const entry = { serial: first.certificate.serial, at: days(lost), reason: 'keyCompromise' as const }
    const crls = [await crlOf(root, [entry], { thisUpdate: days(8), nextUpdate: days(12) })]
    expect(verdict(() => judge(timed, 9, existedBy, { crls, revocation: 'require' }))).toBe(expected)
  })

  it('proves the older of its own time and that', () => {
    expect(judge(basic, 5, null).provedAt).toBeNull()
    expect(judge(basic, 5, 3).provedAt).toEqual(days(3))
    expect(judge(timed, 5, 3).provedAt).toEqual(AT)
  })
})

describe('when times are compared', () => {
  const now = days(9)
  it.each([
    [days(1), undefined, now],
    [days(1), days(2), days(2)],
    [days(2), days(2), days(2)],
    [days(3), days(2), now],
    [days(3), new Date(Number.NaN), now],
  ])('a time-stamp of %s lasts until %s or now', (newest, existedBy, until) => {
    expect(lastsUntil(newest, existedBy, now)).toEqual(until)
  })

  it.each([
    [[], undefined, null],
    [[], days(2), days(2)],
    [[days(3), days(1)], undefined, days(1)],
    [[days(3)], days(2), days(2)],
    [[days(1)], days(2), days(1)],
  ])('the oldest of %s and %s is told', (times, existedBy, oldest) => {
    expect(
      oldestOf(
        times.map((genTime) => ({ genTime })),
        existedBy,
      ),
    ).toEqual(oldest)
  })
})
