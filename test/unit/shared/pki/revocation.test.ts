import { describe, expect, it } from 'vitest'
import * as der from '../../../../shared/pki/der-write.ts'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import {
  assembleSigned,
  encodeSignatureAlgorithm,
  findRevocation,
  keyIdentifier,
  OID,
  parseAnyCrl,
  parseCrl,
  verifyCrl,
  verifyPath,
  type Certificate,
  type CertificateList,
  type VerifyPathOptions,
} from '../../../../shared/pki/index.ts'
import { writeAuthorityKeyId } from '../../../../shared/pki/certificate-extensions.ts'
import {
  AT,
  certify,
  crlOf,
  days,
  extended,
  LEAF_FIELDS,
  rootAuthority,
  subAuthority,
  testKey,
  verdict,
  type Authority,
} from './authority.ts'
import { distributionPoint, fullName, general, reasonFlags } from './ca-extensions.ts'

const root = await rootAuthority()
const sub = await subAuthority(root)
const key = testKey('ecdsa-sha256')
const leaf = await certify(key, sub, LEAF_FIELDS)
const { uri, directory } = general
const flag = (n: number) => der.tlv(0x80 | n, Uint8Array.of(0xff))

interface Parts {
  readonly by?: Authority
  readonly number?: number
  readonly scope?: readonly Uint8Array[]
  readonly revoked?: readonly Certificate[]
  readonly extensions?: readonly Uint8Array[]
  readonly entryExtensions?: readonly Uint8Array[]
}

/** A list over parts of the test's choice, rightly signed. */
async function listOf({ by = sub, number = 1, scope, revoked = [], extensions = [], entryExtensions = [] }: Parts) {
  const tail = entryExtensions.length > 0 ? [der.writeSequence(...entryExtensions)] : []
  const entries = revoked.map(({ serial }) =>
    der.writeSequence(der.writeInteger(BigInt(`0x${serial}`)), der.writeTime(days(-1)), ...tail),
  )
  const idp = scope ? [writeExtension(OID.issuingDistributionPoint, true, der.writeSequence(...scope))] : []
  const tbs = der.writeSequence(
    der.writeInteger(1),
    encodeSignatureAlgorithm(by.key.algorithm),
    by.certificate.subject.der,
    der.writeTime(days(-1)),
    der.writeTime(days(1)),
    ...(entries.length > 0 ? [der.writeSequence(...entries)] : []),
    der.writeExplicit(
      0,
      der.writeSequence(
        writeAuthorityKeyId(keyIdentifier(by.key.spki)),
        writeExtension(OID.crlNumber, false, der.writeInteger(number)),
        ...idp,
        ...extensions,
      ),
    ),
  )
  return parseAnyCrl(assembleSigned(tbs, by.key.algorithm, await by.key.sign(tbs)))
}

const rootCrl = await crlOf(root)
const base = { intermediates: [sub.certificate], anchors: [root.certificate], at: AT, revocation: 'require' } as const
const judge = (crls: readonly CertificateList[], change: Partial<VerifyPathOptions> = {}): string =>
  verdict(() => verifyPath({ ...base, leaf, crls: [rootCrl, ...crls], ...change }))

const HERE = uri('http://ca.example/1.crl')
const THERE = uri('http://ca.example/2.crl')
const at = (...parts: Uint8Array[]) => extended(leaf, sub, distributionPoint(...parts))
const pointed = await at(fullName(HERE))
const some = await at(fullName(HERE), reasonFlags(1, 1, 2))
const elsewhere = await at(fullName(HERE), der.tlv(0xa2, directory([{ type: 'CN', value: 'Lists' }])))
const DELTA = writeExtension(OID.deltaCrlIndicator, true, der.writeInteger(1))
const OTHERS = writeExtension(OID.certificateIssuer, true, der.writeSequence(directory([{ type: 'CN', value: 'X' }])))
const rest = reasonFlags(3, 3, 4, 5, 6, 7, 8)

