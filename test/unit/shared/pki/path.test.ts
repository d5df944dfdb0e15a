import { describe, expect, it } from 'vitest'
import {
  parseCertificate,
  verifyPath,
  type Certificate,
  type CertificateList,
  type VerifyPathOptions,
} from '../../../../shared/pki/index.ts'
import { writeNull } from '../../../../shared/pki/der-write.ts'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import { assembleSigned } from '../../../../shared/pki/certificate.ts'
import {
  AT,
  CA_FIELDS,
  certify,
  crlOf,
  days,
  extended,
  LEAF_FIELDS,
  rootAuthority,
  signWith,
  subAuthority,
  testKey,
  verdict,
  type Authority,
  type CertificateOptions,
} from './authority.ts'

const root = await rootAuthority()
const sub = await subAuthority(root)
const leafKey = testKey('ecdsa-sha256')
const leaf = await certify(leafKey, sub, LEAF_FIELDS)
const rootCrl = await crlOf(root)
const subCrl = await crlOf(sub)

const base: VerifyPathOptions = {
  leaf,
  intermediates: [sub.certificate],
  anchors: [root.certificate],
  at: AT,
  requiredKeyUsage: ['digitalSignature'],
  requiredEku: '1.3.6.1.5.5.7.3.2',
  revocation: 'require',
  crls: [rootCrl, subCrl],
}
const judge = (change: Partial<VerifyPathOptions>): string => verdict(() => verifyPath({ ...base, ...change }))
const leafBy = (issuer: Authority, options: CertificateOptions = {}) =>
  certify(leafKey, issuer, { ...LEAF_FIELDS, ...options })
const withSub = async (options: CertificateOptions, key = testKey('ecdsa-sha256')) => {
  const other = await subAuthority(root, options, key)
  return { leaf: await leafBy(other), intermediates: [other.certificate], crls: [rootCrl, await crlOf(other)] }
}

function withSha1(certificate: Certificate): Certificate {
  const hex = Buffer.from(certificate.der).toString('hex').replaceAll('2a864886f70d01010b', '2a864886f70d010105')
  return parseCertificate(Buffer.from(hex, 'hex'))
}

type Row = [string, () => Partial<VerifyPathOptions> | Promise<Partial<VerifyPathOptions>>, string]

describe('when a path is good', () => {
  it('gives leaf, intermediate and anchor', () => {
    expect(verifyPath(base).path).toEqual([leaf, sub.certificate, root.certificate])
  })

  it.each<Row>([
    ['directly below the anchor', async () => ({ leaf: await leafBy(root), intermediates: [] }), 'ok'],
    [
      'with needless intermediates',
      async () => ({ intermediates: [(await subAuthority(root)).certificate, sub.certificate, leaf] }),
      'ok',
    ],
    ['with needless anchors', async () => ({ anchors: [(await rootAuthority()).certificate, root.certificate] }), 'ok'],
    ['at the first second', () => ({ at: leaf.notBefore, revocation: 'none' }), 'ok'],
    ['at the last second', () => ({ at: leaf.notAfter, revocation: 'none' }), 'ok'],
    ['with path length 0 above the leaf', () => withSub({ basicConstraints: { ca: true, pathLength: 0 } }), 'ok'],
    ['under RSA and PSS', () => withSub({}, testKey('rsa-pss-sha256')), 'ok'],
    ['under Ed25519', () => withSub({}, testKey('ed25519')), 'ok'],
    [
      'under an anchor signed with SHA-1',
      async () => {
        const old = await rootAuthority({}, testKey('rsa-sha256'))
        const below = await subAuthority(old)
        return {
          leaf: await leafBy(below),
          intermediates: [below.certificate],
          anchors: [withSha1(old.certificate)],
          crls: [await crlOf(old), await crlOf(below)],
        }
      },
      'ok',
    ],
    [
      'under an anchor that says nothing of its key',
      async () => {
        const own = testKey('ecdsa-sha256')
        const certificate = await certify(own, { self: own }, { name: 'Old', basicConstraints: { ca: true } })
        const old = { key: own, certificate }
        const below = await subAuthority(old)
        return {
          leaf: await leafBy(below),
          intermediates: [below.certificate],
          anchors: [certificate],
          crls: [await crlOf(old), await crlOf(below)],
        }
      },
      'ok',
    ],
    ['without revocation asked for', () => ({ revocation: 'none', crls: [] }), 'ok'],
    [
      'with a forged list beside the true one',
      async () => ({ crls: [await crlOf(await rootAuthority()), rootCrl, subCrl] }),
      'ok',
    ],
    [
      'with another certificate revoked',
      async () => ({ crls: [rootCrl, await crlOf(sub, [{ serial: 'dead', at: AT, reason: 'superseded' }])] }),
      'ok',
    ],
    [
      'taken off hold by a later list',
      async () => ({ crls: [rootCrl, await hold(3n), await crlOf(sub, [], { number: 4n })] }),
      'ok',
    ],
  ])('accepts one %s', async (_, change, expected) => {
    expect(judge(await change())).toBe(expected)
  })
})

