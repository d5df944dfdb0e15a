import { describe, expect, it } from 'vitest'
import {
  cmsHashFor,
  encodeSignatureAlgorithm,
  signData,
  signDigest,
  verifySignedData,
  type Certificate,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import { compareBytes, concatBytes } from '../../../../shared/pki/bytes.ts'
import { writeSignedAttributes } from '../../../../shared/pki/cms-attributes.ts'
import { issuerAndSerial } from '../../../../shared/pki/cms-certificate.ts'
import { digest } from '../../../../shared/pki/crypto.ts'
import { readDer } from '../../../../shared/pki/der-read.ts'
import * as der from '../../../../shared/pki/der-write.ts'
import { encodeHash } from '../../../../shared/pki/signature.ts'
import { AT, certify, LEAF_FIELDS, rootAuthority, testKey, verdict, type TestKey } from './authority.ts'

const root = await rootAuthority()
const key = testKey('ecdsa-sha256')
const signer = await certify(key, root, LEAF_FIELDS)
const twin = await certify(key, root, LEAF_FIELDS)
const content = new TextEncoder().encode('I, officer O, saw document D')
const ALL: readonly SignatureAlgorithm[] = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-sha256',
  'rsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'ed25519',
]

describe('when content is signed and verified', () => {
  it.each(ALL)('gives back what was signed with %s, attached and detached', async (algorithm) => {
    const key = testKey(algorithm)
    const certificate = await certify(key, root, LEAF_FIELDS)
    const fields = {
      content,
      signer: key,
      certificate: certificate.der,
      chain: [root.certificate.der],
      signingTime: AT,
    }
    const attached = verifySignedData({ cms: await signData({ ...fields, detached: false }) })
    expect(attached).toMatchObject({ content, signingTime: AT, mimeType: null, signatureAlgorithm: algorithm })
    expect(attached.signerCertificate.der).toEqual(certificate.der)
    expect(attached.certificates).toHaveLength(2)
    const detached = await signData({ ...fields, detached: true, mimeType: 'text/csv' })
    expect(verifySignedData({ cms: detached, content })).toMatchObject({ content, mimeType: 'text/csv' })
    const contentDigest = digest(cmsHashFor(algorithm), content)
    const ofDigest = await signDigest({ ...fields, contentDigest })
    expect(verifySignedData({ cms: ofDigest, content }).content).toEqual(content)
  })

  it('carries a certificate once', async () => {
    const chain = [signer.der, root.certificate.der, root.certificate.der]
    const cms = await signData({ content, detached: false, signer: key, certificate: signer.der, chain })
    expect(verifySignedData({ cms })).toMatchObject({ signingTime: null, certificates: { length: 2 } })
  })

  it('refuses to hand out what the wrong key has signed', async () => {
    const other = testKey('ecdsa-sha256')
    const made = signData({ content, detached: false, signer: other, certificate: signer.der })
    await expect(made).rejects.toMatchObject({ reason: 'bad-signature' })
  })

  it('refuses a mime type for attached content, and passes the signer’s own error', async () => {
    const fields = { content, detached: false, certificate: signer.der }
    await expect(signData({ ...fields, signer: key, mimeType: 'a/b' })).rejects.toMatchObject({
      reason: 'invalid-input',
    })
    const pulled = { algorithm: key.algorithm, sign: () => Promise.reject(new Error('card pulled')) }
    await expect(signData({ ...fields, signer: pulled })).rejects.toThrow('card pulled')
  })
})

// A signature put together by hand, rightly signed, with one part changed at a time.
interface Parts {
  attributes?: (list: readonly Uint8Array[]) => readonly Uint8Array[]
  unsorted?: boolean
  digestAlgorithms?: readonly Uint8Array[]
  digestAlgorithm?: Uint8Array
  signatureAlgorithm?: Uint8Array
  signedDataVersion?: number
  infoVersion?: number
  contentType?: string
  eContentType?: string
  eContent?: readonly Uint8Array[]
  certificates?: readonly Certificate[]
  sid?: Certificate
  infos?: number
  unsigned?: readonly Uint8Array[]
  noAttributes?: boolean
  signWith?: TestKey
}