describe('when lists are about a part only', () => {
  const rows: [string, Parts[], Certificate, string][] = [
    ['all of them', [{}], leaf, 'ok'],
    ['the point named', [{ scope: [fullName(HERE)] }], pointed, 'ok'],
    ['another point', [{ scope: [fullName(THERE)] }], pointed, 'no-revocation-data'],
    ['one of two points', [{ scope: [fullName(THERE, HERE)] }], pointed, 'ok'],
    ['a point, for a certificate that names none', [{ scope: [fullName(HERE)] }], leaf, 'no-revocation-data'],
    [
      'the issuer’s own name, for a certificate that names none',
      [{ scope: [fullName(directory([{ type: 'CN', value: 'issuing' }]))] }],
      leaf,
      'ok',
    ],
    ['all, for a certificate that names a point', [{}], pointed, 'ok'],
    ['users', [{ scope: [flag(1)] }], leaf, 'ok'],
    ['CAs', [{ scope: [flag(2)] }], leaf, 'no-revocation-data'],
    ['attribute certificates', [{ scope: [flag(5)] }], leaf, 'no-revocation-data'],
    ['some reasons', [{ scope: [reasonFlags(3, 1, 2)] }], leaf, 'no-revocation-data'],
    ['some reasons, and the rest', [{ scope: [reasonFlags(3, 1, 2)] }, { scope: [rest] }], leaf, 'ok'],
    [
      'some reasons, revoked for the rest',
      [{ scope: [reasonFlags(3, 1, 2)] }, { scope: [rest], revoked: [leaf] }],
      leaf,
      'revoked',
    ],
    ['all, at a point for some reasons', [{ scope: [fullName(HERE)] }], some, 'no-revocation-data'],
    ['other issuers too', [{ scope: [flag(4)] }], leaf, 'crl-indirect'],
    ['other issuers too, beside one that is not', [{ scope: [flag(4)], number: 2 }, {}], leaf, 'ok'],
    ['other issuers by an entry', [{ revoked: [pointed], entryExtensions: [OTHERS] }], leaf, 'crl-indirect'],
    ['all, for a certificate whose lists another issues', [{}], elsewhere, 'crl-indirect'],
    ['changes, beside all', [{}, { extensions: [DELTA], number: 2 }], leaf, 'crl-delta'],
    ['changes only', [{ extensions: [DELTA] }], leaf, 'crl-delta'],
    ['changes at another point', [{}, { extensions: [DELTA], scope: [fullName(THERE)] }], leaf, 'ok'],
  ]
  it.each(rows)('judges %s', async (_, parts, certificate, expected) => {
    expect(judge(await Promise.all(parts.map(listOf)), { leaf: certificate })).toBe(expected)
  })

  it('a forged list of changes changes nothing', async () => {
    const forged = await listOf({ by: { ...sub, key: { ...key, spki: sub.key.spki } }, extensions: [DELTA] })
    expect(judge([forged, await listOf({})])).toBe('ok')
  })

  it('is not taken for a whole list elsewhere', async () => {
    for (const parts of [{ scope: [flag(1)] }, { scope: [flag(4)] }, { extensions: [DELTA] }]) {
      const crl = await listOf(parts)
      expect(verdict(() => parseCrl(crl.der))).toMatch(/crl-(indirect|delta)/)
      expect(verdict(() => verifyCrl(crl, sub.certificate, AT))).toMatch(/crl-(indirect|delta)/)
    }
  })

  it.each<[string, Uint8Array[]]>([
    ['two kinds at once', [flag(1), flag(2)]],
    ['FALSE written', [der.tlv(0x81, Uint8Array.of(0))]],
    ['a name of no kind', [der.tlv(0xa0, der.tlv(0xa3))]],
  ])('refuses a scope with %s', async (_, scope) => {
    await expect(listOf({ scope })).rejects.toMatchObject({ reason: 'malformed' })
  })
})

describe('when a CA signs its lists with another key', () => {
  const signer = async (options = {}) => {
    const own = testKey('ecdsa-sha256')
    const certificate = await certify(own, root, { name: 'Issuing', keyUsage: ['cRLSign'], ...options })
    return { key: own, certificate }
  }
  it('accepts the list where the same anchor vouches for the signer', async () => {
    const own = await signer()
    const intermediates = [sub.certificate, own.certificate]
    expect(judge([await listOf({ by: own })], { intermediates })).toBe('ok')
    expect(judge([await listOf({ by: own, revoked: [leaf] })], { intermediates })).toBe('revoked')
    expect(judge([await listOf({ by: own })])).toBe('no-revocation-data')
  })

  it('refuses it where the signer is revoked, expired, may not sign, or is of another anchor', async () => {
    const judgeBy = async (own: Authority, change: Partial<VerifyPathOptions> = {}) =>
      judge([await listOf({ by: own })], { intermediates: [sub.certificate, own.certificate], ...change })
    const own = await signer()
    const revoked = await crlOf(root, [{ serial: own.certificate.serial, at: days(-1), reason: 'keyCompromise' }])
    expect(await judgeBy(own, { crls: [revoked, await listOf({ by: own })] })).toBe('no-revocation-data')
    expect(await judgeBy(await signer({ notAfter: days(-1) }))).toBe('no-revocation-data')
    expect(await judgeBy(await signer({ keyUsage: ['digitalSignature'] }))).toBe('no-revocation-data')
    const foreign = await rootAuthority()
    const forger = await subAuthority(foreign)
    const anchors = [root.certificate, foreign.certificate]
    expect(
      await judgeBy(forger, { anchors, crls: [rootCrl, await crlOf(foreign), await listOf({ by: forger })] }),
    ).toBe('no-revocation-data')
  })

  it('never lets a key vouch for itself', async () => {
    const own = testKey('ecdsa-sha256')
    const certificate = await certify(own, sub, { name: 'Issuing', keyUsage: ['cRLSign'] })
    const crl = await listOf({ by: { key: own, certificate } })
    expect(judge([crl], { intermediates: [sub.certificate, certificate] })).toBe('no-revocation-data')
  })
})

