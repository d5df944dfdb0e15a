import { describe, expect, it } from 'vitest'
import { canonicalDigest, readXml, verifyXades } from '../../../../shared/ades/index.ts'
import { issuerSerialOf } from '../../../../shared/ades/pki-parts.ts'
import { elementsOf } from '../../../../shared/ades/xml-node.ts'
import { digest } from '../../../../shared/pki/index.ts'
import { certify, LEAF_FIELDS, testKey } from '../pki/authority.ts'
import { contentHash, decode, encode, TrustService, verdict } from './kit.ts'

const AT = new Date('2026-11-22T12:00:00Z')
const trust = await TrustService.open(AT)
const DOCUMENT = '<export xmlns="urn:example:export"><entry>card.issue</entry></export>'
const signed = decode(await trust.enveloped(DOCUMENT))
const file = decode(await trust.detached())
const judge = (xml: string) =>
  verdict(() =>
    verifyXades({
      xml: encode(xml),
      contentHash: contentHash(),
      now: AT,
      anchors: [trust.root.certificate],
      revocation: 'none',
    }),
  )

const pieceOf = (xml: string, name: string): string =>
  new RegExp(`<${name}[ >].*</${name}>`, 's').exec(xml)?.[0] ?? expect.fail(name)
const signature = pieceOf(signed, 'ds:Signature')
const object = pieceOf(signed, 'ds:Object')
const properties = pieceOf(signed, 'xades:SignedProperties')
const qualifying = pieceOf(signed, 'xades:QualifyingProperties')
const content = '<entry>card.issue</entry>'
const forged = '<entry>card.revoke</entry>'
const original = `<export xmlns="urn:example:export">${content}</export>`
const later = properties.replace('2026-11-22', '2020-01-01')
const withObject = (added: string) => signed.replace(object, object + added)
const rewrap = (from: string, to: string) => {
  expect(signed).toContain(from)
  return signed.replace(from, to)
}

