import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { initSoftwareStore, openKeyStore, type KeyStore } from '../../../../server/hsm/index.ts'
import {
  bytesContent,
  fileContent,
  MAX_ATTACHED_BYTES,
  type KeptSignature,
  type SignatureLevel,
} from '../../../../server/signing/index.ts'
import { CanonicalWriter, ContentHashes, hashState, verifyXades } from '../../../../shared/ades/index.ts'
import { verifyPades } from '../../../../shared/pades/index.ts'
import {
  digest,
  encodePem,
  parseCertificate,
  readCadesNeeds,
  signCsr,
  verifyCades,
  verifyCadesSigners,
  verifySignedData,
  type HashName,
} from '../../../../shared/pki/index.ts'
import { certify, rootAuthority, testKey } from '../../shared/pki/authority.ts'
import { temporaryFolder } from '../hsm/folders.ts'
import { SigningDesk, smallPdf, TSA } from './desk.ts'

const LEVELS: readonly SignatureLevel[] = ['B-B', 'B-T', 'B-LT', 'B-LTA']
const CSV = new TextEncoder().encode('sequence,action\r\n1,card.issue\r\n')
const content = bytesContent(CSV)
const digestOf = (hash: HashName) => digest(hash, CSV)
const contentHash = (hash: HashName) => {
  const hashes = new ContentHashes([hash])
  hashes.update(CSV)
  return hashes.contentHash(hash)
}
const csv = { mimeType: 'text/csv' } as const

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let keys: KeyStore
let desk: SigningDesk
const start = new Date('2026-11-22T12:00:00.500Z')
beforeAll(async () => {
  folder = await temporaryFolder()
  const place = { folder: join(folder.path, 'keys'), passphraseFile: join(folder.path, 'pass') }
  await initSoftwareStore(place)
  keys = await openKeyStore({ kind: 'software', ...place })
  desk = await SigningDesk.open(keys, start)
})
beforeEach(() => desk.services.faults.clear())
afterAll(async () => {
  await desk.close()
  await keys.close()
  await folder.remove()
})

/** With the anchors alone, later, and nobody to ask: what a verifier far away has. */
const trust = async (level: SignatureLevel, now = desk.services.day(0.01)) => ({
  anchors: [await desk.root()],
  timeStampAnchors: [desk.services.root.certificate],
  revocation: level === 'B-LT' || level === 'B-LTA' ? ('require' as const) : ('none' as const),
  now,
})
const failureOf = (making: Promise<unknown>) =>
  making.then(
    () => 'ok',
    (error: { code?: string; message: string; detail?: { reason?: string } }) =>
      `${error.code ?? error.message} ${error.detail?.reason ?? ''}`.trim(),
  )

