import { describe, expect, it } from 'vitest'
import { verifyXades, type XadesToVerify } from '../../../../shared/ades/index.ts'
import { crlOf } from '../pki/authority.ts'
import { contentHash, TrustService, verdict } from './kit.ts'

// Signed and time-stamped on day 0, archived on day 20: the signer ends on day 10, the authorities on 30 and 60.
const trust = await TrustService.open(new Date('2026-11-22T12:00:00Z'))
const { basic, timed, archived, first } = await trust.levels(await trust.detached())

const judge = (xml: Uint8Array, now: number, existedBy: number | null, more: Partial<XadesToVerify> = {}) =>
  verifyXades({
    xml,
    contentHash: contentHash(),
    anchors: [trust.root.certificate],
    revocation: 'none',
    now: trust.day(now),
    ...(existedBy === null ? {} : { existedBy: trust.day(existedBy) }),
    ...more,
  })

describe('when something outside proves by when an XML signature existed', () => {
  it.each([
    ['a signature without time, its certificate over', basic, 40, null, 'expired'],
    ['the same, existing before that', basic, 40, 5, 'ok'],
    ['the same, existing after that', basic, 40, 15, 'expired'],
    ['the authority of its time-stamp over', timed, 40, null, 'expired'],
    ['the same, existing before that', timed, 40, 25, 'ok'],
    ['the same, existing after that', timed, 40, 35, 'expired'],
    ['the same, existing before its own time-stamp', timed, 40, -1, 'expired'],
    ['the authority of its archive time-stamp over', archived, 70, null, 'expired'],
    ['the same, existing before that', archived, 70, 50, 'ok'],
    ['the same, existing after that', archived, 70, 65, 'expired'],
    ['the same, existing before its archive time-stamp', archived, 70, 10, 'expired'],
  ] as const)('judges %s', (_, xml, now, existedBy, expected) => {
    expect(verdict(() => judge(xml, now, existedBy))).toBe(expected)
  })

  it.each([
    ['lost before', 3, 5, 'revoked'],
    ['lost after', 7, 5, 'ok'],
    ['lost, where the token is newer than what is proved', 7, -5, 'revoked'],
  ] as const)('counts the authority’s key %s', async (_, lost, existedBy, expected) => {
    const entry = { serial: first.certificate.serial, at: trust.day(lost), reason: 'keyCompromise' as const }
    const times = { thisUpdate: trust.day(8), nextUpdate: trust.day(12), number: 9n }
    const crls = [await crlOf(trust.root, [entry], times), await crlOf(trust.sub, [], times)]
    expect(verdict(() => judge(timed, 9, existedBy, { crls, revocation: 'require' }))).toBe(expected)
  })

  it('proves the older of its own time and that', () => {
    expect(judge(basic, 5, null).provedAt).toBeNull()
    expect(judge(basic, 5, 3).provedAt).toEqual(trust.day(3))
    expect(judge(timed, 5, 3).provedAt).toEqual(trust.at)
  })
})