const hold = (number: bigint): Promise<CertificateList> =>
  crlOf(sub, [{ serial: leaf.serial, at: days(-1), reason: 'certificateHold' }], { number })

describe('when a path is not good', () => {
  it.each<Row>([
    ['no anchor', () => ({ anchors: [] }), 'untrusted'],
    ['another anchor', async () => ({ anchors: [(await rootAuthority({ name: 'Other' })).certificate] }), 'untrusted'],
    ['an anchor of the same name', async () => ({ anchors: [(await rootAuthority()).certificate] }), 'untrusted'],
    [
      'an anchor of the same name and key id',
      async () => ({
        anchors: [(await rootAuthority({ subjectKeyId: root.certificate.subjectKeyId ?? '' })).certificate],
      }),
      'bad-signature',
    ],
    ['no intermediate', () => ({ intermediates: [] }), 'untrusted'],
    ['the anchor as leaf', () => ({ leaf: root.certificate }), 'untrusted'],
    ['a self-signed leaf', async () => ({ leaf: await certify(leafKey, { self: leafKey }, LEAF_FIELDS) }), 'untrusted'],
    ['expired leaf', async () => ({ leaf: await leafBy(sub, { notAfter: days(-1) }) }), 'expired'],
    ['leaf of tomorrow', async () => ({ leaf: await leafBy(sub, { notBefore: days(1) }) }), 'not-yet-valid'],
    ['a second after the end', () => ({ at: new Date(leaf.notAfter.getTime() + 1000), revocation: 'none' }), 'expired'],
    ['expired intermediate', () => withSub({ notAfter: days(-1) }), 'expired'],
    ['expired anchor', async () => under(await rootAuthority({ notAfter: days(-1) })), 'expired'],
    ['no time', () => ({ at: new Date(Number.NaN) }), 'invalid-input'],
    ['intermediate that is no CA', () => withSub({ basicConstraints: { ca: false } }), 'not-a-ca'],
    [
      'leaf that issues',
      async () => {
        const issuer = { key: leafKey, certificate: leaf }
        return { leaf: await leafBy(issuer, { name: 'Below' }), intermediates: [leaf, sub.certificate] }
      },
      'not-a-ca',
    ],
    [
      'intermediate that may not sign certificates',
      () => withSub({ keyUsage: ['cRLSign', 'digitalSignature'] }),
      'key-usage',
    ],
    [
      'path longer than the intermediate allows',
      async () => {
        const short = await subAuthority(root, { basicConstraints: { ca: true, pathLength: 0 } })
        const below = await subAuthority(short, { name: 'Below' })
        return { leaf: await leafBy(below), intermediates: [short.certificate, below.certificate], revocation: 'none' }
      },
      'path-len',
    ],
    [
      'path longer than the anchor allows',
      async () => under(await rootAuthority({ basicConstraints: { ca: true, pathLength: 0 } })),
      'path-len',
    ],
    [
      'path of more than eight',
      async () => {
        const chain = [root]
        for (let i = 0; i < 8; i++) chain.push(await subAuthority(chain.at(-1) as Authority, { name: `CA ${i}` }))
        return {
          leaf: await leafBy(chain.at(-1) as Authority),
          intermediates: chain.slice(1).map((one) => one.certificate),
          revocation: 'none',
        }
      },
      'too-large',
    ],
    [
      'two CAs that certify each other',
      async () => {
        const a = await subAuthority(
          { key: sub.key, certificate: await certify(sub.key, { self: sub.key }, { name: 'B', ...CA_FIELDS }) },
          { name: 'A' },
        )
        const b = await certify(sub.key, a, { name: 'B', ...CA_FIELDS })
        return { leaf: await leafBy(a), intermediates: [a.certificate, b] }
      },
      'untrusted',
    ],
    ['513 intermediates', () => ({ intermediates: Array.from({ length: 513 }, () => sub.certificate) }), 'too-large'],
    [
      'leaf without the key usage',
      async () => ({ leaf: await leafBy(sub, { keyUsage: ['keyAgreement'] }) }),
      'key-usage',
    ],
    [
      'leaf without any key usage',
      async () => ({ leaf: await certify(leafKey, sub, { extendedKeyUsage: LEAF_FIELDS.extendedKeyUsage }) }),
      'key-usage',
    ],
    [
      'leaf without the extended usage',
      async () => ({ leaf: await leafBy(sub, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }) }),
      'eku',
    ],
    [
      'leaf with any extended usage',
      async () => ({ leaf: await leafBy(sub, { extendedKeyUsage: ['2.5.29.37.0'] }) }),
      'eku',
    ],
    ['leaf without extended usages', async () => ({ leaf: await leafBy(sub, { extendedKeyUsage: [] }) }), 'eku'],
    [
      'CA as leaf',
      async () => ({ leaf: await leafBy(sub, { ...CA_FIELDS, keyUsage: ['digitalSignature', 'keyCertSign'] }) }),
      'key-usage',
    ],
    [
      'unknown critical extension',
      async () => ({ leaf: await extended(leaf, sub, writeExtension('1.2.3.4', true, writeNull())) }),
      'critical-extension',
    ],
    [
      'unknown other extension',
      async () => ({ leaf: await extended(leaf, sub, writeExtension('1.2.3.4', false, writeNull())) }),
      'ok',
    ],
    [
      'leaf signed by another key',
      async () => ({ leaf: resigned(leaf, testKey('ecdsa-sha256').privateKey) }),
      'bad-signature',
    ],
    ['RSA-1024 leaf', async () => ({ leaf: await certify(testKey('rsa-sha256', 1024), sub, LEAF_FIELDS) }), 'weak-key'],
    ['RSA-1024 intermediate', () => withSub({}, testKey('rsa-sha256', 1024)), 'weak-key'],
    [
      'SHA-1 leaf',
      async () => {
        const rsa = await subAuthority(root, {}, testKey('rsa-sha256'))
        return { leaf: withSha1(await leafBy(rsa)), intermediates: [rsa.certificate] }
      },
      'weak-hash',
    ],
  ])('refuses %s', async (_, change, expected) => {
    expect(judge(await change())).toBe(expected)
  })

  async function under(anchor: Authority): Promise<Partial<VerifyPathOptions>> {
    const below = await subAuthority(anchor)
    return {
      leaf: await leafBy(below),
      intermediates: [below.certificate],
      anchors: [anchor.certificate],
      revocation: 'none',
    }
  }
  function resigned(certificate: Certificate, key: Parameters<typeof signWith>[0]): Certificate {
    return parseCertificate(
      assembleSigned(certificate.tbs, 'ecdsa-sha256', signWith(key, 'ecdsa-sha256', certificate.tbs)),
    )
  }
})

