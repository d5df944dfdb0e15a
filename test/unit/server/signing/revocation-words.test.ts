import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RevocationAuthorities, type OwnList } from '../../../../server/signing/revocation-words.ts'
import { parseCrl, verifyPath, type Certificate } from '../../../../shared/pki/index.ts'
import { TrustServices, type Fault } from '../../../fakes/pki/trust-services.ts'
import { crlOf, testKey } from '../../shared/pki/authority.ts'

let services: TrustServices
beforeAll(async () => {
  services = await TrustServices.open()
})
beforeEach(() => {
  services.faults.clear()
  services.asked.length = 0
  services.revoked.length = 0
})
afterAll(() => services.close())

const open = (own: readonly OwnList[] = [], hosts = [services.host], now = () => services.now) =>
  new RevocationAuthorities({
    rules: { hosts, privateAddresses: true, timeoutMs: 400, maxBytes: 64 * 1024 },
    own: () => Promise.resolve(own),
    now,
  })
type Sources = 'ocsp' | 'crl' | 'both' | 'none'
const someone = (sources: Sources) => services.certify(testKey('ecdsa-sha256'), { sources })
const ask = (leaf: Certificate, authorities = open()) =>
  authorities.wordsAbout([leaf, services.root.certificate], services.now)
const outcome = (asking: Promise<{ crls: readonly unknown[]; ocsp: readonly unknown[] }>) =>
  asking.then(
    ({ crls, ocsp }) => `${ocsp.length} answers, ${crls.length} lists`,
    (error: { code?: string; detail?: { reason?: string } }) => `${error.code} ${error.detail?.reason}`,
  )

describe('when others say whether a certificate is revoked', () => {
  it('takes an answer, and keeps it until its own end', async () => {
    const leaf = await someone('both')
    let { now } = services
    const authorities = open([], [services.host], () => now)
    expect(await outcome(ask(leaf, authorities))).toBe('1 answers, 0 lists')
    const { crls, ocsp } = await ask(leaf, authorities)
    expect(services.asked).toEqual(['/ocsp'])
    const trust = { anchors: [services.root.certificate], at: services.now, revocation: 'require' } as const
    const { path } = verifyPath({ leaf, ...trust, ocsp, crls: crls.map((der) => parseCrl(der)) })
    expect(path).toHaveLength(2)
    now = services.day(2)
    expect(await outcome(ask(leaf, authorities))).toMatch(/stale/)
    expect(services.asked).toHaveLength(3)
  })

  const rows: readonly [Sources, '/ocsp' | '/root.crl' | '', Fault, string, number][] = [
    ['ocsp', '/ocsp', 'no-nonce', '1 answers, 0 lists', 1],
    ['ocsp', '/ocsp', 'other-nonce', 'SIGNING_REVOCATION_UNAVAILABLE ocsp-nonce', 1],
    ['ocsp', '/ocsp', 'forged', 'SIGNING_REVOCATION_UNAVAILABLE ocsp-responder', 1],
    ['ocsp', '/ocsp', 'stale', 'SIGNING_REVOCATION_UNAVAILABLE stale-ocsp', 1],
    ['ocsp', '/ocsp', 'empty', 'SIGNING_REVOCATION_UNAVAILABLE malformed', 1],
    ['ocsp', '/ocsp', 'silent', 'SIGNING_REVOCATION_UNAVAILABLE timeout', 1],
    ['both', '/ocsp', 'forged', '0 answers, 1 lists', 2],
    ['both', '/ocsp', 'status', '0 answers, 1 lists', 2],
    ['crl', '', 'status', '0 answers, 1 lists', 1],
    ['crl', '/root.crl', 'forged', 'SIGNING_REVOCATION_UNAVAILABLE no-revocation-data', 1],
    ['crl', '/root.crl', 'stale', 'SIGNING_REVOCATION_UNAVAILABLE stale-crl', 1],
    ['crl', '/root.crl', 'redirect', 'SIGNING_REVOCATION_UNAVAILABLE redirect', 1],
    ['crl', '/root.crl', 'large', 'SIGNING_REVOCATION_UNAVAILABLE too-large', 1],
    ['none', '', 'status', 'SIGNING_LEVEL_UNAVAILABLE no-revocation-source', 0],
  ]
  it.each(rows)('with %s, and %s %s', async (sources, path, fault, expected, asked) => {
    const leaf = await someone(sources)
    services.faults.set(path, fault)
    expect(await outcome(ask(leaf))).toBe(expected)
    expect(services.asked).toHaveLength(asked)
  })

  it('asks nobody that is not allowed', async () => {
    const leaf = await someone('both')
    expect(await outcome(ask(leaf, open([], ['elsewhere.example'])))).toBe(
      'SIGNING_LEVEL_UNAVAILABLE no-revocation-source',
    )
    expect(services.asked).toEqual([])
  })

  it.each<Sources>(['ocsp', 'crl', 'both'])('says that it is revoked, and asks no further: %s', async (sources) => {
    const leaf = await someone(sources)
    services.revoked.push({ serial: leaf.serial, at: services.day(-1), reason: 'keyCompromise' })
    expect(await outcome(ask(leaf))).toBe('SIGNING_CERTIFICATE_UNUSABLE revoked')
    expect(services.asked).toHaveLength(1)
  })

  it('takes our own lists from where they are kept, as new as asked for', async () => {
    const leaf = await someone('none')
    const wanted: Date[] = []
    const list = async (since: Date) => {
      wanted.push(since)
      return (await crlOf(services.root, [], { thisUpdate: services.day(-0.1), nextUpdate: services.day(1) })).der
    }
    const own = [{ issuer: services.root.certificate.der, list }]
    expect(await outcome(ask(leaf, open(own)))).toBe('0 answers, 1 lists')
    expect(wanted).toEqual([services.now])
    expect(services.asked).toEqual([])
  })
})