/** Known ways to keep a signature valid over something else than what is then read (McIntosh and Austel; Somorovsky). */
describe('when a signature is wrapped', () => {
  it('begins with one that stands', () => {
    expect(judge(signed)).toBe('ok')
    expect(judge(file)).toBe('ok')
  })

  it.each<[string, string, string]>([
    [
      'the signed document moved below a forged root',
      `<export xmlns="urn:example:export">${forged}<old>${signed.replace(signature, '')}</old>${signature}</export>`,
      'digest-mismatch',
    ],
    [
      'the signed document, signature and all, below a forged root',
      `<export xmlns="urn:example:export">${forged}${signed}</export>`,
      'shape',
    ],
    ['the signature below another child', rewrap(signature, `<x xmlns="">${signature}</x>`), 'shape'],
    ['the signed document inside the signature', withObject(`<ds:Object>${original}</ds:Object>`), 'shape'],
    ['content after the signature', rewrap(signature, `${signature}${forged}`), 'shape'],
    ['text after the signature', rewrap(signature, `${signature}forged`), 'digest-mismatch'],
    ['content before the signature', rewrap(signature, `${forged}${signature}`), 'digest-mismatch'],
    ['two signatures, one of them forged', rewrap(signature, signature + signature), 'signature-count'],
    ['a signature inside a signature', withObject(`<ds:Object>${signature}</ds:Object>`), 'signature-count'],
    [
      'an element in the document with the Id of the signed properties',
      rewrap(content, `<entry Id="S-1-properties">card.issue</entry>`),
      'xml-duplicate-id',
    ],
    [
      'the same, with another name for Id',
      rewrap(content, `<entry xml:id="S-1-properties">card.issue</entry>`),
      'xml-duplicate-id',
    ],
    [
      'forged properties in place, the signed ones in another Object',
      signed.replace(object, object.replace(properties, later) + `<ds:Object>${properties}</ds:Object>`),
      'shape',
    ],
    [
      'forged properties beside the signed ones',
      rewrap(properties, properties + later.replace('S-1-properties', 'S-2-properties')),
      'shape',
    ],
    [
      'forged properties before the signed ones, under the same Id',
      rewrap(properties, later + properties),
      'xml-duplicate-id',
    ],
    [
      'the signed properties moved among the unsigned',
      rewrap(
        properties,
        `${later.replace('S-1-properties', 'S-2-properties')}<xades:UnsignedProperties><xades:UnsignedSignatureProperties>${properties}</xades:UnsignedSignatureProperties></xades:UnsignedProperties>`,
      ),
      'reference',
    ],
    [
      'a second QualifyingProperties',
      rewrap(qualifying, qualifying + qualifying.replaceAll('S-1-properties', 'S-2-properties')),
      'shape',
    ],
    ['properties that qualify another signature', rewrap('Target="#S-1"', 'Target="#S-2"'), 'signed-properties'],
    ['forged properties in place', rewrap(properties, later), 'signed-properties'],
    ['content as a Manifest', withObject('<ds:Object><ds:Manifest></ds:Manifest></ds:Object>'), 'shape'],
    [
      'the reference to the properties without its type',
      rewrap(' Type="http://uri.etsi.org/01903#SignedProperties"', ''),
      'reference',
    ],
    ['a reference of an unknown type', rewrap('URI=""', 'URI="" Type="urn:x"'), 'reference'],
    ['only part of the document referred to', rewrap('URI=""', 'URI="#e1"'), 'reference'],
    ['a reference by XPointer', rewrap('URI=""', 'URI="#xpointer(/)"'), 'reference'],
    ['a reference without URI', rewrap(' URI=""', ''), 'reference'],
    [
      'one reference twice',
      rewrap(
        '</ds:SignedInfo>',
        `${pieceOf(signed, 'ds:Reference').split('</ds:Reference>')[0]}</ds:Reference></ds:SignedInfo>`,
      ),
      'xml-duplicate-id',
    ],
    ['a file of its own in place of the document', rewrap('URI=""', 'URI="export.csv"'), 'reference'],
    ['a document in place of the file', file.replace('URI="export.csv"', 'URI=""'), 'reference'],
    ['an enveloping reference', file.replace('URI="export.csv"', 'URI="#S-1-value"'), 'reference'],
    [
      'a transform of a file',
      file.replace(
        'URI="export.csv">',
        'URI="export.csv"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"></ds:Transform></ds:Transforms>',
      ),
      'transform',
    ],
    [
      'XPath among the transforms',
      rewrap(
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod',
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>/x</ds:XPath></ds:Transform></ds:Transforms><ds:DigestMethod',
      ),
      'transform',
    ],
    [
      'XSLT in place of the enveloped signature',
      rewrap('http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/TR/1999/REC-xslt-19991116'),
      'transform',
    ],
    [
      'prefixes to be kept',
      rewrap(
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>',
        '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><i:InclusiveNamespaces xmlns:i="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="ds"></i:InclusiveNamespaces></ds:Transform>',
      ),
      'transform',
    ],
    [
      'a canonical form with comments',
      rewrap(
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">',
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments">',
      ),
      'canonicalization',
    ],
    ['a comment in the content', rewrap('card.issue', 'card.<!-- -->issue'), 'xml-comment'],
    ['an entity in the content', `<!DOCTYPE export [<!ENTITY x "y">]>${signed.replace('issue', '&x;')}`, 'xml-doctype'],
    ['an instruction', `<?xml-stylesheet href="x"?>${signed}`, 'xml-processing-instruction'],
    ['a bare key', rewrap('<ds:KeyInfo>', '<ds:KeyInfo><ds:KeyValue></ds:KeyValue>'), 'shape'],
    [
      'a key to be fetched',
      rewrap('<ds:KeyInfo>', '<ds:KeyInfo><ds:RetrievalMethod URI="http://x"></ds:RetrievalMethod>'),
      'shape',
    ],
    ['no certificate', signed.replace(/<ds:X509Certificate>.*<\/ds:X509Certificate>/s, ''), 'signer-certificate'],
    [
      'a countersignature',
      rewrap(
        '</xades:QualifyingProperties>',
        '<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CounterSignature></xades:CounterSignature></xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>',
      ),
      'shape',
    ],
    [
      'SHA-1 as digest',
      signed
        .replaceAll('xmlenc#sha256', '../09/xmldsig#sha1')
        .replaceAll('http://www.w3.org/2001/04/../09/xmldsig#sha1', 'http://www.w3.org/2000/09/xmldsig#sha1'),
      'weak-hash',
    ],
    [
      'MD5 as digest',
      signed.replaceAll('http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmldsig-more#md5'),
      'weak-hash',
    ],
    ['SHA-1 in the signature', rewrap('ecdsa-sha256', 'ecdsa-sha1'), 'weak-hash'],
    [
      'RSA with SHA-1',
      rewrap('http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'),
      'weak-hash',
    ],
    ['a MAC keyed with what is public', rewrap('ecdsa-sha256', 'hmac-sha256'), 'algorithm'],
    ['an empty signature value', signed.replace(/(<ds:SignatureValue[^>]*>)[^<]*/, '$1'), 'base64'],
    ['a signature as DER', signed.replace(/(<ds:SignatureValue[^>]*>)[^<]*/, '$1MEUCIQCDAAAA'), 'signature-length'],
    [
      'a signature of zeros',
      signed.replace(/(<ds:SignatureValue[^>]*>)[^<]*/, `$1${'A'.repeat(86)}==`),
      'bad-signature',
    ],
  ])('refuses: %s', (_, xml, expected) => {
    expect(judge(xml)).toBe(expected)
  })

  it('refuses another certificate over the same key, and a key below 2048 bits', async () => {
    const other = await certify(trust.key, trust.sub, { ...LEAF_FIELDS, name: 'Leaf' })
    expect(judge(signed.replace(base64(trust.leaf.der), base64(other.der)))).toBe('signer-certificate')
    const short = testKey('rsa-sha256', 1024)
    const weak = await certify(short, trust.sub, LEAF_FIELDS)
    const named = signed
      .replace(base64(trust.leaf.der), base64(weak.der))
      .replace(base64(digest('sha256', trust.leaf.der)), base64(digest('sha256', weak.der)))
      .replace(/<xades:IssuerSerialV2>.*<\/xades:IssuerSerialV2>/s, '')
      .replaceAll('ecdsa-sha256', 'rsa-sha256')
    expect(judge(restated(named))).toBe('weak-key')
  })

  it('refuses the name of another certificate beside the right digest', () => {
    const named = signed.replace(
      base64(issuerSerialOf(trust.leaf.der)),
      base64(issuerSerialOf(trust.sub.certificate.der)),
    )
    expect(named).not.toBe(signed)
    expect(judge(restated(named))).toBe('signer-certificate')
    const unnamed = signed.replace(/<xades:IssuerSerialV2>.*<\/xades:IssuerSerialV2>/s, '')
    expect(judge(restated(unnamed))).toBe('bad-signature')
  })

  it.each<[string, string | RegExp, string, string]>([
    [
      'no signing certificate',
      /<xades:SigningCertificateV2>.*<\/xades:SigningCertificateV2>/s,
      '',
      'signed-properties',
    ],
    ['the older signing certificate', /xades:SigningCertificateV2/g, 'xades:SigningCertificate', 'signed-properties'],
    [
      'a certificate digest by SHA-1',
      /(<xades:CertDigest>.*?Algorithm=")[^"]*/s,
      '$1http://www.w3.org/2000/09/xmldsig#sha1',
      'weak-hash',
    ],
    ['a time that is none', /2026-11-22T12:00:00Z/, 'yesterday', 'signed-properties'],
    ['a time without zone', /2026-11-22T12:00:00Z/, '2026-11-22T12:00:00', 'signed-properties'],
    ['no time', /<xades:SigningTime>.*<\/xades:SigningTime>/, '', 'shape'],
    ['no Id of the properties', ' Id="S-1-properties"', '', 'signed-properties'],
    ['no Id of the signature', ' Id="S-1">', '>', 'shape'],
    [
      'the format of something else',
      'ObjectReference="#S-1-content"',
      'ObjectReference="#S-1-value"',
      'signed-properties',
    ],
    ['no format', /<xades:MimeType>.*<\/xades:MimeType>/, '', 'shape'],
    [
      'a signature policy',
      '</xades:SigningCertificateV2>',
      '</xades:SigningCertificateV2><xades:SignaturePolicyIdentifier/>',
      'shape',
    ],
    ['text between the properties', '</xades:SigningTime>', '</xades:SigningTime>text', 'shape'],
    [
      'an attribute that nobody asked for',
      '<xades:SigningCertificateV2>',
      '<xades:SigningCertificateV2 x="1">',
      'shape',
    ],
  ])('refuses signed properties with %s', (_, from, to, expected) => {
    expect(signed).toMatch(from)
    expect(judge(signed.replace(from, to))).toBe(expected)
  })
})

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** With the digest of its properties as they now are: the signature value is what is left to refuse it. */
function restated(xml: string): string {
  const digestOf = (text: string) => {
    const found = [...elementsOf(readXml(encode(text)).root)].find(({ local }) => local === 'SignedProperties')
    return base64(canonicalDigest('sha256', found ?? expect.fail('SignedProperties'), 'exclusive'))
  }
  return xml.replace(digestOf(signed), digestOf(xml))
}
