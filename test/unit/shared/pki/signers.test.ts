import { describe, expect, it } from 'vitest'
import { digest } from '../../../../shared/pki/crypto.ts'
import { contextTag } from '../../../../shared/pki/der-read.ts'
import {
  tlv,
  writeExplicit,
  writeInteger,
  writeNull,
  writeOid,
  writeSequence,
} from '../../../../shared/pki/der-write.ts'
import {
  addArchiveTimeStamp,
  addSigner,
  addSignatureTimeStamp,
  addValidationData,
  cmsHashFor,
  OID,
  parseSignatureAlgorithm,
  prepareArchiveTimeStamp,
  prepareSignedAttributes,
  readCadesNeeds,
  signatureImprint,
  signData,
  verifyCades,
  verifyCadesSigners,
  verifySignedData,
  type HashName,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import { encodeHash } from '../../../../shared/pki/signature.ts'
import { AT, certify, crlOf, LEAF_FIELDS, rootAuthority, testKey, verdict, type TestKey } from './authority.ts'
import { makeToken } from './tsa.ts'

const root = await rootAuthority()
const content = new TextEncoder().encode('manifest')
const digestOf = (hash: HashName) => digest(hash, content)
const crls = [await crlOf(root)]
const trust = { digestOf, anchors: [root.certificate], revocation: 'none', now: AT } as const

async function someone(algorithm: SignatureAlgorithm, name: string) {
  const key = testKey(algorithm)
  return { key, certificate: await certify(key, root, { ...LEAF_FIELDS, name }) }
}
type Someone = Awaited<ReturnType<typeof someone>>

const first = await someone('ecdsa-sha256', 'System')
const basic = await signData({
  content,
  detached: true,
  signer: first.key,
  certificate: first.certificate.der,
  signingTime: AT,
  mimeType: 'application/json',
})

async function beside(cms: Uint8Array, { key, certificate }: Someone, over = content, by: TestKey = key) {
  const { algorithm } = key
  const contentDigest = digest(cmsHashFor(algorithm), over)
  const fields = { algorithm, certificate: certificate.der, contentDigest, signingTime: AT }
  const signedAttributes = prepareSignedAttributes(fields)
  return addSigner(cms, {
    certificate: certificate.der,
    algorithm,
    signedAttributes,
    signature: await by.sign(signedAttributes),
  })
}
const officer = await someone('rsa-pss-sha256', 'Officer')
const two = await beside(basic, officer)
const nameOf = (cms: Uint8Array, wanted = trust) =>
  verifyCadesSigners({ cms, ...wanted })
    .map(({ verified, refusal }) => verified?.signed.signerCertificate.subject.commonName ?? refusal?.reason ?? '')
    .sort((a, b) => (a < b ? -1 : 1))
const signatureOf = (cms: Uint8Array, name: string): Uint8Array => {
  const found = readCadesNeeds(cms).signers.find(({ certificate }) => certificate?.subject.commonName === name)
  return found?.signature ?? expect.fail(`${name} did not sign`)
}

const ALGORITHMS: readonly SignatureAlgorithm[] = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'rsa-pss-sha512',
  'ed25519',
]

