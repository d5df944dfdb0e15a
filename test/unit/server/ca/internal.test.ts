import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  initInternalCa,
  openInternalCa,
  PROFILES,
  type InternalCa,
  type IssueRequest,
  type StoredCertificate,
} from '../../../../server/ca/index.ts'
import { findRevocation, parseCertificate, parseCrl, type Certificate } from '../../../../shared/pki/index.ts'
import { testKey } from '../../shared/pki/authority.ts'
import { CaDesk, CONFIG, csrOf, newCsr, pathOf, START } from './desk.ts'

const failureOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'ok'
  } catch (error) {
    const { code, detail, message } = error as { code?: string; message: string; detail?: { reason?: string } }
    return [code ?? message, detail?.reason].filter(Boolean).join(' ')
  }
}

let desk: CaDesk
let ca: InternalCa
beforeAll(async () => {
  desk = await CaDesk.make()
  ca = await desk.open()
})
afterAll(() => desk.close())

let requests = 0
const request = async (change: Partial<IssueRequest> = {}): Promise<IssueRequest> => ({
  profile: 'authentication',
  csr: await newCsr(),
  subject: { commonName: 'Anna Bianchi', surname: 'Bianchi', givenName: 'Anna', serialNumber: 'H-1', country: 'IT' },
  san: { email: ['anna@example.org'], upn: ['anna@corp.example'] },
  idempotencyKey: `request-${++requests}`,
  ...change,
})

describe('when the CA is made', () => {
  it('has a root and an issuing CA below it', async () => {
    const [issuing, root] = (await ca.chain()).map(parseCertificate) as [Certificate, Certificate]
    expect(root.subject.text).toBe('CN=Countersign Root CA,O=Example Registry,C=IT')
    expect(root.issuer.der).toEqual(root.subject.der)
    expect(root.basicConstraints).toEqual({ ca: true, pathLength: 1 })
    expect(issuing.basicConstraints).toEqual({ ca: true, pathLength: 0 })
    expect(issuing.authorityKeyId).toBe(root.subjectKeyId)
    expect(issuing.crlDistributionPoints).toEqual(['http://ca.example/root.crl'])
  })

  it('stays as it is when made again', async () => {
    const before = await ca.chain()
    expect(await initInternalCa(desk.parts)).toBe('existing')
    expect(await (await openInternalCa(desk.parts)).chain()).toEqual(before)
  })

  it.each(['reserve', 'complete'] as const)('is finished by the repeat when it died after %s', async (point) => {
    const other = await CaDesk.make()
    try {
      other.store.dieAfter = point
      expect(await failureOf(initInternalCa(other.parts))).toBe(`died after ${point}`)
      expect(await failureOf(openInternalCa(other.parts))).toBe('CA_UNAVAILABLE not-initialised')
      const opened = await other.open()
      expect(other.store.rows.map((row) => row.profile)).toEqual(['ca-root', 'ca-issuing'])
      const { der } = await opened.issue(await request())
      expect(await pathOf(opened, der, START)).toHaveLength(3)
    } finally {
      await other.close()
    }
  })

  it('refuses a key store with another key of the same label', async () => {
    const other = await CaDesk.make()
    await other.open()
    const parts = { ...desk.parts, keyStore: other.keyStore }
    expect(await failureOf(openInternalCa(parts))).toBe('CA_UNAVAILABLE key-mismatch')
    await other.close()
  })
})

