import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../../server/config.ts'
import { signingConfig } from '../../../../server/signing/index.ts'

const example = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../../resources/config/server.example.json'), 'utf8'),
) as Record<string, unknown>

describe('when the configuration says how exports are signed', () => {
  it('asks nobody, and signs with a P-256 key of its own, where nothing is said', () => {
    expect(signingConfig.parse({})).toEqual({
      key: { label: 'export', algorithm: 'ecdsa-p256', rsaPadding: 'pkcs1' },
      revocation: { hosts: [], privateAddresses: false, timeoutMs: 10_000, maxBytes: 8 * 1024 * 1024 },
    })
  })

  it('makes paths absolute', () => {
    const config = parseConfig({ ...example, signing: { trustFile: 'trust/seal.pem' } }, '/etc/countersign')
    expect(config.signing.trustFile).toBe('/etc/countersign/trust/seal.pem')
    expect(Object.isFrozen(config.signing.revocation.hosts)).toBe(true)
  })

  it.each<[string, object, boolean]>([
    ['a host', { revocation: { hosts: ['ocsp.example.org'] } }, true],
    ['a host with a port', { revocation: { hosts: ['ocsp.example.org:8080'] } }, true],
    ['an address', { revocation: { hosts: ['192.0.2.1', '[2001:db8::1]:80'] } }, true],
    ['a key that others made', { key: { label: 'id:0a0b' } }, true],
    ['RSA with PSS', { key: { algorithm: 'rsa-3072', rsaPadding: 'pss' } }, true],
    ['a URL in place of a host', { revocation: { hosts: ['http://ocsp.example.org'] } }, false],
    ['a path', { revocation: { hosts: ['ocsp.example.org/x'] } }, false],
    ['any host', { revocation: { hosts: ['*'] } }, false],
    ['any host below', { revocation: { hosts: ['*.example.org'] } }, false],
    ['capital letters, which no URL has', { revocation: { hosts: ['OCSP.example.org'] } }, false],
    ['port nought', { revocation: { hosts: ['ocsp.example.org:0'] } }, false],
    ['no time limit', { revocation: { timeoutMs: 0 } }, false],
    ['a gigabyte', { revocation: { maxBytes: 1024 ** 3 } }, false],
    ['an unknown key kind', { key: { algorithm: 'dsa' } }, false],
    ['RSA too short', { key: { algorithm: 'rsa-1024' } }, false],
    ['a label that is none', { key: { label: 'Export key' } }, false],
    ['an unknown member', { level: 'B-LT' }, false],
  ])('judges: %s', (_, section, expected) => {
    expect(signingConfig.safeParse(section).success).toBe(expected)
  })
})
