import { describe, expect, it } from 'vitest'
import {
  addXadesSignatureTimeStamp,
  addXadesValidationData,
  readXadesNeeds,
  verifyXades,
  xadesArchiveImprint,
  addXadesArchiveTimeStamp,
} from '../../../../shared/ades/index.ts'
import { ocspResponse } from '../pki/responder.ts'
import { contentHash, decode, encode, TrustService, verdict } from './kit.ts'

const AT = new Date('2026-11-22T12:00:00Z')
const trust = await TrustService.open(AT)
const { basic, timed, lasting, archived, first } = await trust.levels(await trust.detached())
const lists = await trust.lists(0)
const judge = (xml: Uint8Array, day = 1) =>
  verdict(() =>
    verifyXades({
      xml,
      contentHash: contentHash(),
      now: trust.day(day),
      anchors: [trust.root.certificate],
      crls: lists,
      revocation: 'require',
    }),
  )
const tag = (name: string): RegExp => new RegExp(`<${name}[ >].*?</${name}>`, 's')
const TIME = tag('xades:SignatureTimeStamp')
const METHOD = /<ds:CanonicalizationMethod [^>]*><\/ds:CanonicalizationMethod>(?=<xades:Enc)/
const change = (xml: Uint8Array, from: RegExp | string, to: string): Uint8Array => {
  const text = decode(xml)
  expect(text).toMatch(from)
  return encode(text.replace(from, to))
}

describe('when unsigned properties are read', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['a time-stamp', () => timed, 'ok'],
    [
      'an encoding that is DER',
      () =>
        change(
          timed,
          '<xades:EncapsulatedTimeStamp>',
          '<xades:EncapsulatedTimeStamp Encoding="http://uri.etsi.org/01903/v1.2.2#DER">',
        ),
      'ok',
    ],
    [
      'another encoding',
      () =>
        change(
          timed,
          '<xades:EncapsulatedTimeStamp>',
          '<xades:EncapsulatedTimeStamp Encoding="http://uri.etsi.org/01903/v1.2.2#BER">',
        ),
      'shape',
    ],
    [
      'what the time-stamp is over, said by itself',
      () => change(timed, METHOD, '<xades:Include URI="#S-1"></xades:Include>'),
      'shape',
    ],
    [
      'a time-stamp in XML',
      () => change(timed, tag('xades:EncapsulatedTimeStamp'), '<xades:XMLTimeStamp></xades:XMLTimeStamp>'),
      'shape',
    ],
    ['two tokens in one', () => change(timed, tag('xades:EncapsulatedTimeStamp'), '$&$&'), 'shape'],
    ['no canonicalization, where another was used', () => change(timed, METHOD, ''), 'tsp-imprint'],
    [
      'an unknown canonicalization',
      () => change(timed, METHOD, '<ds:CanonicalizationMethod Algorithm="urn:x"/>'),
      'canonicalization',
    ],
    ['a token that is none', () => change(timed, /(<xades:EncapsulatedTimeStamp>)[^<]*/, '$1MAA='), 'malformed'],
    ['a token that is not base64', () => change(timed, /(<xades:EncapsulatedTimeStamp>)[^<]*/, '$1%%'), 'base64'],
    ['an unknown property', () => change(timed, TIME, '<x xmlns="urn:x"></x>'), 'shape'],
    [
      'references in place of values',
      () => change(lasting, /xades:CertificateValues/g, 'xades:CompleteCertificateRefs'),
      'shape',
    ],
    ['a list that is none', () => change(lasting, /(<xades:EncapsulatedCRLValue>)[^<]*/, '$1MAA='), 'malformed'],
    [
      'a certificate that is none',
      () => change(lasting, /(<xades:EncapsulatedX509Certificate>)[^<]*/, '$1MAA='),
      'malformed',
    ],
    [
      'another certificate kind',
      () => change(lasting, /xades:EncapsulatedX509Certificate/g, 'xades:OtherCertificate'),
      'shape',
    ],
    [
      'properties of the data',
      () =>
        change(
          timed,
          '</xades:UnsignedProperties>',
          '<xades:UnsignedDataObjectProperties/></xades:UnsignedProperties>',
        ),
      'shape',
    ],
    ['65 properties', () => change(lasting, tag('xades:CertificateValues'), '$&'.repeat(65)), 'xml-too-large'],
    [
      'an archive time-stamp of the older kind',
      () => change(archived, /xades141:ArchiveTimeStamp/g, 'xades:ArchiveTimeStamp'),
      'shape',
    ],
    [
      '17 archive time-stamps',
      () => change(archived, tag('xades141:ArchiveTimeStamp'), '$&'.repeat(17)),
      'xml-too-large',
    ],
    [
      'a signature time-stamp behind the archive one',
      () => {
        const [stamp = ''] = TIME.exec(decode(archived)) ?? []
        return change(
          change(archived, TIME, ''),
          '</xades:UnsignedSignatureProperties>',
          `${stamp}</xades:UnsignedSignatureProperties>`,
        )
      },
      'time-stamp-order',
    ],
    ['the archive time-stamp alone', () => change(archived, TIME, ''), 'tsp-imprint'],
  ])('judges: %s', (_, make, expected) => {
    expect(judge(make())).toBe(expected)
  })
})