describe('when exports are signed', () => {
  it('names who signs, with a certificate for that and nothing else', async () => {
    const signer = await desk.signatures().signer()
    expect(signer).toMatchObject({
      name: 'Exports of test',
      kind: 'software',
      algorithm: 'ecdsa-sha256',
      hash: 'sha256',
    })
    expect(signer).not.toHaveProperty('external')
    const leaf = parseCertificate(signer.certificate)
    expect([...(leaf.keyUsage ?? [])].join(' ')).toBe('digitalSignature contentCommitment')
    // RFC 9336, or no purpose named at all: none of people, of servers, of mail.
    expect(leaf.extendedKeyUsage ?? ['1.3.6.1.5.5.7.3.36']).toEqual(['1.3.6.1.5.5.7.3.36'])
    expect(leaf.crlDistributionPoints).toEqual(['http://ca.example/issuing.crl'])
    expect(leaf.authorityInfoAccess.caIssuers).toEqual(['http://ca.example/issuing.cer'])
    expect(signer.chain).toEqual(await desk.ca.chain())
    expect((await desk.signatures().signer()).certificate).toEqual(signer.certificate)
  })

  it.each(LEVELS)('at %s, in every form, and stands with what it carries alone', async (level) => {
    const signatures = desk.signatures()
    const wanted = await trust(level)
    const detached = await signatures.cadesDetached(content, { level, ...csv })
    const judged = verifyCades({ cms: detached, digestOf, ...wanted })
    expect(judged).toMatchObject({ level, signed: { mimeType: 'text/csv' } })
    expect(judged.provedAt !== null).toBe(level !== 'B-B')
    const attached = await signatures.cadesAttached(CSV, { level })
    expect(verifyCades({ cms: attached, ...wanted }).level).toBe(level)
    expect(verifySignedData({ cms: attached }).content).toEqual(CSV)

    const xml = await signatures.xadesDetached(content, { level, ...csv, uri: 'audit.csv' })
    expect(verifyXades({ xml, contentHash, uri: 'audit.csv', ...wanted }).level).toBe(level)
    const pdf = await smallPdf()
    for (const visible of [true, false]) {
      const language = visible ? 'it' : 'en'
      const signed = await signatures.pades(pdf, { level, visible, reason: 'Audit export', language })
      expect(verifyPades({ pdf: signed, ...wanted })).toMatchObject({ level, signatures: [{ isVisible: visible }] })
      if (level !== 'B-B') expect(signatures.endOf({ kind: 'pades', signature: signed })).toBeInstanceOf(Date)
    }
  })

  it.each(LEVELS)('at %s inside a document that is still being written', async (level) => {
    const signatures = desk.signatures()
    const { hash } = await signatures.signer()
    let out = ''
    const write = (piece: string) => {
      out += piece
    }
    const writer = new CanonicalWriter({ namespace: 'urn:example:export', hash: hashState(hash), write })
    writer.start('export')
    writer.element('entry', 'caff\u00e8')
    writer.insertSignature(await signatures.xadesEnveloped(writer.sealed(), { level, mimeType: 'application/xml' }))
    writer.end()
    const xml = new TextEncoder().encode(out)
    expect(verifyXades({ xml, ...(await trust(level)) })).toMatchObject({ form: 'enveloped', level })
  })

  it.each([
    ['ecdsa-p384', 'pkcs1', 'ecdsa-sha384'],
    ['ecdsa-p521', 'pkcs1', 'ecdsa-sha512'],
    ['rsa-2048', 'pkcs1', 'rsa-sha256'],
    ['rsa-2048', 'pss', 'rsa-pss-sha256'],
    ['ed25519', 'pss', 'ed25519'],
  ] as const)('with a key of %s (%s)', async (algorithm, rsaPadding, expected) => {
    const signatures = desk.signatures({ key: { label: `export.${algorithm}`, algorithm, rsaPadding } })
    expect(await signatures.signer()).toMatchObject({ algorithm: expected })
    const level = 'B-LTA'
    const cms = await signatures.cadesDetached(content, { level, ...csv })
    expect(verifyCades({ cms, digestOf, ...(await trust(level)) })).toMatchObject({ level })
    const xml = await signatures.xadesDetached(content, { level, ...csv, uri: 'a' })
    expect(verifyXades({ xml, contentHash, ...(await trust(level)) }).signed.signatureAlgorithm).toBe(expected)
  })

  it('reads a file once for each hash, and nothing of it is kept', async () => {
    const file = join(folder.path, 'audit.csv')
    await writeFile(file, CSV)
    const cms = await desk.signatures().cadesDetached(fileContent(file), { level: 'B-LTA', ...csv })
    expect(verifyCades({ cms, digestOf, ...(await trust('B-LTA')) }).level).toBe('B-LTA')
    const missing = desk.signatures().cadesDetached(fileContent(`${file}.none`), { level: 'B-B', ...csv })
    expect(await failureOf(missing)).toBe('SIGNING_INPUT_INVALID content-unreadable')
  })

  it('gives copies of what a signature carries', async () => {
    const signatures = desk.signatures()
    const cms = await signatures.cadesDetached(content, { level: 'B-LT', ...csv })
    const { certificates, crls, ocsp } = signatures.carriedBy({ kind: 'cades', signature: cms })
    // Signer, issuing CA, root; authority for time and its root.
    expect(certificates).toHaveLength(5)
    expect(crls).toHaveLength(2)
    expect(ocsp).toHaveLength(1)
    const xml = await signatures.xadesDetached(content, { level: 'B-LT', ...csv, uri: 'a' })
    const inXml = signatures.carriedBy({ kind: 'xades', signature: xml })
    expect(inXml.certificates).toHaveLength(5)
    expect(inXml.crls).toHaveLength(2)
  })

  it('takes a list of our own that is newer than the time-stamp', async () => {
    const later = await SigningDesk.open(keys, start)
    const before = (await later.lists())[0]
    later.services.now = later.services.day(0.2)
    const cms = await later.signatures().cadesDetached(content, { level: 'B-LT', ...csv })
    const { crls } = readCadesNeeds(cms).carried
    const [own] = await later.lists()
    await later.close()
    expect(own?.number).toBeGreaterThan(before?.number ?? 0n)
    expect(crls.some((der) => Buffer.compare(der, own?.der ?? new Uint8Array(0)) === 0)).toBe(true)
  })
})