describe('when a certificate is asked for', () => {
  it.each([
    ['earlier than the profile’s', 10 * 86_400_000, 10],
    ['later than the profile’s', 9_999 * 86_400_000, PROFILES.authentication.validityDays],
  ])('ends it where asked, when that is %s', async (_name, inMs, days) => {
    const now = Math.floor(desk.now.getTime() / 1000) * 1000
    const { notAfter } = await ca.issue(await request({ notAfter: new Date(desk.now.getTime() + inMs) }))
    expect(notAfter.getTime()).toBe(now + days * 86_400_000)
  })

  it('refuses an end that has passed', async () => {
    expect(await failureOf(ca.issue(await request({ notAfter: desk.now })))).toBe('CA_REQUEST_INVALID validity')
  })

  it('carries what the profile says, and leads to the root', async () => {
    const asked = await request()
    const issued = await ca.issue(asked)
    const read = parseCertificate(issued.der)
    expect(read).toMatchObject({
      serial: issued.serial,
      notBefore: issued.notBefore,
      notAfter: issued.notAfter,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.311.20.2.2'],
      crlDistributionPoints: ['http://ca.example/issuing.crl'],
      policies: ['1.3.6.1.4.1.99999.1.1'],
      subjectAltName: { email: ['anna@example.org'], upn: ['anna@corp.example'] },
    })
    expect(read.subject.text).toBe('CN=Anna Bianchi,serialNumber=H-1,givenName=Anna,SN=Bianchi,C=IT')
    expect([...(read.keyUsage ?? [])]).toEqual(['digitalSignature'])
    expect(read.basicConstraints?.ca).toBe(false)
    expect(read.serial.length).toBeGreaterThan(28)
    expect(await pathOf(ca, issued.der, START)).toHaveLength(3)
  })

  it.each([
    ['operator', 'ecdsa-sha256', ['digitalSignature']],
    ['signature', 'ecdsa-sha384', ['contentCommitment']],
    ['signature', 'rsa-sha256', ['contentCommitment']],
    ['encryption', 'ecdsa-sha256', ['keyAgreement']],
    ['encryption', 'rsa-sha256', ['keyEncipherment']],
    ['card-authentication', 'ecdsa-sha256', ['digitalSignature']],
    ['server-tls', 'rsa-sha256', ['digitalSignature', 'keyEncipherment']],
  ] as const)('gives %s for a key of %s its usage', async (profile, algorithm, usage) => {
    const csr = await csrOf(testKey(algorithm))
    const san = profile === 'server-tls' ? { dns: ['localhost'] } : {}
    const { der } = await ca.issue(await request({ profile, csr, san }))
    const read = parseCertificate(der)
    expect([...(read.keyUsage ?? [])]).toEqual(usage)
    expect(read.extendedKeyUsage ?? []).toEqual(PROFILES[profile].extendedKeyUsage)
  })

  const altered = async () => {
    const csr = await newCsr()
    csr[csr.length - 1] = (csr.at(-1) ?? 0) ^ 1
    return csr
  }
  it.each<[string, () => Promise<Partial<IssueRequest>> | Partial<IssueRequest>, string]>([
    ['unknown profile', () => ({ profile: 'nothing' as 'operator' }), 'CA_PROFILE_UNKNOWN'],
    ['inherited property as profile', () => ({ profile: 'constructor' as 'operator' }), 'CA_PROFILE_UNKNOWN'],
    ['no proof of possession', async () => ({ csr: await altered() }), 'CA_REQUEST_INVALID bad-signature'],
    ['no request', () => ({ csr: new Uint8Array(0) }), 'CA_REQUEST_INVALID malformed'],
    ['P-521', async () => ({ csr: await csrOf(testKey('ecdsa-sha512')) }), 'CA_REQUEST_INVALID key-algorithm'],
    ['Ed25519', async () => ({ csr: await csrOf(testKey('ed25519')) }), 'CA_REQUEST_INVALID key-algorithm'],
    ['RSA-1024', async () => ({ csr: await csrOf(testKey('rsa-sha256', 1024)) }), 'CA_REQUEST_INVALID weak-key'],
    ['a host in a person’s certificate', () => ({ san: { dns: ['server.example'] } }), 'CA_REQUEST_INVALID san'],
    ['a server without a host', () => ({ profile: 'server-tls', san: {} }), 'CA_REQUEST_INVALID san'],
    [
      'a server with a mail address',
      () => ({ profile: 'server-tls', san: { dns: ['a'], email: ['a@b'] } }),
      'CA_REQUEST_INVALID san',
    ],
    ['no name', () => ({ subject: { commonName: '' } }), 'CA_REQUEST_INVALID invalid-input'],
    ['a line break in the name', () => ({ subject: { commonName: 'a\nb' } }), 'CA_REQUEST_INVALID invalid-input'],
    [
      'a country in words',
      () => ({ subject: { commonName: 'a', country: 'Italy' } }),
      'CA_REQUEST_INVALID invalid-input',
    ],
    ['broken mail address', () => ({ san: { email: ['no mail'] } }), 'CA_REQUEST_INVALID invalid-input'],
    ['no idempotency key', () => ({ idempotencyKey: '' }), 'CA_REQUEST_INVALID idempotency-key'],
    ['the key of the CA itself', () => ({ idempotencyKey: 'ca:root' }), 'REQUEST_IDEMPOTENCY_REUSED'],
  ])('refuses and writes nothing: %s', async (_, change, expected) => {
    const before = desk.store.rows.length
    expect(await failureOf(ca.issue(await request(await change())))).toBe(expected)
    expect(desk.store.rows).toHaveLength(before)
  })

  it('gives the same certificate for the same request, once and at once', async () => {
    const key = testKey('ecdsa-sha256')
    const asked = await request({ csr: await csrOf(key) })
    const again = { ...asked, csr: await csrOf(key) }
    expect(again.csr).not.toEqual(asked.csr)
    const before = desk.store.rows.length
    const all = await Promise.all([ca.issue(asked), ca.issue(again), ca.issue(asked)])
    all.push(await ca.issue(again))
    for (const one of all) expect(one).toEqual(all[0])
    expect(desk.store.rows).toHaveLength(before + 1)
  })

  it.each<[string, Partial<IssueRequest>]>([
    ['another name', { subject: { commonName: 'Other' } }],
    ['another profile', { profile: 'operator' }],
    ['other names', { san: {} }],
  ])('refuses the same idempotency key for %s', async (_, change) => {
    const asked = await request()
    await ca.issue(asked)
    expect(await failureOf(ca.issue({ ...asked, ...change }))).toBe('REQUEST_IDEMPOTENCY_REUSED')
    expect(await failureOf(ca.issue({ ...asked, csr: await newCsr() }))).toBe('REQUEST_IDEMPOTENCY_REUSED')
  })

  it.each(['reserve', 'complete'] as const)('issues once where it died after %s', async (point) => {
    const other = await CaDesk.make()
    try {
      const opened = await other.open()
      const asked = await request()
      other.store.dieAfter = point
      expect(await failureOf(opened.issue(asked))).toBe(`died after ${point}`)
      const { serial, tbs } = other.store.rows.at(-1) as { serial: string; tbs: Uint8Array }
      other.now = new Date(START.getTime() + 3_600_000)
      const issued = await (await openInternalCa(other.parts)).issue(asked)
      expect(issued.serial).toBe(serial)
      expect(parseCertificate(issued.der).tbs).toEqual(tbs)
      expect(other.store.rows).toHaveLength(3)
    } finally {
      await other.close()
    }
  })

  it.each<[string, (row: StoredCertificate) => StoredCertificate]>([
    ['other bytes', (row) => ({ ...row, tbs: Uint8Array.from(row.tbs, (octet, i) => (i === 40 ? octet ^ 1 : octet)) })],
    ['another serial', (row) => ({ ...row, serial: '01' })],
    ['a longer life', (row) => ({ ...row, notAfter: new Date('2046-01-01T00:00:00Z') })],
  ])('does not sign a reservation that was altered in the store: %s', async (_, alter) => {
    const asked = await request()
    desk.store.dieAfter = 'reserve'
    expect(await failureOf(ca.issue(asked))).toBe('died after reserve')
    desk.store.rows.push(alter(desk.store.rows.pop() as StoredCertificate))
    expect(await failureOf(ca.issue(asked))).toBe('CA_UNAVAILABLE reservation-altered')
    expect(desk.store.rows.pop()?.der).toBeNull()
  })

  it('ends no later than its issuer, and not at all after it', async () => {
    const [issuing] = (await ca.chain()).map(parseCertificate) as [Certificate]
    desk.now = new Date(issuing.notAfter.getTime() - 86_400_000)
    expect((await ca.issue(await request())).notAfter).toEqual(issuing.notAfter)
    desk.now = issuing.notAfter
    expect(await failureOf(ca.issue(await request()))).toBe('CA_UNAVAILABLE ca-expired')
    desk.now = START
  })
})