const SHA256 = encodeHash('sha256')
const NORMAL = writeSignedAttributes({
  contentDigest: digest('sha256', content),
  hash: 'sha256',
  algorithm: 'ecdsa-sha256',
  certificate: signer.der,
  certificateId: issuerAndSerial(signer.der),
  signingTime: AT,
})
const attributesOf = (set: Uint8Array): Uint8Array[] => {
  const list: Uint8Array[] = []
  for (let rest = readDer(set).body; rest.length > 0;) {
    const length = 2 + (rest[1] ?? 0)
    list.push(rest.subarray(0, length))
    rest = rest.subarray(length)
  }
  return list
}
const attribute = (oid: string, ...values: Uint8Array[]) =>
  der.writeSequence(der.writeOid(oid), der.writeSetOf(...values))
const holds = (oid: string) => (one: Uint8Array) => Buffer.from(one).includes(Buffer.from(der.writeOid(oid)))
const TYPE = '1.2.840.113549.1.9.3'
const DIGEST = '1.2.840.113549.1.9.4'
const TIME = '1.2.840.113549.1.9.5'
const CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const PROTECTION = '1.2.840.113549.1.9.52'
const without = (oid: string) => (list: readonly Uint8Array[]) => list.filter((one) => !holds(oid)(one))
const instead =
  (oid: string, ...values: Uint8Array[]) =>
  (list: readonly Uint8Array[]) => [...without(oid)(list), attribute(oid, ...values)]

async function assemble(parts: Parts = {}): Promise<Uint8Array> {
  const list = (parts.attributes ?? ((list) => list))(attributesOf(NORMAL))
  const sorted = parts.unsorted ? [...list] : [...list].sort(compareBytes)
  const signed = der.tlv(0x31, ...sorted)
  const signature = await (parts.signWith ?? key).sign(parts.noAttributes ? content : signed)
  const id = issuerAndSerial((parts.sid ?? signer).der)
  const info = der.writeSequence(
    der.writeInteger(parts.infoVersion ?? 1),
    der.writeSequence(id.issuer, id.serial),
    parts.digestAlgorithm ?? SHA256,
    ...(parts.noAttributes ? [] : [der.tlv(0xa0, ...sorted)]),
    parts.signatureAlgorithm ?? encodeSignatureAlgorithm('ecdsa-sha256'),
    der.writeOctets(signature),
    ...(parts.unsigned ? [der.tlv(0xa1, ...parts.unsigned)] : []),
  )
  const infos = Array.from({ length: parts.infos ?? 1 }, () => info)
  const signedData = der.writeSequence(
    der.writeInteger(parts.signedDataVersion ?? 1),
    der.tlv(0x31, ...(parts.digestAlgorithms ?? [SHA256])),
    der.writeSequence(
      der.writeOid(parts.eContentType ?? '1.2.840.113549.1.7.1'),
      ...(parts.eContent ?? [der.writeExplicit(0, der.writeOctets(content))]),
    ),
    der.tlv(0xa0, ...(parts.certificates ?? [signer]).map((one) => one.der)),
    der.tlv(0x31, ...infos),
  )
  return der.writeSequence(der.writeOid(parts.contentType ?? '1.2.840.113549.1.7.2'), der.writeExplicit(0, signedData))
}

const essOf = (...parts: Uint8Array[]) => der.writeSequence(der.writeSequence(der.writeSequence(...parts)))
const certHash = (hash: 'sha256' | 'sha512', certificate: Certificate) => der.writeOctets(digest(hash, certificate.der))
const issuerSerial = (certificate: Certificate) => {
  const { issuer, serial } = issuerAndSerial(certificate.der)
  return der.writeSequence(der.writeSequence(der.tlv(0xa4, issuer)), serial)
}
const SHA1 = der.writeSequence(der.writeOid('1.3.14.3.2.26'))
const SHA512 = encodeHash('sha512')