describe('when a level cannot be had', () => {
  it('offers what can', async () => {
    expect(await desk.signatures().levels()).toEqual(LEVELS)
    expect(await desk.signatures({ stampers: [] }).levels()).toEqual(['B-B'])
    await desk.services.addStamper('/mute', { sources: 'none' })
    expect(await desk.signatures({ stampers: ['/mute'] }).levels()).toEqual(['B-B', 'B-T'])
    desk.services.faults.set(TSA, 'status')
    expect(await desk.signatures().levels()).toEqual(['B-B', 'B-T'])
    // Who does not answer keeps nobody waiting.
    desk.services.faults.set(TSA, 'silent')
    expect(await desk.signatures({ stampers: [TSA, TSA, TSA, TSA] }).levels()).toEqual(['B-B', 'B-T'])
  })

  it('says why, and signs nothing', async () => {
    const unstamped = desk.signatures({ stampers: [] })
    const make = (signatures: typeof unstamped, level: SignatureLevel) =>
      failureOf(signatures.cadesDetached(content, { level, ...csv }))
    expect(await make(unstamped, 'B-T')).toBe('SIGNING_LEVEL_UNAVAILABLE no-time-stamping')
    expect(await failureOf(unstamped.pades(await smallPdf(), { level: 'B-LT', visible: false }))).toBe(
      'SIGNING_LEVEL_UNAVAILABLE no-time-stamping',
    )
    await desk.services.addStamper('/mute', { sources: 'none' })
    expect(await make(desk.signatures({ stampers: ['/mute'] }), 'B-LT')).toBe(
      'SIGNING_LEVEL_UNAVAILABLE no-revocation-source',
    )
    desk.services.faults.set(TSA, 'forged')
    expect(await make(desk.signatures(), 'B-T')).toBe('TIMESTAMP_UNAVAILABLE bad-signature')
    desk.services.faults.delete(TSA)
    desk.services.faults.set('/ocsp', 'status').set('/root.crl', 'stale')
    expect(await make(desk.signatures(), 'B-LTA')).toBe('SIGNING_REVOCATION_UNAVAILABLE stale-crl')
    expect(await make(desk.signatures(), 'B-T')).toBe('ok')
  })

  it('asks the next authority, whose own data comes along', async () => {
    await desk.services.addStamper('/second', { sources: 'crl' })
    const signatures = desk.signatures({ stampers: [TSA, '/second'] })
    const { faults } = desk.services
    const cms = await signatures.cadesDetached(content, { level: 'B-LT', ...csv })
    faults.set(TSA, 'status')
    const kept = { kind: 'cades', signature: cms, content } as const
    const renewed = await signatures.renew(kept)
    const judged = verifyCades({ cms: renewed, digestOf, ...(await trust('B-LTA')) })
    expect(judged.archiveTimeStamps.map((one) => one.authority.subject.commonName)).toEqual(['Time /second'])
  })

  it('refuses what is too large', async () => {
    const large = new Uint8Array(MAX_ATTACHED_BYTES + 1)
    expect(await failureOf(desk.signatures().cadesAttached(large, { level: 'B-B' }))).toBe('SIGNING_TOO_LARGE')
  })

  it('lets nothing foreign out', async () => {
    const signatures = desk.signatures()
    const noPdf = new TextEncoder().encode('no PDF')
    expect(await failureOf(signatures.pades(noPdf, { level: 'B-B', visible: false }))).toMatch(
      /^SIGNING_INPUT_INVALID /,
    )
    expect(await failureOf(signatures.renew({ kind: 'cades', signature: noPdf, content }))).toMatch(
      /^SIGNING_INPUT_INVALID /,
    )
    expect(await failureOf(signatures.renew({ kind: 'xades', signature: noPdf, content }))).toMatch(
      /^SIGNING_INPUT_INVALID /,
    )
    expect(await failureOf(signatures.prepareSecond(noPdf, content, noPdf))).toMatch(/^SIGNING_INPUT_INVALID /)
    for (const kind of ['cades', 'xades', 'pades'] as const) {
      const kept = { kind, signature: noPdf, content } as KeptSignature
      expect(() => signatures.endOf(kept)).toThrow(expect.objectContaining({ code: 'SIGNING_INPUT_INVALID' }))
      expect(() => signatures.carriedBy(kept)).toThrow(expect.objectContaining({ code: 'SIGNING_INPUT_INVALID' }))
    }
  })
})