describe('when several sign beside each other', () => {
  it.each(ALGORITHMS)('verifies each, one of them with %s', async (algorithm) => {
    const added = await someone(algorithm, 'Officer')
    const cms = await beside(basic, added)
    expect(nameOf(cms)).toEqual(['Officer', 'System'])
    const { hashes } = readCadesNeeds(cms)
    expect(new Set(hashes)).toEqual(new Set(['sha256', cmsHashFor(algorithm)]))
    expect(nameOf(await beside(cms, await someone('ed25519', 'Third')))).toEqual(['Officer', 'System', 'Third'])
  })

  it('is no signature of one', () => {
    expect(verdict(() => verifySignedData({ cms: two, content }))).toBe('signer-count')
    expect(verdict(() => verifyCades({ cms: two, ...trust }))).toBe('signer-count')
    expect(verdict(() => signatureImprint(two, 'sha256'))).toBe('signer-count')
    expect(verdict(() => signatureImprint(two, 'sha256', content))).toBe('signer-count')
    expect(nameOf(basic)).toEqual(['System'])
  })

  it('judges each by itself', async () => {
    const strangers = await rootAuthority()
    const own = testKey('ecdsa-sha256')
    const stranger = { key: own, certificate: await certify(own, strangers, { ...LEAF_FIELDS, name: 'Stranger' }) }
    expect(nameOf(await beside(two, stranger))).toEqual(['Officer', 'System', 'untrusted'])
    const other = await someone('ecdsa-sha256', 'Other')
    const overOther = await beside(basic, other, new TextEncoder().encode('another manifest'))
    expect(nameOf(overOther)).toEqual(['System', 'digest-mismatch'])
    const spare = testKey('ecdsa-sha256')
    await expect(beside(basic, other, content, spare)).rejects.toMatchObject({ reason: 'bad-signature' })
  })

  it('gives each its own time-stamps, and breaks none that were there', async () => {
    const key = testKey('ecdsa-sha256')
    const certificate = await certify(key, root, {
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [OID.timeStamping],
      extendedKeyUsageCritical: true,
    })
    const stamp = (imprint: { hash: HashName; digest: Uint8Array }) =>
      makeToken({ key, certificate, hash: imprint.hash, imprint: imprint.digest })
    const archive = async (cms: Uint8Array, signer?: Uint8Array) => {
      const { imprint, hashIndex } = prepareArchiveTimeStamp(cms, digestOf('sha256'), 'sha256', signer)
      return addArchiveTimeStamp(cms, await stamp(imprint), hashIndex, signer)
    }
    const timed = addSignatureTimeStamp(basic, await stamp(signatureImprint(basic, 'sha256')))
    const lasting = addValidationData(timed, {
      certificates: [root.certificate.der],
      crls: crls.map((one) => one.der),
      ocsp: [],
    })
    const archived = await archive(lasting)
    const joined = await beside(archived, officer)
    const levels = (cms: Uint8Array) =>
      verifyCadesSigners({ cms, ...trust })
        .map(({ verified }) => [verified?.signed.signerCertificate.subject.commonName, verified?.level])
        .sort(([a], [b]) => `${a}`.localeCompare(`${b}`))
    expect(levels(joined)).toEqual([
      ['Officer', 'B-B'],
      ['System', 'B-LTA'],
    ])
    const own = signatureOf(joined, 'Officer')
    const stamped = addSignatureTimeStamp(joined, await stamp(signatureImprint(joined, 'sha256', own)), own)
    const both = await archive(stamped, own)
    expect(levels(both)).toEqual([
      ['Officer', 'B-LTA'],
      ['System', 'B-LTA'],
    ])
    const needs = readCadesNeeds(both)
    expect(needs).toMatchObject({ attached: false, hashes: ['sha256'] })
    expect(needs.signers.map((one) => one.archiveTimeStamps.length)).toEqual([1, 1])
    expect(needs.carried.crls).toHaveLength(1)
    // A time-stamp of one is worth nothing to the other.
    const moved = addSignatureTimeStamp(
      joined,
      await stamp(signatureImprint(joined, 'sha256', own)),
      signatureOf(joined, 'System'),
    )
    expect(nameOf(moved)).toContain('Officer')
    expect(nameOf(moved)).not.toContain('System')
  })

  it('gives up on many signers, and on many time-stamps of one', async () => {
    const names = ['Second', 'Third', 'Fourth']
    let cms = basic
    for (const name of names) cms = await beside(cms, await someone('ecdsa-sha256', name))
    expect(nameOf(cms)).toHaveLength(4)
    const fifth = await someone('ecdsa-sha256', 'Fifth')
    const five = await beside(cms, fifth)
    expect(verdict(() => verifyCadesSigners({ cms: five, ...trust }))).toBe('too-large')
    const { digest: imprint } = signatureImprint(basic, 'sha256')
    let stamped = basic
    for (let count = 0; count < 17; count++) {
      const serial = writeInteger(BigInt(count))
      const token = await makeToken({ key: fifth.key, certificate: fifth.certificate, imprint, serial })
      stamped = addSignatureTimeStamp(stamped, token)
    }
    expect(verdict(() => verifyCades({ cms: stamped, ...trust }))).toBe('too-large')
  })

  it('never gives another signer after one flipped bit', () => {
    for (let at = 0; at < two.length; at += 5) {
      const altered = Uint8Array.from(two)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      const found = verdict(() => {
        for (const { verified } of verifyCadesSigners({ cms: altered, ...trust })) {
          if (verified) expect([first.certificate.der, officer.certificate.der]).toContainEqual(verified.path[0]?.der)
        }
      })
      expect(found).toBeTypeOf('string')
    }
  })
})

describe('when RSASSA-PSS parameters are read', () => {
  const hashId = (hash: HashName, ...more: readonly Uint8Array[]) =>
    writeSequence(writeOid(hash === 'sha256' ? OID.sha256 : OID.sha384), ...more)
  const pss = (parts: {
    readonly hash?: Uint8Array
    readonly mask?: Uint8Array
    readonly function?: string
    readonly salt?: number
    readonly more?: readonly Uint8Array[]
  }) =>
    writeSequence(
      writeOid(OID.rsassaPss),
      writeSequence(
        writeExplicit(0, parts.hash ?? encodeHash('sha256')),
        writeExplicit(1, writeSequence(writeOid(parts.function ?? OID.mgf1), parts.mask ?? encodeHash('sha256'))),
        writeExplicit(2, writeInteger(parts.salt ?? 32)),
        ...(parts.more ?? []),
      ),
    )
  const rows: [string, Uint8Array, string][] = [
    ['without NULL, as OpenSSL', pss({}), 'ok'],
    ['with NULL', pss({ hash: hashId('sha256', writeNull()), mask: hashId('sha256', writeNull()) }), 'ok'],
    ['with one NULL', pss({ hash: hashId('sha256', writeNull()) }), 'ok'],
    ['another hash in the mask', pss({ mask: encodeHash('sha384') }), 'unsupported-algorithm'],
    ['another mask', pss({ function: OID.sha256 }), 'unsupported-algorithm'],
    ['a short salt', pss({ salt: 20 }), 'unsupported-algorithm'],
    ['the default trailer, encoded', pss({ more: [writeExplicit(3, writeInteger(1))] }), 'malformed'],
    ['SHA-1', pss({ hash: writeSequence(writeOid(OID.sha1)) }), 'weak-hash'],
    ['nothing: all defaults, SHA-1', writeSequence(writeOid(OID.rsassaPss), writeSequence()), 'malformed'],
    ['no parameters', writeSequence(writeOid(OID.rsassaPss)), 'malformed'],
    ['a NULL', writeSequence(writeOid(OID.rsassaPss), writeNull()), 'malformed'],
    ['not explicit', writeSequence(writeOid(OID.rsassaPss), writeSequence(tlv(contextTag(0, true)))), 'malformed'],
  ]
  it.each(rows)('judges: %s', (_, der, expected) => {
    expect(verdict(() => expect(parseSignatureAlgorithm(der)).toBe('rsa-pss-sha256'))).toBe(expected)
  })
})