describe('when signatures of one signer follow each other', () => {
  const later = (ms: number): Date => new Date(AT.getTime() + ms)
  const other = new TextEncoder().encode('something else')
  const steps: readonly (readonly [string, Uint8Array, Date | undefined, string | undefined])[] = [
    ['the first', content, AT, undefined],
    ['another digest in the same second', other, later(900), undefined],
    ['the next second', other, later(1000), undefined],
    ['a time before', content, later(-1), undefined],
    ['a mime type', content, later(-1), 'text/csv'],
    ['another mime type', content, later(-1), 'text/xml'],
    ['no time', content, undefined, 'text/xml'],
    ['nothing of both', other, undefined, undefined],
    ['a year that is written otherwise', content, new Date('2050-01-01T00:00:00.500Z'), undefined],
  ]

  it.each(['sha256', 'sha384', 'sha512'] as const)('writes each set as it is written alone, digests by %s', (hash) => {
    const write = (certificateId: ReturnType<typeof issuerAndSerial>, [, bytes, time, mimeType]: (typeof steps)[0]) =>
      writeSignedAttributes({
        contentDigest: digest(hash, bytes),
        hash,
        algorithm: 'ecdsa-sha256',
        certificate: signer.der,
        certificateId,
        ...(time ? { signingTime: time } : {}),
        ...(mimeType === undefined ? {} : { mimeType }),
      })
    const same = issuerAndSerial(signer.der)
    const made = steps.map((step) => write(same, step))
    const alone = steps.map((step) => write(issuerAndSerial(signer.der), step))
    expect(made).toEqual(alone)
    expect(new Set(made.map((set) => Buffer.from(set).toString('hex'))).size).toBe(steps.length)
  })

  it('refuses a time that is none, whatever was signed before', async () => {
    const fields = { contentDigest: digest('sha256', content), signer: key, certificate: signer.der }
    await signDigest({ ...fields, signingTime: AT })
    await expect(signDigest({ ...fields, signingTime: new Date(Number.NaN) })).rejects.toMatchObject({
      reason: 'invalid-input',
    })
  })
})