describe('when the certificate of the key is looked at', () => {
  it('is issued anew 90 days before it ends, once', async () => {
    const later = await SigningDesk.open(keys, start)
    const key = { label: 'export.renewed' }
    const told: string[] = []
    const tell = ({ action, object }: { action: string; object: { type: string; id: string } }) => {
      told.push(`${action} ${object.type} ${object.id.length > 40 ? 'of the key' : object.id}`)
      return Promise.resolve()
    }
    const signer = () => later.signatures({ key, more: { tell } }).signer()
    const signerAt = (daysBefore: number) => {
      later.services.now = new Date(first.notAfter.getTime() - daysBefore * 86_400_000)
      return signer()
    }
    const first = await signer()
    expect((await signerAt(91)).certificate).toEqual(first.certificate)
    const second = await signerAt(89)
    expect(second.certificate).not.toEqual(first.certificate)
    expect(parseCertificate(second.certificate).spki).toEqual(parseCertificate(first.certificate).spki)
    expect((await signerAt(1)).certificate).toEqual(second.certificate)
    const serialOf = ({ certificate }: typeof first) => parseCertificate(certificate).serial
    expect(told).toEqual([
      'Insertion key of the key',
      'KeyUse key of the key',
      `Insertion certificate ${serialOf(first)}`,
      'KeyUse key of the key',
      `Insertion certificate ${serialOf(second)}`,
    ])
    await later.close()
  })

  it('signs nothing more once our own CA has revoked it', async () => {
    const key = { label: 'export.revoked' }
    const { certificate } = await desk.signatures({ key }).signer()
    await desk.ca.revoke(parseCertificate(certificate).serial, 'keyCompromise')
    const signing = desk.signatures({ key }).cadesDetached(content, { level: 'B-B', ...csv })
    expect(await failureOf(signing)).toBe('SIGNING_CERTIFICATE_UNUSABLE revoked')
  })

  it.each([
    ['91 days before it ends', 91],
    ['in its last 90 days', 30],
  ])('is not issued anew for a key of which one was revoked: %s', async (_, daysBefore) => {
    const later = await SigningDesk.open(keys, start)
    const key = { label: `export.revoked-${daysBefore}` }
    const told: string[] = []
    const tell = ({ action }: { action: string }) => Promise.resolve(void told.push(action))
    const first = await later.signatures({ key }).signer()
    later.services.now = new Date(first.notAfter.getTime() - daysBefore * 86_400_000)
    await later.ca.revoke(parseCertificate(first.certificate).serial, 'keyCompromise')
    const signer = later.signatures({ key, more: { tell } }).signer()
    expect(await failureOf(signer)).toBe('SIGNING_CERTIFICATE_UNUSABLE revoked')
    expect(told).toEqual([])
    await later.close()
  })

  it('is the one put in, where it is of the key and leads to the anchors configured', async () => {
    const label = 'export.imported'
    const spki = (await keys.generate(label, 'ecdsa-p256')).publicKeySpki()
    const life = { notBefore: desk.services.day(-1), notAfter: desk.services.day(300) }
    const other = await rootAuthority({ ...life, name: 'Public Root' })
    const leaf = await certify({ spki }, other, { ...life, name: 'Registry Seal', keyUsage: ['contentCommitment'] })
    const trustFile = join(folder.path, 'public-root.pem')
    await writeFile(trustFile, encodePem('CERTIFICATE', other.certificate.der))
    const use = (chain: readonly Uint8Array[], trusted = true) =>
      desk.signatures({
        key: { label },
        ...(trusted ? { trustFile } : {}),
        more: { findImported: () => Promise.resolve(chain) },
      })
    expect(await use([leaf.der]).signer()).toMatchObject({ name: 'Registry Seal', chain: [other.certificate.der] })
    const cms = await use([leaf.der]).cadesDetached(content, { level: 'B-T', ...csv })
    const wanted = { ...(await trust('B-T')), anchors: [other.certificate] }
    expect(verifyCades({ cms, digestOf, ...wanted }).level).toBe('B-T')
    expect(await failureOf(use([leaf.der], false).signer())).toBe('SIGNING_CERTIFICATE_UNUSABLE untrusted')
    const wrong = await certify(testKey('ecdsa-sha256'), other, life)
    expect(await failureOf(use([wrong.der]).signer())).toBe('SIGNING_CERTIFICATE_UNUSABLE another-key')
    expect(await failureOf(use([CSV]).signer())).toBe('SIGNING_CERTIFICATE_UNUSABLE malformed')
    // Whether such a one is revoked is asked of those it names.
    const named = await desk.services.certify({ spki }, { name: 'Named Seal', keyUsage: ['contentCommitment'] })
    await writeFile(trustFile, encodePem('CERTIFICATE', desk.services.root.certificate.der))
    const lasting = await use([named.der]).cadesDetached(content, { level: 'B-LT', ...csv })
    const ofOthers = { ...(await trust('B-LT')), anchors: [desk.services.root.certificate] }
    expect(verifyCades({ cms: lasting, digestOf, ...ofOthers }).level).toBe('B-LT')
    expect(readCadesNeeds(lasting).carried.ocsp).toHaveLength(2)
    desk.services.revoked.push({ serial: named.serial, at: desk.services.day(-1), reason: 'keyCompromise' })
    const revoked = use([named.der]).cadesDetached(content, { level: 'B-LT', ...csv })
    expect(await failureOf(revoked)).toBe('SIGNING_CERTIFICATE_UNUSABLE revoked')
    desk.services.revoked.length = 0
    await writeFile(trustFile, encodePem('CERTIFICATE', other.certificate.der))
    const ended = await certify({ spki }, other, { ...life, notAfter: desk.services.day(-0.5) })
    expect(await failureOf(use([ended.der]).signer())).toBe('SIGNING_CERTIFICATE_UNUSABLE expired')
  })
})

