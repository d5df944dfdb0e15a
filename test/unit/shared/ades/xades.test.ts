import { describe, expect, it } from 'vitest'
import {
  digest,
  parseCertificate,
  PkiError,
  type MessageImprint,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import {
  addXadesArchiveTimeStamp,
  addXadesSignatureTimeStamp,
  addXadesValidationData,
  CanonicalWriter,
  closeEnveloped,
  ContentHashes,
  hashState,
  openEnveloped,
  readXadesNeeds,
  readXml,
  signXmlDetached,
  verifyXades,
  writeEnvelopedSignature,
  xadesArchiveImprint,
  xadesSignatureImprint,
  type XadesToVerify,
} from '../../../../shared/ades/index.ts'
import { certify, crlOf, rootAuthority, testKey } from '../pki/authority.ts'
import { CONTENT, contentHash, decode, DOCUMENT, encode, TrustService, verdict } from './kit.ts'

/** Hundreds of verifications, or new RSA keys, on a busy machine. */
const SLOW_MS = 120_000
const AT = new Date('2026-11-22T12:00:00Z')
const trust = await TrustService.open(AT)
const detached = await trust.levels(await trust.detached())
const enveloped = await trust.levels(await trust.enveloped())
const base = {
  anchors: [trust.root.certificate],
  revocation: 'require',
  requiredKeyUsage: ['contentCommitment'],
} as const
const fresh = await trust.lists(0)
const wanted = (xml: Uint8Array, day: number, more: Partial<XadesToVerify> = {}): XadesToVerify => ({
  xml,
  now: trust.day(day),
  contentHash: contentHash(),
  ...base,
  ...more,
})

describe('when a signature is made', () => {
  it.each<SignatureAlgorithm>([
    'rsa-sha256',
    'rsa-sha384',
    'rsa-sha512',
    'rsa-pss-sha256',
    'rsa-pss-sha384',
    'rsa-pss-sha512',
    'ecdsa-sha256',
    'ecdsa-sha384',
    'ecdsa-sha512',
    'ed25519',
  ])('stands with %s, detached and enveloped', { timeout: SLOW_MS }, async (algorithm) => {
    const other = await TrustService.open(AT, algorithm)
    const options = { now: AT, anchors: [other.root.certificate], revocation: 'none' } as const
    const file = verifyXades({ xml: await other.detached(), contentHash: contentHash(), uri: 'export.csv', ...options })
    expect(file).toMatchObject({
      form: 'detached',
      contentUri: 'export.csv',
      root: null,
      level: 'B-B',
      provedAt: null,
      signed: { signatureAlgorithm: algorithm, mimeType: 'text/csv', signingTime: AT },
    })
    expect(file.signed.signerCertificate.der).toEqual(other.leaf.der)
    const document = verifyXades({ xml: await other.enveloped(), ...options })
    expect(document).toMatchObject({ form: 'enveloped', contentUri: null, root: { local: 'export' } })
    expect(document.path.map(({ subject }) => subject.commonName)).toEqual(['Leaf', 'Issuing', 'Root'])
  })

  it('refuses short keys, the wrong key, a second signature, a wrong digest, names that are none', async () => {
    const make = async (more: object): Promise<string> => {
      const contentDigest = digest('sha256', CONTENT)
      const fields = { ...trust.fields, uri: 'a', mimeType: 'text/csv', contentDigest, ...more }
      return signXmlDetached(fields).then(
        () => 'ok',
        (error: unknown) => verdict(() => raise(error)),
      )
    }
    const short = testKey('rsa-sha256', 1024)
    const weak = await certify(short, trust.sub)
    expect(await make({})).toBe('ok')
    expect(await make({ signer: short, certificate: weak.der })).toBe('weak-key')
    expect(await make({ signer: testKey('ecdsa-sha256') })).toBe('bad-signature')
    expect(await make({ contentDigest: new Uint8Array(20) })).toBe('invalid-input')
    expect(await make({ id: '1 x' })).toBe('invalid-input')
    expect(await make({ uri: '' })).toBe('invalid-input')
    expect(await make({ uri: '#x' })).toBe('invalid-input')
    expect(await make({ signingTime: new Date(Number.NaN) })).toBe('invalid-input')
    expect(await make({ mimeType: 'text/\u0000' })).toBe('xml-character')
    await expect(trust.enveloped(decode(enveloped.basic))).rejects.toMatchObject({ reason: 'signature-count' })
    await expect(trust.enveloped('<a Id="S-1-value">x</a>')).rejects.toMatchObject({ reason: 'xml-duplicate-id' })
    await expect(trust.enveloped('<a/>')).rejects.toMatchObject({ reason: 'shape' })
  })

  it('says what is needed to verify it', () => {
    const renewed = readXadesNeeds(detached.renewed)
    expect(renewed).toMatchObject({ uri: 'export.csv', hashes: ['sha256', 'sha512'], mimeType: 'text/csv' })
    expect(renewed.timeStamps).toHaveLength(3)
    expect(renewed.carried.crls).toHaveLength(4)
    expect(renewed.carried.certificates.map((der) => parseCertificate(der).subject.commonName)).toEqual([
      'Leaf',
      'Issuing',
      'Root',
    ])
    const basic = readXadesNeeds(enveloped.basic)
    expect(basic).toMatchObject({ uri: null, hashes: ['sha256'], mimeType: 'text/xml', timeStamps: [] })
  })

  it('is written while the document is, in one pass', async () => {
    let out = ''
    const writer = new CanonicalWriter({
      namespace: 'urn:example:export',
      hash: hashState('sha256'),
      write: (piece) => {
        out += piece
      },
    })
    writer.start('export', { version: '1', a: '<"&\t' })
    for (let i = 0; i < 100; i++) writer.element('entry', `& ${i} < \r \u{1f600}`, { seq: String(i) })
    const contentDigest = writer.contentDigest()
    expect(verdict(() => writer.text('more'))).toBe('invalid-input')
    writer.insertSignature(await writeEnvelopedSignature({ ...trust.fields, mimeType: 'text/xml', contentDigest }))
    writer.end()
    expect(verdict(() => writer.start('again'))).toBe('invalid-input')
    expect(verifyXades(wanted(encode(out), 0, { crls: fresh })).root?.children).toHaveLength(101)
  })

  it('is made to last while the document is being written', async () => {
    let out = ''
    const write = (piece: string) => {
      out += piece
    }
    const writer = new CanonicalWriter({ namespace: 'urn:example:export', hash: hashState('sha256'), write })
    writer.start('export', { b: '2' })
    writer.element('entry', 'caff\u00e8 & <1>')
    const { contentHash: sealed } = writer.sealed()
    const fields = { ...trust.fields, mimeType: 'application/xml', contentDigest: sealed().digest() }
    const opened = openEnveloped(await writeEnvelopedSignature(fields))
    const stamper = await trust.stamper('Time', trust.day(60))
    const stamp = (imprint: MessageImprint) => trust.stamp(stamper, imprint, AT)
    const timed = addXadesSignatureTimeStamp(opened, await stamp(xadesSignatureImprint(opened, 'sha256')))
    const lasting = addXadesValidationData(timed, await trust.values(0))
    expect(verdict(() => xadesArchiveImprint(lasting, 'sha256'))).toBe('content-missing')
    const imprint = xadesArchiveImprint(lasting, 'sha256', sealed)
    const archived = addXadesArchiveTimeStamp(lasting, await stamp(imprint))
    writer.insertSignature(closeEnveloped(archived))
    writer.end()
    const xml = encode(out)
    const judged = verifyXades(wanted(xml, 1))
    expect(judged).toMatchObject({ form: 'enveloped', level: 'B-LTA', root: { local: 'export' } })
    expect(verdict(() => verifyXades(wanted(encode(out.replace('b="2"', 'b="3"')), 1)))).toBe('digest-mismatch')
    expect(verdict(() => closeEnveloped(xml))).toBe('invalid-input')
    // In its place it is renewed like any other.
    expect(xadesArchiveImprint(xml, 'sha256').digest).toHaveLength(32)
  })

  it.each<[string, (writer: CanonicalWriter) => void, string]>([
    ['a control character', (writer) => writer.element('a', '\u0000'), 'xml-character'],
    ['half a pair', (writer) => writer.element('a', '\ud800'), 'xml-character'],
    ['a name that is none', (writer) => writer.start('a b'), 'invalid-input'],
    ['a declaration as attribute', (writer) => writer.start('a', { xmlns: 'urn:x' }), 'invalid-input'],
    ['text outside', (writer) => writer.text('a'), 'invalid-input'],
    ['an end too many', (writer) => writer.end(), 'invalid-input'],
    ['a digest too early', (writer) => writer.contentDigest(), 'invalid-input'],
    ['a signature too early', (writer) => writer.insertSignature(''), 'invalid-input'],
  ])('is not written with %s', (_, act, expected) => {
    const writer = new CanonicalWriter({ namespace: 'urn:x', hash: hashState('sha256'), write: () => {} })
    expect(verdict(() => act(writer))).toBe(expected)
  })
})

const raise = (error: unknown): never => {
  throw error
}

describe.each([
  ['detached', detached],
  ['enveloped', enveloped],
] as const)('when a %s signature is made to last', (_, made) => {
  it('says the level, the time proved, and who said so', async () => {
    expect(verifyXades(wanted(made.basic, 0, { crls: fresh }))).toMatchObject({ level: 'B-B', provedAt: null })
    expect(verifyXades(wanted(made.timed, 1, { crls: fresh }))).toMatchObject({ level: 'B-T', provedAt: AT })
    expect(verifyXades(wanted(made.lasting, 15))).toMatchObject({ level: 'B-LT', provedAt: AT })
    const kept = verifyXades(wanted(made.archived, 40, { crls: await trust.lists(20) }))
    expect(kept).toMatchObject({ level: 'B-LTA', provedAt: AT, archiveTimeStamps: [{ hash: 'sha512' }] })
    const renewed = verifyXades(wanted(made.renewed, 800, { crls: await trust.lists(50) }))
    expect(renewed.archiveTimeStamps.map((one) => one.authority.subject.commonName)).toEqual([
      'Second time',
      'Third time',
    ])
  })

  const rows: [string, () => XadesToVerify | Promise<XadesToVerify>, string][] = [
    ['the certificate over, no time-stamp', () => wanted(made.basic, 11, { crls: fresh }), 'expired'],
    ['the certificate over, time-stamped before', () => wanted(made.lasting, 15), 'ok'],
    ['the authority over, nothing newer', () => wanted(made.lasting, 31), 'expired'],
    ['no word about the archive’s authority', () => wanted(made.archived, 40), 'stale-crl'],
    [
      'the archive’s authority over, nothing newer',
      async () => wanted(made.archived, 61, { crls: await trust.lists(20) }),
      'expired',
    ],
    [
      'revoked after the time-stamp',
      async () => {
        const entry = { serial: trust.leaf.serial, at: trust.day(3), reason: 'superseded' as const }
        const later = await crlOf(trust.sub, [entry], {
          thisUpdate: trust.day(4),
          nextUpdate: trust.day(6),
          number: 9n,
        })
        return wanted(made.timed, 5, { crls: [...fresh.slice(0, 1), later] })
      },
      'ok',
    ],
    [
      'revoked, no time-stamp',
      async () => {
        const entry = { serial: trust.leaf.serial, at: trust.day(-1), reason: 'keyCompromise' as const }
        return wanted(made.basic, 0, { crls: [...fresh.slice(0, 1), await crlOf(trust.sub, [entry])] })
      },
      'revoked',
    ],
    [
      'another anchor',
      async () => wanted(made.basic, 0, { anchors: [(await rootAuthority()).certificate] }),
      'untrusted',
    ],
    [
      'authorities of another anchor',
      async () => wanted(made.timed, 1, { crls: fresh, timeStampAnchors: [(await rootAuthority()).certificate] }),
      'untrusted',
    ],
    [
      'a time-stamp over something else',
      async () => {
        const token = await trust.stamp(made.first, { hash: 'sha256', digest: digest('sha256', CONTENT) }, AT)
        return wanted(addXadesSignatureTimeStamp(made.basic, token), 1, { crls: fresh })
      },
      'tsp-imprint',
    ],
    [
      'a list taken out after the archive time-stamp',
      () => wanted(without(made.archived, 'CRLValues'), 40),
      'tsp-imprint',
    ],
    [
      'the first archive time-stamp put last',
      () => {
        const text = decode(made.renewed)
        const pattern = /<xades141:ArchiveTimeStamp.*?<\/xades141:ArchiveTimeStamp>/gs
        const [first = '', second = ''] = text.match(pattern) ?? []
        return wanted(encode(text.replace(first, '@').replace(second, first).replace('@', second)), 800)
      },
      'time-stamp-order',
    ],
  ]
  it.each(rows)('judges: %s', async (_, act, expected) => {
    const options = await act()
    expect(verdict(() => verifyXades(options))).toBe(expected)
  })

  it('never gives another signer, content or time after one altered octet', { timeout: SLOW_MS }, () => {
    for (let at = 0; at < made.lasting.length; at += 31) {
      const altered = Uint8Array.from(made.lasting)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 7))
      const result = verdict(() => {
        const by = verifyXades(wanted(altered, 1, { crls: fresh }))
        expect(by.signed.signerCertificate.der, `octet ${at}`).toEqual(trust.leaf.der)
        expect(by.provedAt === null || by.provedAt.getTime() === AT.getTime(), `octet ${at}`).toBe(true)
      })
      expect(result).toBeTypeOf('string')
    }
  })
})