const later = { thisUpdate: days(4), nextUpdate: days(5) }
const rootLater = await crlOf(root, [], later)

describe('when a moment in the past is judged', () => {
  const revokedAt = (at: Date, invalidAt?: Date) =>
    crlOf(sub, [{ serial: leaf.serial, at, reason: 'keyCompromise', ...(invalidAt ? { invalidAt } : {}) }], later)
  const judged = (crl: CertificateList, knownAt?: Date) =>
    judge([rootLater, crl], knownAt ? { knownAt, crls: [rootLater, crl] } : {})
  it.each<[string, Promise<CertificateList>, Date | undefined, string]>([
    ['not revoked since', crlOf(sub, [], later), days(4.5), 'ok'],
    ['revoked after it', revokedAt(days(2)), days(4.5), 'ok'],
    ['revoked before it', revokedAt(days(-2)), days(4.5), 'revoked'],
    ['revoked after it, lost before', revokedAt(days(2), days(-1)), days(4.5), 'revoked'],
    ['revoked after it, lost after', revokedAt(days(2), days(1)), days(4.5), 'ok'],
    ['a list from after the sources were gathered', revokedAt(days(2)), days(3), 'crl-not-yet-valid'],
    ['nothing said of later knowledge', revokedAt(days(2)), undefined, 'crl-not-yet-valid'],
    ['a list from before', crlOf(sub, [], { thisUpdate: days(-3), nextUpdate: days(-2) }), days(4.5), 'stale-crl'],
  ])('judges: %s', async (_, crl, knownAt, expected) => {
    expect(judged(await crl, knownAt)).toBe(expected)
  })

  it('keeps the invalidity date through writing and reading', async () => {
    const entry = findRevocation(await revokedAt(days(2), days(-1)), leaf.serial)
    expect(entry).toEqual({ serial: leaf.serial, at: days(2), reason: 'keyCompromise', invalidAt: days(-1) })
  })
})

describe('when serials are odd', () => {
  it('tells a negative one from its positive octets', async () => {
    const negative = async (serial: Uint8Array) => {
      const fields = der.writeSequence(serial, der.writeTime(days(-1)))
      const tbs = der.writeSequence(
        der.writeInteger(1),
        encodeSignatureAlgorithm('ecdsa-sha256'),
        sub.certificate.subject.der,
        der.writeTime(days(-1)),
        der.writeTime(days(1)),
        der.writeSequence(fields),
        der.writeExplicit(0, der.writeSequence(writeExtension(OID.crlNumber, false, der.writeInteger(1)))),
      )
      const crl = parseCrl(assembleSigned(tbs, 'ecdsa-sha256', await sub.key.sign(tbs)))
      return [...crl.entries.keys()]
    }
    expect(await negative(der.tlv(2, Uint8Array.of(0xff)))).toEqual(['-01'])
    expect(await negative(der.tlv(2, Uint8Array.of(0, 0xff)))).toEqual(['ff'])
    expect(await negative(der.tlv(2, Uint8Array.of(0xff, 0x7f)))).toEqual(['-81'])
  })
})

describe('when an issuer gave one number to two lists', () => {
  it('believes the one made later, in whatever order they come', async () => {
    const entry = { serial: leaf.serial, at: days(-3), reason: 'keyCompromise' as const }
    const before = await crlOf(sub, [], { thisUpdate: days(-2), nextUpdate: days(2) })
    const later = await crlOf(sub, [entry], { thisUpdate: days(-1), nextUpdate: days(2) })
    expect([judge([before, later]), judge([later, before]), judge([before])]).toEqual(['revoked', 'revoked', 'ok'])
  })
})