describe('when validation data is added', () => {
  it('doubles nothing, and changes nothing with nothing new', async () => {
    const values = await trust.values(0)
    expect(decode(lasting).match(/<xades:EncapsulatedX509Certificate>/g)).toHaveLength(1)
    const again = { certificates: [trust.root.certificate.der, trust.leaf.der], crls: [], ocsp: [] }
    expect(addXadesValidationData(lasting, again)).toEqual(lasting)
    expect(addXadesValidationData(basic, { certificates: [], crls: [], ocsp: [] })).toEqual(basic)
    const doubled = addXadesValidationData(timed, { ...values, crls: [...values.crls, ...values.crls] })
    expect(decode(doubled).match(/<xades:EncapsulatedCRLValue>/g)).toHaveLength(2)
  })

  it('carries OCSP answers, and what comes later by itself', async () => {
    const answer = await ocspResponse({ certificate: trust.leaf, issuer: trust.sub.certificate, key: trust.sub.key })
    const [rootList] = await trust.lists(0)
    const xml = addXadesValidationData(timed, { certificates: [], crls: [rootList!.der], ocsp: [answer] })
    const wanted = { contentHash: contentHash(), anchors: [trust.root.certificate], revocation: 'require' } as const
    expect(verifyXades({ xml, now: AT, ...wanted })).toMatchObject({ level: 'B-LT' })
    expect(verdict(() => verifyXades({ xml: timed, now: AT, ...wanted }))).toBe('no-revocation-data')
    const later = addXadesValidationData(xml, await trust.values(0))
    expect(decode(later)).toMatch(/<\/xades:RevocationValues><xades141:TimeStampValidationData/)
    expect(verdict(() => verifyXades({ xml: later, now: AT, ...wanted }))).toBe('ok')
  })

  it('refuses a signature time-stamp that comes too late', async () => {
    const token = await trust.stamp(first, { hash: 'sha256', digest: new Uint8Array(32) }, AT)
    expect(verdict(() => addXadesSignatureTimeStamp(archived, token))).toBe('time-stamp-order')
  })

  it('covers with an archive time-stamp what came before, and names every hash needed', async () => {
    const imprint = xadesArchiveImprint(archived, 'sha384', contentHash())
    const token = await trust.stamp(first, imprint, trust.day(25))
    const xml = addXadesArchiveTimeStamp(archived, token)
    expect(readXadesNeeds(xml).hashes).toEqual(['sha256', 'sha512', 'sha384'])
    expect(xadesArchiveImprint(xml, 'sha384', contentHash()).digest).not.toEqual(imprint.digest)
  })
})