describe('when revocation is judged', () => {
  const revoked = (reason: 'keyCompromise' | 'certificateHold') =>
    crlOf(sub, [{ serial: leaf.serial, at: days(-1), reason }])
  it.each<Row>([
    ['no lists', () => ({ crls: [] }), 'no-revocation-data'],
    ['no list for the leaf', () => ({ crls: [rootCrl] }), 'no-revocation-data'],
    ['no list for the intermediate', () => ({ crls: [subCrl] }), 'no-revocation-data'],
    ['revoked leaf', async () => ({ crls: [rootCrl, await revoked('keyCompromise')] }), 'revoked'],
    ['suspended leaf', async () => ({ crls: [rootCrl, await revoked('certificateHold')] }), 'on-hold'],
    [
      'revoked intermediate',
      async () => ({
        crls: [await crlOf(root, [{ serial: sub.certificate.serial, at: AT, reason: 'cACompromise' }]), subCrl],
      }),
      'revoked',
    ],
    [
      'an older list without the entry beside it',
      async () => ({ crls: [rootCrl, await hold(9n), await crlOf(sub, [], { number: 8n })] }),
      'on-hold',
    ],
    [
      'stale list',
      async () => ({ crls: [rootCrl, await crlOf(sub, [], { thisUpdate: days(-3), nextUpdate: days(-2) })] }),
      'stale-crl',
    ],
    [
      'list of tomorrow',
      async () => ({ crls: [rootCrl, await crlOf(sub, [], { thisUpdate: days(1), nextUpdate: days(2) })] }),
      'crl-not-yet-valid',
    ],
    [
      'forged list of the same name',
      async () => ({ crls: [rootCrl, await crlOf(await subAuthority(root))] }),
      'no-revocation-data',
    ],
    [
      'list signed by the leaf',
      async () => ({
        crls: [rootCrl, await crlOf({ certificate: sub.certificate, key: { ...leafKey, spki: sub.key.spki } })],
      }),
      'no-revocation-data',
    ],
  ])('refuses: %s', async (_, change, expected) => {
    expect(judge(await change())).toBe(expected)
  })

  it('says when and why', async () => {
    const crls = [rootCrl, await revoked('keyCompromise')]
    const error = (() => {
      try {
        return verifyPath({ ...base, crls })
      } catch (error) {
        return error
      }
    })()
    expect(error).toMatchObject({
      detail: { at: days(-1).toISOString(), reason: 'keyCompromise', serial: leaf.serial },
    })
  })
})