describe('when a signature is put together otherwise', () => {
  it.each<[string, Parts, string]>([
    ['as it should be', {}, 'ok'],
    ['no SignerInfo', { infos: 0 }, 'signer-count'],
    ['two SignerInfos', { infos: 2 }, 'signer-count'],
    ['another content type outside', { contentType: '1.2.840.113549.1.7.1' }, 'content-type'],
    ['another content type inside', { eContentType: '1.2.840.113549.1.9.16.1.4' }, 'content-type'],
    ['another content type in the attributes', { attributes: instead(TYPE, der.writeOid('1.2.3')) }, 'content-type'],
    ['SignedData version 3', { signedDataVersion: 3 }, 'unsupported-version'],
    ['SignerInfo version 3', { infoVersion: 3 }, 'unsupported-version'],
    ['no signed attributes', { noAttributes: true }, 'missing-attribute'],
    ['no content type', { attributes: without(TYPE) }, 'missing-attribute'],
    ['no digest', { attributes: without(DIGEST) }, 'missing-attribute'],
    ['no signing certificate', { attributes: without(CERTIFICATE_V2) }, 'missing-attribute'],
    ['no signing time', { attributes: without(TIME) }, 'ok'],
    ['no algorithm protection', { attributes: without(PROTECTION) }, 'ok'],
    [
      'unsorted attributes',
      { unsorted: true, attributes: (list) => [...list].sort(compareBytes).reverse() },
      'unsorted-attributes',
    ],
    ['an attribute twice', { attributes: (list) => [...list, list[0] as Uint8Array] }, 'duplicate-attribute'],
    ['two values', { attributes: instead(TIME, der.writeTime(AT), der.writeTime(new Date(0))) }, 'duplicate-attribute'],
    ['no value', { attributes: instead(TIME) }, 'malformed'],
    [
      'digest of other content',
      { attributes: instead(DIGEST, der.writeOctets(digest('sha256', signer.der))) },
      'digest-mismatch',
    ],
    [
      'digest cut short',
      { attributes: instead(DIGEST, der.writeOctets(digest('sha256', content).subarray(0, 16))) },
      'digest-mismatch',
    ],
    ['digest algorithm SHA-1', { digestAlgorithm: SHA1, digestAlgorithms: [SHA1] }, 'weak-hash'],
    [
      'another digest than the signature’s',
      { digestAlgorithm: SHA512, digestAlgorithms: [SHA512] },
      'algorithm-protection',
    ],
    ['another digest in the list', { digestAlgorithms: [SHA512] }, 'algorithm-protection'],
    ['two digests in the list', { digestAlgorithms: [SHA256, SHA512] }, 'malformed'],
    ['signature algorithm SHA-1', { signatureAlgorithm: encodeWeak() }, 'weak-hash'],
    [
      'protection of another signature',
      {
        attributes: instead(PROTECTION, der.writeSequence(SHA256, der.tlv(0xa1, der.writeOid('1.2.840.10045.4.3.3')))),
      },
      'algorithm-protection',
    ],
    [
      'protection of another digest',
      {
        attributes: instead(PROTECTION, der.writeSequence(SHA512, der.tlv(0xa1, der.writeOid('1.2.840.10045.4.3.2')))),
      },
      'algorithm-protection',
    ],
    ['another certificate over the same key', { certificates: [twin], sid: twin }, 'signer-certificate'],
    ['the certificate missing', { certificates: [root.certificate] }, 'signer-certificate'],
    ['the certificate twice', { certificates: [signer, signer] }, 'signer-certificate'],
    [
      'signing certificate without issuer and serial',
      { attributes: instead(CERTIFICATE_V2, essOf(certHash('sha256', signer))) },
      'ok',
    ],
    [
      'signing certificate by SHA-512',
      { attributes: instead(CERTIFICATE_V2, essOf(SHA512, certHash('sha512', signer), issuerSerial(signer))) },
      'ok',
    ],
    [
      'signing certificate with SHA-256 written out',
      { attributes: instead(CERTIFICATE_V2, essOf(SHA256, certHash('sha256', signer))) },
      'malformed',
    ],
    [
      'signing certificate by SHA-1',
      { attributes: instead(CERTIFICATE_V2, essOf(SHA1, der.writeOctets(new Uint8Array(20)))) },
      'weak-hash',
    ],
    [
      'issuer and serial of another',
      { attributes: instead(CERTIFICATE_V2, essOf(certHash('sha256', signer), issuerSerial(twin))) },
      'signer-certificate',
    ],
    [
      'no certificate named',
      { attributes: instead(CERTIFICATE_V2, der.writeSequence(der.writeSequence())) },
      'malformed',
    ],
    ['signed by another key', { signWith: testKey('ecdsa-sha256') }, 'bad-signature'],
    ['unsigned attributes', { unsigned: [attribute('1.2.3', der.writeNull())] }, 'ok'],
    [
      'an unsigned attribute twice',
      { unsigned: [attribute('1.2.3', der.writeNull()), attribute('1.2.3', der.writeNull())] },
      'ok',
    ],
    ['no content', { eContent: [] }, 'content-missing'],
    ['content in pieces', { eContent: [der.writeExplicit(0, der.tlv(0x24, der.writeOctets(content)))] }, 'malformed'],
    [
      'something after the content',
      { eContent: [der.writeExplicit(0, der.writeOctets(content)), der.writeNull()] },
      'malformed',
    ],
  ])('judges it: %s', async (_, parts, expected) => {
    const cms = await assemble(parts)
    expect(verdict(() => verifySignedData({ cms }))).toBe(expected)
  })

  it.each([
    ['the same content given again', content, 'ok'],
    ['other content given', content.subarray(1), 'content-mismatch'],
    ['empty content given', new Uint8Array(0), 'content-mismatch'],
  ])('judges attached content: %s', async (_, given, expected) => {
    const cms = await assemble()
    expect(verdict(() => verifySignedData({ cms, content: given }))).toBe(expected)
  })

  it('judges detached content', async () => {
    const cms = await assemble({ eContent: [] })
    expect(verdict(() => verifySignedData({ cms, content }))).toBe('ok')
    expect(verdict(() => verifySignedData({ cms, content: concatBytes([content, content]) }))).toBe('digest-mismatch')
  })

  it('signs with SHA-512 for Ed25519 and refuses another digest there', async () => {
    const edKey = testKey('ed25519')
    const certificate = await certify(edKey, root, LEAF_FIELDS)
    const cms = await signData({ content, detached: false, signer: edKey, certificate: certificate.der })
    expect(Buffer.from(cms).includes(Buffer.from(SHA512))).toBe(true)
  })
})

function encodeWeak(): Uint8Array {
  return der.writeSequence(der.writeOid('1.2.840.10045.4.1'))
}