describe('when a certificate changes', () => {
  const inCrl = async (serial: string) => {
    const [crl] = await ca.crls()
    return findRevocation(parseCrl((crl as { der: Uint8Array }).der), serial)
  }
  const verdict = async (der: Uint8Array) => {
    try {
      await pathOf(ca, der, START)
      return 'good'
    } catch (error) {
      return (error as { reason: string }).reason
    }
  }

  it('is suspended, resumed and revoked, in the list before the call returns', async () => {
    const { serial, der } = await ca.issue(await request())
    expect([await ca.status(serial), await verdict(der)]).toEqual([{ status: 'issued' }, 'good'])
    expect(await ca.suspend(serial)).toMatchObject({ status: 'suspended' })
    expect([(await inCrl(serial))?.reason, await verdict(der)]).toEqual(['certificateHold', 'on-hold'])
    expect(await ca.suspend(serial)).toMatchObject({ status: 'suspended' })
    expect(await ca.resume(serial)).toEqual({ status: 'issued' })
    expect(await ca.resume(serial)).toEqual({ status: 'issued' })
    expect([await inCrl(serial), await verdict(der)]).toEqual([null, 'good'])
    expect(await ca.revoke(serial, 'keyCompromise')).toMatchObject({ status: 'revoked', reason: 'keyCompromise' })
    expect([(await inCrl(serial))?.reason, await verdict(der)]).toEqual(['keyCompromise', 'revoked'])
  })

  it('stays revoked, with the first reason', async () => {
    const { serial } = await ca.issue(await request())
    const first = await ca.revoke(serial, 'superseded')
    desk.now = new Date(START.getTime() + 60_000)
    expect(await ca.revoke(serial, 'keyCompromise')).toEqual(first)
    expect(await failureOf(ca.suspend(serial))).toBe('REQUEST_CONFLICT')
    expect(await failureOf(ca.resume(serial))).toBe('REQUEST_CONFLICT')
    desk.now = START
  })

  it('is unknown, as are the CA’s own', async () => {
    const [issuing] = (await ca.chain()).map(parseCertificate) as [Certificate]
    for (const serial of ['00', issuing.serial]) {
      expect(await failureOf(ca.status(serial))).toBe('CERTIFICATE_NOT_FOUND')
      expect(await failureOf(ca.revoke(serial, 'unspecified'))).toBe('CERTIFICATE_NOT_FOUND')
    }
  })

  it.each(['changeStatus', 'nextCrlNumber'] as const)(
    'is in the list after the restart when it died after %s',
    async (point) => {
      const { serial, der } = await ca.issue(await request())
      desk.store.dieAfter = point
      expect(await failureOf(ca.revoke(serial, 'unspecified'))).toBe(`died after ${point}`)
      expect(await ca.status(serial)).toMatchObject({ status: 'revoked' })
      await openInternalCa(desk.parts)
      expect(await verdict(der)).toBe('revoked')
    },
  )
})

describe('when revocation lists are made', () => {
  it('numbers them upwards and keeps one while it is young', async () => {
    const first = await ca.buildCrl()
    const [same] = await ca.crls()
    expect(same?.number).toBe(first.number)
    const [a, b] = await Promise.all([ca.buildCrl(), ca.buildCrl()])
    expect([a.number, b.number]).toEqual([first.number + 1n, first.number + 2n])
    desk.now = new Date(START.getTime() + CONFIG.crlHours * 3_600_000 * 0.6)
    const [renewed] = await ca.crls()
    expect(renewed?.number).toBe(b.number + 1n)
    desk.now = START
  })

  it('gives the root’s list too', async () => {
    const [, root] = await ca.crls()
    expect(parseCrl((root as { der: Uint8Array }).der).issuer.commonName).toBe('Countersign Root CA')
  })
})
