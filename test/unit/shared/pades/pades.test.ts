import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  addDocTimeStamp,
  addPdfValidationData,
  readPdfAttachment,
  readPdfSignatures,
  readPdfValidationData,
  verifyPades,
} from '../../../../shared/pades/index.ts'
import {
  digest,
  signDigest,
  parseCertificate,
  type Certificate,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import { fillPdf, preparePdf } from '../../../../shared/pades/pdf-prepare.ts'
import { certify, crlOf, LEAF_FIELDS, type Authority } from '../pki/authority.ts'
import { ocspResponse } from '../pki/responder.ts'
import {
  after,
  appendPdf,
  bytesOf,
  dataOf,
  judge,
  latin1,
  levelsOf,
  makeWorld,
  newerList,
  packedPdf,
  plainPdf,
  reason,
  sign,
  stampAt,
  trustOf,
} from './kit.ts'

const world = await makeWorld()
const basic = await sign(world, plainPdf())

describe('when a PDF is signed', () => {
  it.each<[SignatureAlgorithm, string]>([
    ['ecdsa-sha256', 'table'],
    ['ecdsa-sha384', 'stream'],
    ['ecdsa-sha512', 'table'],
    ['rsa-sha256', 'stream'],
    ['rsa-pss-sha256', 'table'],
    ['ed25519', 'stream'],
  ])('verifies at every level and after a renewal with %s (%s)', async (algorithm, kind) => {
    const own = await makeWorld(algorithm)
    const pdf = kind === 'table' ? plainPdf() : await packedPdf()
    const levels = await levelsOf(own, pdf)
    for (const [level, signed] of Object.entries(levels)) {
      expect(Buffer.compare(signed.subarray(0, pdf.length), pdf), 'nothing that was there changes').toBe(0)
      const revocation = /LT|renewed/.test(level) ? 'require' : 'none'
      const judged = judge(own, signed, { revocation })
      expect(judged.level).toBe(level === 'renewed' ? 'B-LTA' : level)
      expect(judged.signatures).toMatchObject([
        { signed: { signatureAlgorithm: algorithm }, claimedAt: own.at, certifies: null },
      ])
      expect(judged.signatures[0]?.path).toHaveLength(3)
      expect(judged.signatures[0]?.provedAt).toEqual(level === 'B-B' ? null : after(own.at, 1))
    }
    const renewed = judge(own, levels['renewed'] ?? pdf)
    expect(renewed.signatures[0]?.addedAfter).toEqual(['validation-data', 'time-stamp'])
    expect(renewed.documentTimeStamps).toMatchObject([
      { revision: 2, coversWholeDocument: false, addedAfter: ['validation-data', 'time-stamp'] },
      { revision: 3, coversWholeDocument: true, addedAfter: [] },
    ])
  })

  it('says who, why and where, in any letters, and shows it', async () => {
    const words = { name: 'Zoë Šťastná', reason: 'Доказ (1) \\ 中', location: 'Napoli' }
    const shown = await sign(world, plainPdf(), {
      ...words,
      appearance: { lines: ['Signed by', 'Zoë Šťastná'], box: [40, 40, 260, 100] },
    })
    expect(judge(world, shown).signatures).toMatchObject([{ ...words, isVisible: true, fieldName: 'Signature1' }])
    expect(judge(world, basic).signatures).toMatchObject([{ name: null, isVisible: false }])
  })

  it('is signed again in another field, as often as needed', async () => {
    let pdf = basic
    for (let i = 0; i < 3; i++) pdf = await sign(world, pdf, { timeStamp: stampAt(world, after(world.at, 1)) })
    const judged = judge(world, pdf)
    expect(judged.level).toBe('B-B')
    expect(judged.signatures.map(({ fieldName, level, addedAfter }) => [fieldName, level, addedAfter])).toEqual([
      ['Signature1', 'B-B', ['signature']],
      ['Signature2', 'B-T', ['signature']],
      ['Signature3', 'B-T', ['signature']],
      ['Signature4', 'B-T', []],
    ])
    expect(readPdfSignatures(pdf).map(({ kind, fieldName }) => [kind, fieldName])).toHaveLength(4)
  })

  it('keeps lists that stand by themselves where they are', async () => {
    const pdf = plainPdf({
      catalog: ' /AcroForm 7 0 R',
      page: ' /Annots 8 0 R',
      objects: [
        '<</Fields 9 0 R>>',
        '[10 0 R]',
        '[10 0 R]',
        '<</Type /Annot /Subtype /Widget /FT /Tx /T (t) /Rect [0 0 9 9]>>',
      ],
    })
    const signed = await sign(world, await sign(world, pdf))
    expect(judge(world, signed).signatures).toHaveLength(2)
  })

  it.each<[string, string, () => Promise<unknown>]>([
    ['a hole too small', 'placeholder', () => sign(world, plainPdf(), { reserve: 100 })],
    [
      'a hole too small for the time-stamp',
      'placeholder',
      () => sign(world, plainPdf(), { reserve: 1500, timeStamp: stampAt(world, after(world.at, 1)) }),
    ],
    ['a hole of nothing', 'placeholder', () => sign(world, plainPdf(), { reserve: 0 })],
    ['a field that is signed', 'field-name', () => sign(world, basic, { fieldName: 'Signature1' })],
    ['a name with a period', 'field-name', () => sign(world, plainPdf(), { fieldName: 'a.b' })],
    [
      'a box of nothing',
      'invalid-input',
      () => sign(world, plainPdf(), { appearance: { lines: [], box: [9, 9, 9, 9] } }),
    ],
    [
      'a page that is not there',
      'invalid-input',
      () => sign(world, plainPdf(), { appearance: { lines: [], page: 1 } }),
    ],
    [
      'an encrypted file',
      'encrypted',
      () => sign(world, bytesOf(latin1(plainPdf()).replace('/Root', '/Encrypt <<>> /Root'))),
    ],
    ['no PDF', 'header', () => sign(world, bytesOf('no'))],
  ])('refuses %s', async (_name, expected, act) => {
    await expect(act()).rejects.toMatchObject({ name: 'PadesError', reason: expected })
  })

  it('says how many octets were needed', async () => {
    await expect(sign(world, plainPdf(), { reserve: 100 })).rejects.toMatchObject({
      detail: { needed: expect.any(Number), reserved: 100 },
    })
  })

  it('refuses a signer with another key before anything leaves', async () => {
    await expect(sign(world, plainPdf(), { signer: world.stampKey })).rejects.toMatchObject({ reason: 'bad-signature' })
  })
})

describe('when a signature is judged', () => {
  it('needs an anchor of the signer, and one of the time-stamping authority', async () => {
    const timed = await sign(world, plainPdf(), { timeStamp: stampAt(world, after(world.at, 1)) })
    expect(reason(() => judge(world, timed, { anchors: [world.stampRoot.certificate] }))).toBe('untrusted')
    expect(reason(() => judge(world, timed, { timeStampAnchors: [world.root.certificate] }))).toBe('untrusted')
  })

  it('is refused with a signing-time among the signed attributes', async () => {
    const prepared = preparePdf({ pdf: plainPdf(), kind: 'signature', reserve: 3000, entries: {} })
    const [, from, to] = prepared.byteRange
    const contentDigest = digest('sha256', prepared.pdf.subarray(0, from), prepared.pdf.subarray(to))
    const cms = await signDigest({
      signer: world.key,
      certificate: world.leaf.der,
      chain: [world.sub.certificate.der],
      contentDigest,
      signingTime: world.at,
    })
    expect(reason(() => judge(world, fillPdf(prepared, cms)))).toBe('signed-attribute')
  })

  it('stands though it was revoked after the time-stamp, and falls where it was before', async () => {
    const timed = await sign(world, plainPdf(), { timeStamp: stampAt(world, after(world.at, 1)) })
    const listOf = async (minutes: number) => {
      const entry = { serial: world.leaf.serial, at: after(world.at, minutes), reason: 'superseded' } as const
      const times = { thisUpdate: after(world.at, 5), nextUpdate: after(world.at, 1440), number: 3n }
      const [root = new Uint8Array(), , stamps = new Uint8Array()] = world.crls
      const list = await crlOf(world.sub, [entry], times)
      return addPdfValidationData({ pdf: timed, certificates: [], crls: [root, list.der, stamps], ocsp: [] })
    }
    expect(reason(() => judge(world, timed, { revocation: 'require' }))).not.toBe('ok')
    const [later, before] = [await listOf(3), await listOf(0)]
    expect(judge(world, later, { revocation: 'require' }).level).toBe('B-LT')
    expect(reason(() => judge(world, before, { revocation: 'require' }))).toBe('revoked')
  })

  it('is of level B-T where the data is about somebody else', async () => {
    const timed = await sign(world, plainPdf(), { timeStamp: stampAt(world, after(world.at, 1)) })
    const [, , stamps = new Uint8Array()] = world.crls
    const other = addPdfValidationData({ pdf: timed, certificates: [], crls: [stamps], ocsp: [] })
    expect(judge(world, other).level).toBe('B-T')
  })

  it('lasts by answers about its certificates as well as by lists', async () => {
    const timed = await sign(world, plainPdf(), { timeStamp: stampAt(world, after(world.at, 1)) })
    const times = { producedAt: after(world.at, 2), thisUpdate: after(world.at, 2), nextUpdate: after(world.at, 1440) }
    const answer = (certificate: Certificate, { certificate: issuer, key }: Authority) =>
      ocspResponse({ certificate, issuer, key, ...times })
    const ocsp = await Promise.all([
      answer(world.leaf, world.sub),
      answer(world.sub.certificate, world.root),
      answer(world.stampLeaf, world.stampRoot),
    ])
    const lasting = addPdfValidationData({ pdf: timed, certificates: [world.root.certificate.der], crls: [], ocsp })
    expect(judge(world, lasting, { revocation: 'require' })).toMatchObject({ level: 'B-LT' })
    const less = addPdfValidationData({ pdf: timed, certificates: [], crls: [], ocsp: ocsp.slice(0, 1) })
    expect(reason(() => judge(world, less, { revocation: 'require' }))).not.toBe('ok')
  })

  it('outlives its authorities only by renewals', async () => {
    const levels = await levelsOf(world, plainPdf())
    const late = after(world.at, 31 * 1440)
    expect(reason(() => judge(world, levels['B-LTA'] ?? basic, { now: late }))).toBe('expired')
    const short = { ...world, stampLeaf: await shortLived() }
    const timed = await sign(world, plainPdf(), { timeStamp: stampAt(short, after(world.at, 1)) })
    expect(reason(() => judge(world, timed, { now: after(world.at, 120) }))).toBe('expired')
    const archived = await addDocTimeStamp({ pdf: timed, timeStamp: stampAt(world, after(world.at, 10)) })
    expect(judge(world, archived, { now: after(world.at, 120) }).level).toBe('B-T')
    const tooLate = await addDocTimeStamp({ pdf: timed, timeStamp: stampAt(world, after(world.at, 90)) })
    expect(reason(() => judge(world, tooLate, { now: after(world.at, 120) }))).toBe('expired')
  })

  const shortLived = () =>
    certify(world.stampKey, world.stampRoot, {
      notBefore: after(world.at, -60),
      notAfter: after(world.at, 60),
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.8'],
      extendedKeyUsageCritical: true,
    })

  it('refuses time-stamps out of order, of other content, or from no authority', async () => {
    const first = await addDocTimeStamp({ pdf: basic, timeStamp: stampAt(world, after(world.at, 5)) })
    const earlier = await addDocTimeStamp({ pdf: first, timeStamp: stampAt(world, after(world.at, 4)) })
    expect(reason(() => judge(world, earlier))).toBe('time-stamp-order')
    const wrong = stampAt(world, after(world.at, 5))
    const other = await addDocTimeStamp({
      pdf: basic,
      timeStamp: (imprint) => wrong({ ...imprint, digest: imprint.digest.map((one) => one ^ 1) }),
    })
    expect(reason(() => judge(world, other))).toBe('tsp-imprint')
    const late = await sign(world, plainPdf(), { timeStamp: stampAt(world, after(world.at, 5)) })
    const before = await addDocTimeStamp({ pdf: late, timeStamp: stampAt(world, after(world.at, 4)) })
    expect(reason(() => judge(world, before))).toBe('time-stamp-order')
    const client = await certify(world.stampKey, world.stampRoot, LEAF_FIELDS)
    const nobody = await addDocTimeStamp({
      pdf: basic,
      timeStamp: stampAt({ ...world, stampLeaf: client }, after(world.at, 5)),
    })
    expect(reason(() => judge(world, nobody))).toBe('eku')
  })
})

describe('when validation data is added', () => {
  it('is read back, each once, and adds nothing twice', async () => {
    const data = dataOf(world)
    const first = addPdfValidationData({ pdf: basic, ...data })
    expect(
      readPdfValidationData(first)
        .certificates.map((der) => Buffer.from(der).toString('hex'))
        .toSorted(),
    ).toEqual(data.certificates.map((der) => Buffer.from(der).toString('hex')).toSorted())
    expect(addPdfValidationData({ pdf: first, ...data })).toBe(first)
    const more = addPdfValidationData({
      pdf: first,
      certificates: data.certificates,
      crls: [await newerList(world)],
      ocsp: [bytesOf('answer')],
    })
    expect(readPdfValidationData(more)).toMatchObject({
      certificates: { length: 4 },
      crls: { length: 4 },
      ocsp: [bytesOf('answer')],
    })
    expect(judge(world, first).signatures[0]?.addedAfter).toEqual(['validation-data'])
  })

  it('may be replaced as long as nothing covers it', () => {
    const first = addPdfValidationData({ pdf: basic, ...dataOf(world) })
    const store = /(\d+) 0 obj\n<<\/Type \/DSS/.exec(latin1(first))?.[1] ?? ''
    expect(judge(world, appendPdf(first, { [store]: '<</Type /DSS>>' })).level).toBe('B-B')
  })

  it('refuses a store without data that a time-stamp covers', async () => {
    const first = addPdfValidationData({ pdf: basic, ...dataOf(world) })
    const archived = await addDocTimeStamp({ pdf: first, timeStamp: stampAt(world, after(world.at, 5)) })
    const store = /(\d+) 0 obj\n<<\/Type \/DSS/.exec(latin1(first))?.[1] ?? ''
    expect(reason(() => judge(world, appendPdf(archived, { [store]: '<</Type /DSS>>' })))).toBe('validation-data')
  })
})

describe('when somebody else signed', () => {
  const folder = join(import.meta.dirname, '../../../fixtures/pades')
  const read = (name: string) => new Uint8Array(readFileSync(join(folder, name)))
  const trust = {
    anchors: [parseCertificate(read('root.der'))],
    timeStampAnchors: [parseCertificate(read('time.der'))],
    now: new Date('2026-11-22T20:00:00Z'),
  }

  it.each([
    ['pyhanko-b-t.pdf', 'B-T', 'none', 1],
    ['pyhanko-b-lta.pdf', 'B-LTA', 'require', 1],
    ['pyhanko-certified-two.pdf', 'B-B', 'none', 2],
  ] as const)('accepts %s', (name, level, revocation, count) => {
    const judged = verifyPades({ ...trust, pdf: read(name), revocation })
    expect(judged).toMatchObject({ level, signatures: { length: count } })
    expect(judged.signatures[0]).toMatchObject({ name: 'pyHanko', certifies: count === 2 ? 2 : null })
  })

  it('goes on with it', async () => {
    const own = trustOf(world)
    const both = {
      ...trust,
      anchors: [...trust.anchors, ...own.anchors],
      timeStampAnchors: [...trust.timeStampAnchors, ...(own.timeStampAnchors ?? [])],
    }
    for (const name of ['pyhanko-b-t.pdf', 'pyhanko-b-lta.pdf', 'pyhanko-certified-two.pdf']) {
      const signed = await sign(world, read(name))
      expect(verifyPades({ ...both, pdf: signed, revocation: 'none' }).signatures.at(-1)).toMatchObject({
        coversWholeDocument: true,
      })
    }
  })
})

describe('when an attachment is read', () => {
  const withFile = (names: string) =>
    plainPdf({
      catalog: ` /Names <</EmbeddedFiles <</Names [${names}]>>>>`,
      objects: ['<</Type /Filespec /F (a.txt) /EF <</F 8 0 R>>>>', '<</Length 5>>\nstream\nhello\nendstream'],
    })

  it('gives its octets', () => {
    expect(latin1(readPdfAttachment(withFile('(a) 7 0 R'), 'a.txt'))).toBe('hello')
  })

  it.each([
    ['another name', 'attachment', withFile('(a) 7 0 R'), 'b.txt'],
    ['two of that name', 'attachment', withFile('(a) 7 0 R (b) 7 0 R'), 'a.txt'],
    ['none at all', 'attachment', plainPdf(), 'a.txt'],
  ])('refuses %s', (_name, expected, pdf, name) => {
    expect(reason(() => readPdfAttachment(pdf, name))).toBe(expected)
  })

  it('refuses more octets than were allowed', () => {
    expect(reason(() => readPdfAttachment(withFile('(a) 7 0 R'), 'a.txt', 4))).toBe('too-large')
  })
})
