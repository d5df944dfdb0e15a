import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  buildTbsCertificate,
  decodePem,
  encodeName,
  encodePem,
  parseCertificate,
  parseName,
  serialText,
  type NameAttribute,
} from '../../../../shared/pki/index.ts'
import { tlv, writeSequence } from '../../../../shared/pki/der-write.ts'
import { parseExtensions, writeExtension } from '../../../../shared/pki/extension.ts'
import { readDer } from '../../../../shared/pki/der-read.ts'
import { fromHex } from '../../../../shared/pki/bytes.ts'
import { AT, certify, days, rootAuthority, testKey, verdict } from './authority.ts'

const root = await rootAuthority({ basicConstraints: { ca: true, pathLength: 1 } })
const key = testKey('ecdsa-sha384')
const full = await certify(key, root, {
  name: [
    { type: 'C', value: 'IT' },
    { type: 'O', value: 'Città, "Prova" + Figli' },
    { type: 'CN', value: 'Anna Bianchi' },
    { type: 'serialNumber', value: 'H-1' },
    { type: 'emailAddress', value: 'anna@example.org' },
  ],
  serial: 'f1a2',
  keyUsage: ['digitalSignature', 'keyAgreement', 'decipherOnly'],
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.311.20.2.2'],
  subjectAltName: {
    email: ['anna@example.org'],
    upn: ['anna@corp.example'],
    dns: ['a.example', '*.b.example'],
    ip: ['127.0.0.1', '::1'],
    uri: ['urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
  },
  crlDistributionPoints: ['http://ca.example/issuing.crl'],
  ocspUrls: ['http://ca.example/ocsp'],
  caIssuerUrls: ['http://ca.example/issuing.cer'],
  policies: ['1.3.6.1.4.1.99999.1'],
})

describe('when a certificate is built and read', () => {
  it('gives back every field', () => {
    expect(full).toMatchObject({
      version: 3,
      serial: 'f1a2',
      notBefore: days(-30),
      notAfter: days(30),
      key: { kind: 'ec', curve: 'p384' },
      signatureAlgorithm: 'ecdsa-sha256',
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.311.20.2.2'],
      basicConstraints: null,
      subjectAltName: {
        email: ['anna@example.org'],
        upn: ['anna@corp.example'],
        dns: ['a.example', '*.b.example'],
        ip: ['127.0.0.1', '0:0:0:0:0:0:0:1'],
        uri: ['urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
      },
      crlDistributionPoints: ['http://ca.example/issuing.crl'],
      authorityInfoAccess: { ocsp: ['http://ca.example/ocsp'], caIssuers: ['http://ca.example/issuing.cer'] },
      policies: ['1.3.6.1.4.1.99999.1'],
      unknownCritical: [],
    })
    expect([...(full.keyUsage ?? [])]).toEqual(['digitalSignature', 'keyAgreement', 'decipherOnly'])
    expect(full.subject).toMatchObject({ commonName: 'Anna Bianchi', serialNumber: 'H-1', email: 'anna@example.org' })
    expect(full.authorityKeyId).toBe(root.certificate.subjectKeyId)
    expect(root.certificate.basicConstraints).toEqual({ ca: true, pathLength: 1 })
    expect(serialText(full.serial)).toBe('F1:A2')
  })

  it('is read alike by another reader', () => {
    const other = new X509Certificate(full.der)
    expect(other.serialNumber).toBe('F1A2')
    expect(other.subject).toContain('CN=Anna Bianchi')
    expect(other.verify(new X509Certificate(root.certificate.der).publicKey)).toBe(true)
    expect(other.checkEmail('anna@example.org')).toBe('anna@example.org')
    expect(other.checkIP('127.0.0.1')).toBe('127.0.0.1')
  })

  it('does not follow later changes of the input', () => {
    const input = new Uint8Array(full.der)
    const read = parseCertificate(input)
    input.fill(0)
    expect(read.der).toEqual(full.der)
  })

  it('goes through PEM', () => {
    expect(
      decodePem('CERTIFICATE', encodePem('CERTIFICATE', full.der) + encodePem('CERTIFICATE', root.certificate.der)),
    ).toEqual([full.der, root.certificate.der])
    expect(verdict(() => decodePem('CERTIFICATE', 'nothing'))).toBe('malformed')
  })

  const base = {
    serial: '01',
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: encodeName([{ type: 'CN', value: 'CA' }]),
    subject: encodeName([{ type: 'CN', value: 'Leaf' }]),
    notBefore: AT,
    notAfter: days(1),
    spki: key.spki,
  } as const
  it.each([
    ['as it is', {}, 'ok'],
    ['20 octets of serial', { serial: `7f${'00'.repeat(19)}` }, 'ok'],
    ['serial zero', { serial: '0000' }, 'invalid-input'],
    ['no serial', { serial: '' }, 'invalid-input'],
    ['serial that would take 21 octets', { serial: `80${'00'.repeat(19)}` }, 'invalid-input'],
    ['end before begin', { notAfter: days(-1) }, 'invalid-input'],
    ['end at begin', { notAfter: AT }, 'invalid-input'],
    ['no key', { spki: new Uint8Array(0) }, 'malformed'],
    ['no subject at all', { subject: encodeName([]) }, 'invalid-input'],
    ['no subject but a name', { subject: encodeName([]), subjectAltName: { dns: ['a.example'] } }, 'ok'],
    ['an address that is none', { subjectAltName: { ip: ['256.1.1.1'] } }, 'invalid-input'],
    ['mail without @', { subjectAltName: { email: ['anna'] } }, 'invalid-input'],
    ['host with a space', { subjectAltName: { dns: ['a b'] } }, 'invalid-input'],
    ['UPN with a NUL', { subjectAltName: { upn: ['a\0@b'] } }, 'invalid-input'],
    ['URL without scheme', { crlDistributionPoints: ['ca.example'] }, 'invalid-input'],
  ])('judges what is to be signed: %s', (_, change, expected) => {
    expect(verdict(() => buildTbsCertificate({ ...base, ...change }))).toBe(expected)
  })
})

describe('when a name is written', () => {
  it('reads as RFC 4514 text, most specific first, escaped', () => {
    expect(full.subject.text).toBe(
      'emailAddress=anna@example.org,serialNumber=H-1,CN=Anna Bianchi,O=Città\\, \\"Prova\\" \\+ Figli,C=IT',
    )
    expect(parseName(encodeName([{ type: 'CN', value: ' #a ' }])).text).toBe('CN=\\ #a\\ ')
  })

  it.each<[string, NameAttribute]>([
    ['empty', { type: 'CN', value: '' }],
    ['65 characters', { type: 'CN', value: 'a'.repeat(65) }],
    ['line break', { type: 'CN', value: 'a\nb' }],
    ['NUL', { type: 'CN', value: 'a\0b' }],
    ['country in words', { type: 'C', value: 'Italy' }],
    ['country in lower case', { type: 'C', value: 'it' }],
    ['serialNumber with @', { type: 'serialNumber', value: 'a@b' }],
    ['emailAddress with è', { type: 'emailAddress', value: 'è@b' }],
  ])('refuses a value: %s', (_, attribute) => {
    expect(verdict(() => encodeName([attribute]))).toBe('invalid-input')
  })
})

describe('when extensions are read', () => {
  const one = writeExtension('2.5.29.15', true, fromHex('03020780'))
  it.each([
    ['one', writeSequence(one), 'ok'],
    ['none', writeSequence(), 'malformed'],
    ['one twice', writeSequence(one, one), 'malformed'],
    ['critical FALSE written out', fromHex('300f300d0603551d0f010100040303020780'), 'malformed'],
  ])('judges the list: %s', (_, list, expected) => {
    expect(verdict(() => parseExtensions(readDer(list)))).toBe(expected)
  })
})

describe('when a certificate is altered in form', () => {
  const cases: [string, (der: Uint8Array) => Uint8Array][] = [
    ['trailing octet', (der) => Uint8Array.from([...der, 0])],
    ['cut', (der) => der.subarray(0, -1)],
    ['empty', () => new Uint8Array(0)],
    ['a sequence of nothing', () => writeSequence()],
    ['another tag', (der) => tlv(0x31, readDer(der).body)],
  ]
  it.each(cases)('refuses %s', (_, change) => {
    expect(verdict(() => parseCertificate(change(full.der)))).toBe('malformed')
  })
  it('refuses one of more than 64 KiB', () => {
    expect(verdict(() => parseCertificate(tlv(0x30, new Uint8Array(70_000))))).toBe('too-large')
  })
})