const without = (xml: Uint8Array, name: string): Uint8Array =>
  encode(decode(xml).replace(new RegExp(`<xades:${name}>.*?</xades:${name}>`, 's'), ''))

describe('when what is signed was changed', () => {
  it.each<[string, Partial<XadesToVerify>, string]>([
    ['nothing', {}, 'ok'],
    ['other content', { contentHash: contentHash(encode('other')) }, 'digest-mismatch'],
    ['another file', { uri: 'other.csv' }, 'reference'],
  ])('judges a detached signature: %s', (_, more, expected) => {
    expect(verdict(() => verifyXades(wanted(detached.basic, 0, { crls: fresh, ...more })))).toBe(expected)
  })

  it('asks for the content', () => {
    const { contentHash: _, ...rest } = wanted(detached.basic, 0)
    expect(verdict(() => verifyXades(rest))).toBe('content-missing')
    expect(verdict(() => xadesArchiveImprint(detached.basic, 'sha256'))).toBe('content-missing')
    expect(() => new ContentHashes(['sha256']).contentHash('sha512')).toThrow(RangeError)
  })

  it.each<[string, string, string]>([
    ['a word', 'card', 'cord'],
    ['a space', '  <entry', ' <entry'],
    ['an attribute', 'b="2"', 'b="3"'],
    ['a namespace', 'urn:n', 'urn:m'],
  ])('refuses an enveloping document in which %s is another', async (_, from, to) => {
    const document = DOCUMENT.replace('caff', 'card caff')
    const signed = decode(await trust.enveloped(document))
    expect(signed).toContain(from)
    expect(verdict(() => verifyXades(wanted(encode(signed.replace(from, to)), 0, { crls: fresh })))).toBe(
      'digest-mismatch',
    )
  })

  it('allows what XML counts as the same', () => {
    const same = decode(enveloped.basic).replaceAll('\n', '\r\n').replace('b="2" a=', "a =  '&lt;1&#x9;' b='2' c=")
    const text = same.replace(/ c="[^"]*"/, '')
    expect(text).toContain('\r\n')
    expect(verdict(() => verifyXades(wanted(encode(text), 0, { crls: fresh })))).toBe('ok')
    expect(readXml(enveloped.basic).root.local).toBe('export')
  })

  it('throws nothing but its own two errors on files broken anywhere', { timeout: SLOW_MS }, () => {
    const xml = decode(enveloped.archived)
    const tags = [...xml.matchAll(/<[^>]*>/g)].map(({ index, 0: tag }) => [index, tag.length] as const)
    for (const [index, length] of tags) {
      const broken = encode(xml.slice(0, index) + xml.slice(index + length))
      expect(verdict(() => verifyXades(wanted(broken, 1, { crls: fresh })))).not.toBe('ok')
    }
    for (let cut = 0; cut < xml.length; cut += 97) {
      expect(verdict(() => verifyXades(wanted(encode(xml.slice(0, cut)), 1)))).not.toBe('ok')
    }
    expect(() => parseCertificate(new Uint8Array(3))).toThrow(PkiError)
    expect(xadesSignatureImprint(enveloped.basic, 'sha256').digest).toHaveLength(32)
  })
})
