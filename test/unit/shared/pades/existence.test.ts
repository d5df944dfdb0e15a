import { describe, expect, it } from 'vitest'
import { addDocTimeStamp } from '../../../../shared/pades/index.ts'
import { certify, crlOf } from '../pki/authority.ts'
import { after, judge, makeWorld, plainPdf, reason, sign, stampAt, type World } from './kit.ts'

// Signed at minute 0, time-stamped at 1, archived at 10: the signer ends at 60, the authority of time at 30.
const world = await makeWorld()
const minute = (count: number): Date => after(world.at, count)
const purpose = { extendedKeyUsage: ['1.3.6.1.5.5.7.3.8'], extendedKeyUsageCritical: true }
const short: World = {
  ...world,
  leaf: await certify(world.key, world.sub, {
    keyUsage: ['digitalSignature', 'contentCommitment'],
    name: 'Signer',
    notAfter: minute(60),
  }),
  stampLeaf: await certify(world.stampKey, world.stampRoot, {
    ...purpose,
    keyUsage: ['digitalSignature'],
    name: 'Time',
    notAfter: minute(30),
  }),
}
const basic = await sign(short, plainPdf())
const timed = await sign(short, plainPdf(), { timeStamp: stampAt(short, minute(1)) })
const archived = await addDocTimeStamp({ pdf: timed, timeStamp: stampAt(short, minute(10)) })
const existing = (at: number | null) => (at === null ? {} : { existedBy: minute(at) })

describe('when something outside proves by when a signed PDF existed', () => {
  it.each([
    ['a signature without time, its certificate over', basic, 90, null, 'expired'],
    ['the same, existing before that', basic, 90, 50, 'ok'],
    ['the same, existing after that', basic, 90, 70, 'expired'],
    ['the authority of its time-stamp over', timed, 40, null, 'expired'],
    ['the same, existing before that', timed, 40, 20, 'ok'],
    ['the same, existing after that', timed, 40, 35, 'expired'],
    ['the same, existing before its own time-stamp', timed, 40, 0, 'expired'],
    ['the authority of its document time-stamp over', archived, 40, null, 'expired'],
    ['the same, existing before that', archived, 40, 20, 'ok'],
    ['the same, existing after that', archived, 40, 35, 'expired'],
    ['the same, existing before its document time-stamp', archived, 40, 5, 'expired'],
  ] as const)('judges %s', (_, pdf, now, existedBy, expected) => {
    expect(reason(() => judge(short, pdf, { now: minute(now), ...existing(existedBy) }))).toBe(expected)
  })

  it.each([
    ['lost before', 12, 15, 'revoked'],
    ['lost after', 18, 15, 'ok'],
    ['lost, where the token is newer than what is proved', 18, 5, 'revoked'],
  ] as const)('counts the authority’s key %s', async (_, lost, existedBy, expected) => {
    const entry = { serial: short.stampLeaf.serial, at: minute(lost), reason: 'keyCompromise' as const }
    const times = { thisUpdate: minute(19), nextUpdate: minute(25), number: 9n }
    const lists = [crlOf(world.stampRoot, [entry], times), crlOf(world.root, [], times), crlOf(world.sub, [], times)]
    const crls = await Promise.all(lists)
    const now = minute(20)
    const more = { now, crls, revocation: 'require', ...existing(existedBy) } as const
    expect(reason(() => judge(short, archived, more))).toBe(expected)
  })

  it('proves the older of its own time and that', () => {
    const provedAt = (pdf: Uint8Array, existedBy: number | null) =>
      judge(short, pdf, { now: minute(20), ...existing(existedBy) }).signatures[0]?.provedAt
    expect(provedAt(basic, null)).toBeNull()
    expect(provedAt(basic, 15)).toEqual(minute(15))
    expect(provedAt(timed, 15)).toEqual(minute(1))
  })
})
