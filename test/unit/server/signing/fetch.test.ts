import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isPublicAddress, refusalOf, type FetchRules } from '../../../../server/signing/fetch-address.ts'
import { fetchBounded } from '../../../../server/signing/fetch-bounded.ts'
import { TrustServices, type Fault } from '../../../fakes/pki/trust-services.ts'

describe('when a certificate names who is to be asked', () => {
  it.each([
    ['8.8.8.8', true],
    ['193.0.6.139', true],
    ['172.32.0.1', true],
    ['0.0.0.0', false],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['127.0.0.1', false],
    ['127.255.255.254', false],
    ['169.254.169.254', false],
    ['172.16.0.1', false],
    ['172.31.255.255', false],
    ['192.168.1.1', false],
    ['192.0.0.8', false],
    ['198.18.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['2606:4700::1111', true],
    ['::1', false],
    ['::', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::7f00:1', false],
    ['fe80::1', false],
    ['fc00::1', false],
    ['fd12::1', false],
    ['ff02::1', false],
    ['2001:db8::1', false],
    ['2001::7f00:1', false],
    ['2002:7f00:1::', false],
    ['127.1', false],
    ['localhost', false],
    ['', false],
  ])('tells public addresses from others: %s', (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected)
  })

  const hosts = ['ocsp.example', 'crl.example:8080', '[2606:4700::1111]']
  it.each([
    ['http://ocsp.example/', null],
    ['https://ocsp.example/a?b', null],
    ['http://OCSP.example/', null],
    ['http://ocsp.example:80/', null],
    ['http://crl.example:8080/x.crl', null],
    ['http://[2606:4700::1111]/', null],
    ['http://ocsp.example:22/', 'host-not-allowed'],
    ['http://crl.example/', 'host-not-allowed'],
    ['http://ocsp.example.evil/', 'host-not-allowed'],
    ['http://evil/ocsp.example', 'host-not-allowed'],
    ['http://ocsp.example@evil/', 'credentials'],
    ['http://user:secret@ocsp.example/', 'credentials'],
    ['http://0x7f.1/', 'host-not-allowed'],
    ['file:///etc/passwd', 'scheme'],
    ['ldap://ocsp.example/', 'scheme'],
    ['ftp://ocsp.example/', 'scheme'],
    ['data:text/plain,x', 'scheme'],
    ['/root.crl', 'url'],
    ['', 'url'],
  ])('asks nobody but those configured: %s', (url, expected) => {
    expect(refusalOf(url, { hosts })).toBe(expected)
  })
})

describe('when somebody is asked', () => {
  let services: TrustServices
  let rules: FetchRules
  beforeAll(async () => {
    services = await TrustServices.open()
    rules = { hosts: [services.host], privateAddresses: true, timeoutMs: 400, maxBytes: 64 * 1024 }
  })
  beforeEach(() => services.faults.clear())
  afterAll(() => services.close())

  const get = (change: Partial<FetchRules> = {}, url = services.url('/root.crl')) =>
    fetchBounded({ url, types: ['application/pkix-crl'] }, { ...rules, ...change }).then(
      (bytes) => `${bytes.length > 100}`,
      (error: { code?: string; detail?: { reason?: string } }) => `${error.code} ${error.detail?.reason}`,
    )
  const failed = (reason: string) => `SIGNING_REVOCATION_UNAVAILABLE ${reason}`

  it('gives what came', async () => {
    expect(await get()).toBe('true')
  })

  it.each<[Fault, string]>([
    ['status', 'http-503'],
    ['type', 'content-type'],
    ['redirect', 'redirect'],
    ['silent', 'timeout'],
    ['drip', 'timeout'],
    ['large', 'too-large'],
    ['cut', 'unreachable'],
  ])('refuses: %s', async (fault, expected) => {
    services.faults.set('/root.crl', fault)
    services.asked.length = 0
    expect(await get()).toBe(failed(expected))
    expect(services.asked).toEqual(['/root.crl'])
  })

  it('connects to no private address unless that is configured, by number or by name', async () => {
    services.asked.length = 0
    expect(await get({ privateAddresses: false })).toBe(failed('private-address'))
    const port = services.host.split(':')[1]
    const named = { hosts: [`localhost:${port}`], privateAddresses: false }
    expect(await get(named, `http://localhost:${port}/root.crl`)).toBe(failed('private-address'))
    expect(await get({ hosts: [] })).toBe(failed('host-not-allowed'))
    expect(services.asked).toEqual([])
  })

  it('says who is not there', async () => {
    expect(await get({ hosts: ['127.0.0.1:1'] }, 'http://127.0.0.1:1/')).toBe(failed('unreachable'))
    expect(await get({ hosts: ['nobody.invalid'] }, 'http://nobody.invalid/')).toMatch(/unknown-host|timeout/)
  })
})