describe('when an officer signs beside us', () => {
  const officer = async (profile: 'signature' | 'authentication' = 'signature') => {
    const key = testKey('ecdsa-sha256')
    const csr = await signCsr({ subject: [{ type: 'CN', value: 'x' }], spki: key.spki }, key)
    const issued = await desk.ca.issue({
      profile,
      csr,
      subject: { commonName: 'Anna Bianchi' },
      idempotencyKey: `officer-${Math.random()}`,
    })
    return { key, certificate: issued.der, serial: issued.serial }
  }

  it.each(LEVELS)('both stand, ours at B-LTA and theirs at %s', async (level) => {
    const signatures = desk.signatures()
    const first = await signatures.cadesDetached(content, { level: 'B-LTA', mimeType: 'application/json' })
    const { key, certificate } = await officer()
    const { signedAttributes, algorithm } = await signatures.prepareSecond(first, content, certificate)
    expect(algorithm).toBe('ecdsa-sha256')
    const made = { certificate, signedAttributes, signature: await key.sign(signedAttributes) }
    const both = await signatures.addSecond(first, content, made, level)
    const judged = verifyCadesSigners({ cms: both, digestOf, ...(await trust(level)) })
    const found = judged.map(({ verified }) => [verified?.path[0]?.subject.commonName, verified?.level])
    expect(found).toContainEqual(['Exports of test', 'B-LTA'])
    // Validation data is of the whole: what the first brought counts for the second.
    expect(found.find(([name]) => name === 'Anna Bianchi')?.[1]).toBe(level === 'B-T' ? 'B-LT' : level)
    expect(judged.every(({ verified }) => verified?.signed.mimeType === 'application/json')).toBe(true)
  })

  it('refuses another key, other content, another use, the same one again, a revoked one', async () => {
    const signatures = desk.signatures()
    const first = await signatures.cadesDetached(content, { level: 'B-B', ...csv })
    const { key, certificate, serial } = await officer()
    const prepared = await signatures.prepareSecond(first, content, certificate)
    const { signedAttributes } = prepared
    const stranger = await testKey('ecdsa-sha256').sign(signedAttributes)
    const add = (change: object, over = content) => {
      const made = { certificate, signedAttributes, signature: stranger, ...change }
      return failureOf(signatures.addSecond(first, over, made, 'B-B'))
    }
    expect(await add({})).toBe('SIGNING_INPUT_INVALID bad-signature')
    const signature = await key.sign(signedAttributes)
    expect(await add({ signature }, bytesContent(new Uint8Array(3)))).toBe('SIGNING_INPUT_INVALID digest-mismatch')
    expect(await add({ signature })).toBe('ok')
    const both = await signatures.addSecond(first, content, { certificate, signedAttributes, signature }, 'B-B')
    expect(await failureOf(signatures.prepareSecond(both, content, certificate))).toBe(
      'SIGNING_INPUT_INVALID signed-already',
    )
    const other = bytesContent(new Uint8Array(1))
    expect(await failureOf(signatures.prepareSecond(first, other, (await officer()).certificate))).toBe(
      'SIGNING_INPUT_INVALID digest-mismatch',
    )
    expect(
      await failureOf(signatures.prepareSecond(first, content, (await officer('authentication')).certificate)),
    ).toBe('SIGNING_CERTIFICATE_UNUSABLE key-usage')
    await desk.ca.revoke(serial, 'keyCompromise')
    expect(await add({ signature })).toBe('SIGNING_CERTIFICATE_UNUSABLE revoked')
  })
})

