import { describe, expect, it } from 'vitest'
import { digest } from '../../../../shared/pki/crypto.ts'
import { extendSignedData, writeUnsignedAttribute } from '../../../../shared/pki/cades-parts.ts'
import {
  addArchiveTimeStamp,
  addSignatureTimeStamp,
  addValidationData,
  cmsDigestHash,
  OID,
  prepareArchiveTimeStamp,
  signatureImprint,
  signData,
  verifyCades,
  verifyDetachedSignature,
  verifySignedData,
  type CadesToVerify,
  type CertificateList,
  type HashName,
} from '../../../../shared/pki/index.ts'
import { AT, certify, crlOf, days, LEAF_FIELDS, rootAuthority, subAuthority, testKey, verdict } from './authority.ts'
import { ocspResponse } from './responder.ts'
import { makeToken } from './tsa.ts'

// A signature of today, time-stamped today, archived in twenty days and again in fifty.
const LONG = { notBefore: days(-30), notAfter: days(1000) }
const root = await rootAuthority(LONG)
const sub = await subAuthority(root, LONG)
const key = testKey('ecdsa-sha256')
const leaf = await certify(key, sub, { ...LEAF_FIELDS, notAfter: days(10) })
const TSA = {
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: [OID.timeStamping],
  extendedKeyUsageCritical: true,
} as const
const authority = async (name: string, until: Date) => {
  const own = testKey('ecdsa-sha256')
  return { key: own, certificate: await certify(own, root, { ...TSA, ...LONG, name, notAfter: until }) }
}
const first = await authority('First time', days(30))
const second = await authority('Second time', days(60))
const third = await authority('Third time', days(900))