describe('when time-stamps end', () => {
  it('says when, and puts a newer one over it that outlives it', async () => {
    const later = await SigningDesk.open(keys, start)
    const { services } = later
    await services.addStamper('/short', { notAfter: services.day(100) })
    const old = later.signatures({ stampers: ['/short'] })
    const level = 'B-LTA'
    const kept: KeptSignature[] = [
      { kind: 'cades', signature: await old.cadesDetached(content, { level, ...csv }), content },
      { kind: 'xades', signature: await old.xadesDetached(content, { level, ...csv, uri: 'a' }), content },
      { kind: 'pades', signature: await old.pades(await smallPdf(), { level, visible: false }) },
      { kind: 'cades', signature: await later.signatures().cadesDetached(content, { level, ...csv }), content },
      { kind: 'cades', signature: await old.cadesDetached(content, { level: 'B-B', ...csv }), content },
    ]
    expect(kept.map((one) => old.endOf(one)?.getTime() ?? null)).toEqual([
      ...[0, 1, 2].map(() => Math.floor(services.day(100).getTime() / 1000) * 1000),
      Math.floor(services.day(1000).getTime() / 1000) * 1000,
      null,
    ])
    services.now = services.day(15)
    const renewed = await Promise.all(kept.map((one) => later.signatures().renew(one)))
    expect(renewed.map((one, at) => Buffer.compare(one, kept[at]!.signature) !== 0)).toEqual([
      true,
      true,
      true,
      true,
      // What has no time-stamp has none to renew.
      false,
    ])
    const ends = renewed.slice(0, 3).map((signature, at) => later.signatures().endOf({ ...kept[at]!, signature }))
    expect(new Set(ends.map((end) => end?.getTime()))).toEqual(new Set([old.endOf(kept[3]!)?.getTime()]))
    // Long after the old authority's certificate has ended.
    const wanted = {
      anchors: [await later.root()],
      timeStampAnchors: [services.root.certificate],
      revocation: 'require',
      now: services.day(300),
    } as const
    const [cms, xml, pdf] = renewed
    expect(verifyCades({ cms: cms!, digestOf, ...wanted }).archiveTimeStamps).toHaveLength(2)
    expect(verifyXades({ xml: xml!, contentHash, ...wanted }).archiveTimeStamps).toHaveLength(2)
    expect(verifyPades({ pdf: pdf!, ...wanted }).documentTimeStamps).toHaveLength(2)
    const first = kept[0]
    expect(() => verifyCades({ cms: first!.signature, digestOf, ...wanted })).toThrow(/expired/)
    await later.close()
  })
})