const content = new TextEncoder().encode('entries of the chain\n')
const digestOf = (hash: HashName) => digest(hash, content)
const text = (at: Date) => `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
const stamp = (
  { key, certificate }: typeof first,
  { hash, digest: imprint }: { hash: HashName; digest: Uint8Array },
  at: Date,
) => makeToken({ key, certificate, imprint, hash, genTime: text(at) })
const listsAt = (day: number) => {
  const times = { thisUpdate: days(day), nextUpdate: days(day + 2) }
  return Promise.all([crlOf(root, [], times), crlOf(sub, [], times)])
}
const ders = (lists: readonly CertificateList[]) => lists.map((one) => one.der)

const signed = await signData({ content, detached: true, signer: key, certificate: leaf.der, signingTime: AT })
const withTime = addSignatureTimeStamp(signed, await stamp(first, signatureImprint(signed, 'sha256'), AT))
const today = await listsAt(0)
const answer = await ocspResponse({ certificate: leaf, issuer: sub.certificate, key: sub.key })
const lasting = addValidationData(withTime, {
  certificates: [sub.certificate.der, root.certificate.der, leaf.der],
  crls: ders(today),
  ocsp: [answer],
})
async function archived(cms: Uint8Array, by: typeof first, at: Date, hash: HashName): Promise<Uint8Array> {
  const { imprint, hashIndex } = prepareArchiveTimeStamp(cms, digestOf(hash), hash)
  return addArchiveTimeStamp(cms, await stamp(by, imprint, at), hashIndex)
}
const archive = await archived(lasting, second, days(20), 'sha512')
const again = await archived(
  addValidationData(archive, { certificates: [], crls: ders(await listsAt(20)), ocsp: [] }),
  third,
  days(50),
  'sha256',
)
const fresh = await listsAt(0)
const base = {
  digestOf,
  anchors: [root.certificate],
  revocation: 'require',
  requiredKeyUsage: ['contentCommitment'],
} as const
const wanted = (cms: Uint8Array, day: number, more: Partial<CadesToVerify> = {}): CadesToVerify => ({
  cms,
  now: days(day),
  ...base,
  ...more,
})

describe('when a signature is made to last', () => {
  it('keeps what was signed through every step', () => {
    for (const cms of [signed, withTime, lasting, archive, again]) {
      expect(verifySignedData({ cms, content }).signerCertificate.der).toEqual(leaf.der)
      expect(verifyDetachedSignature(cms, digestOf).signingTime).toEqual(AT)
      expect(cmsDigestHash(cms)).toBe('sha256')
    }
  })

  it('says the level, the time proved, and who said so', async () => {
    const intermediates = [sub.certificate]
    const basic = verifyCades(wanted(signed, 0, { crls: fresh, intermediates }))
    expect(basic).toMatchObject({ level: 'B-B', provedAt: null })
    expect(verifyCades(wanted(withTime, 1, { crls: fresh, intermediates }))).toMatchObject({
      level: 'B-T',
      provedAt: AT,
    })
    expect(verifyCades(wanted(lasting, 15))).toMatchObject({ level: 'B-LT', provedAt: AT })
    const kept = verifyCades(wanted(archive, 40, { crls: await listsAt(20) }))
    expect(kept).toMatchObject({ level: 'B-LTA', provedAt: AT, archiveTimeStamps: [{ hash: 'sha512' }] })
    const renewed = verifyCades(wanted(again, 800, { crls: await listsAt(50) }))
    expect(renewed.archiveTimeStamps.map((one) => one.authority.subject.commonName)).toEqual([
      'Second time',
      'Third time',
    ])
    expect(renewed.path.map((one) => one.subject.commonName)).toEqual(['Leaf', 'Issuing', 'Root'])
  })

  it('says no B-LT of lists that decide nothing', async () => {
    const stranger = await rootAuthority(LONG)
    const stale = await listsAt(-9)
    const ours = await listsAt(0)
    const rows: [string, readonly CertificateList[], 'B-T' | 'B-LT'][] = [
      ['of another authority', [await crlOf(stranger)], 'B-T'],
      ['long over', stale, 'B-T'],
      ['only of the signer', ours.slice(1), 'B-T'],
      ['only of its issuer and the time', ours.slice(0, 1), 'B-T'],
      ['of all', ours, 'B-LT'],
    ]
    const certificates = [sub.certificate.der, root.certificate.der]
    for (const [name, crls, level] of rows) {
      const cms = addValidationData(withTime, { certificates, crls: ders(crls), ocsp: [] })
      expect(verifyCades(wanted(cms, 1, { revocation: 'none' })).level, name).toBe(level)
    }
  })

  /** The root's list of day 24, with the first authority on it. */
  const lostAt = async (day: number) => {
    const entry = { serial: first.certificate.serial, at: days(day), reason: 'keyCompromise' as const }
    return [await crlOf(root, [entry], { thisUpdate: days(24), nextUpdate: days(26), number: 24n })]
  }
  const revokedLater = () =>
    crlOf(sub, [{ serial: leaf.serial, at: days(3), reason: 'superseded' }], {
      thisUpdate: days(4),
      nextUpdate: days(6),
      number: 9n,
    })
  const rows: [string, () => CadesToVerify | Promise<CadesToVerify>, string][] = [
    [
      'the certificate over, no time-stamp',
      () => wanted(signed, 11, { crls: fresh, intermediates: [sub.certificate] }),
      'expired',
    ],
    ['the certificate over, time-stamped before', () => wanted(lasting, 15), 'ok'],
    [
      'revoked after the time-stamp',
      async () => wanted(withTime, 5, { crls: [today[0], await revokedLater()], intermediates: [sub.certificate] }),
      'ok',
    ],
    ['the authority over, nothing newer', () => wanted(lasting, 31), 'expired'],
    ['the authority over, archived before', async () => wanted(archive, 40, { crls: await listsAt(20) }), 'ok'],
    [
      'the archive’s authority over, nothing newer',
      async () => wanted(archive, 61, { crls: await listsAt(20) }),
      'expired',
    ],
    ['no word about the archive’s authority', () => wanted(archive, 40), 'stale-crl'],
    [
      'the first authority’s key lost before the archive time-stamp',
      async () => wanted(archive, 25, { crls: await lostAt(10) }),
      'revoked',
    ],
    [
      'the first authority’s key lost after the archive time-stamp',
      async () => wanted(archive, 25, { crls: await lostAt(22) }),
      'ok',
    ],
    ['other content', () => wanted(archive, 40, { digestOf: (hash) => digest(hash, leaf.der) }), 'digest-mismatch'],
    [
      'no content',
      () => {
        const { digestOf: _, ...rest } = wanted(signed, 0)
        return rest
      },
      'content-missing',
    ],
    [
      'authorities of another anchor',
      async () =>
        wanted(withTime, 1, {
          crls: fresh,
          intermediates: [sub.certificate],
          timeStampAnchors: [(await rootAuthority()).certificate],
        }),
      'untrusted',
    ],
    [
      'a time-stamp over something else',
      async () =>
        wanted(
          addSignatureTimeStamp(signed, await stamp(first, { hash: 'sha256', digest: digestOf('sha256') }, AT)),
          1,
          { crls: fresh, intermediates: [sub.certificate] },
        ),
      'tsp-imprint',
    ],
    [
      'an archive time-stamp without its index',
      async () => {
        const { imprint } = prepareArchiveTimeStamp(lasting, digestOf('sha256'), 'sha256')
        const attribute = writeUnsignedAttribute(OID.archiveTimeStampV3, await stamp(second, imprint, days(20)))
        return wanted(extendSignedData(lasting, OID.data, { unsignedAttributes: [attribute] }), 40)
      },
      'archive-index',
    ],
    [
      'an archive time-stamp with the index of another',
      async () => {
        const { imprint } = prepareArchiveTimeStamp(lasting, digestOf('sha256'), 'sha256')
        const { hashIndex } = prepareArchiveTimeStamp(withTime, digestOf('sha256'), 'sha256')
        return wanted(addArchiveTimeStamp(lasting, await stamp(second, imprint, days(20)), hashIndex), 25, {
          crls: await listsAt(20),
        })
      },
      'tsp-imprint',
    ],
    [
      'an attribute put in after the archive time-stamp',
      async () => {
        const attribute = writeUnsignedAttribute('1.2.3', leaf.der)
        return wanted(extendSignedData(archive, OID.data, { unsignedAttributes: [attribute] }), 40, {
          crls: await listsAt(20),
        })
      },
      'archive-index',
    ],
    [
      'a list taken out after the archive time-stamp',
      async () => {
        const { imprint, hashIndex } = prepareArchiveTimeStamp(lasting, digestOf('sha256'), 'sha256')
        return wanted(addArchiveTimeStamp(withTime, await stamp(second, imprint, days(20)), hashIndex), 40, {
          crls: await listsAt(20),
        })
      },
      'archive-index',
    ],
  ]
  it.each(rows)('judges: %s', async (_, act, expected) => {
    const options = await act()
    expect(verdict(() => verifyCades(options))).toBe(expected)
  })

  it('never gives another signer or time after one flipped bit', () => {
    const lists = fresh
    for (let at = 0; at < lasting.length; at += 7) {
      const altered = Uint8Array.from(lasting)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      const options = wanted(altered, 1, { crls: lists, intermediates: [sub.certificate] })
      const result = verdict(() => {
        const { provedAt, signed: by } = verifyCades(options)
        expect(by.signerCertificate.der, `octet ${at}`).toEqual(leaf.der)
        expect(provedAt === null || provedAt.getTime() === AT.getTime(), `octet ${at}`).toBe(true)
      })
      expect(result).toBeTypeOf('string')
    }
  })
})
