import { describe, expect, it } from 'vitest'
import {
  addSigner,
  addSignatureTimeStamp,
  addValidationData,
  digest,
  OID,
  prepareSignedAttributes,
  signatureImprint,
  type Certificate,
} from '../../../../shared/pki/index.ts'
import { sentenceOf } from '../../../../shared/exports/index.ts'
import { stampedDigest } from '../../../../shared/audit/checkpoint-stamp.ts'
import { certify, crlOf, LEAF_FIELDS, testKey } from '../pki/authority.ts'
import { makeToken } from '../pki/tsa.ts'
import {
  AT,
  days,
  faultsOf,
  makePackage,
  openChain,
  openSigning,
  openWitness,
  optionsOf,
  signDetached,
  verifyZip,
  zipOf,
} from './kit.ts'

const signing = await openSigning()
const chain = openChain()

const openStamper = async (options: { readonly eku?: readonly string[] } = {}) => {
  const key = testKey('ecdsa-sha256')
  const certificate = await certify(key, signing.root, {
    name: 'Time',
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: options.eku ?? [OID.timeStamping],
    extendedKeyUsageCritical: true,
    notAfter: days(29),
  })
  return { key, certificate }
}
const stamper = await openStamper()

const genTimeOf = (at: Date): string => `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
const tokenOver = (imprint: Uint8Array, at: Date, by = stamper): Promise<Uint8Array> =>
  makeToken({ ...by, imprint, hash: 'sha256', genTime: genTimeOf(at) })

/** B-T at `at`. */
const stamped = async (content: Uint8Array, at = AT, by = stamper): Promise<Uint8Array> => {
  const cms = await signDetached(signing, content, 'application/json')
  return addSignatureTimeStamp(cms, await tokenOver(signatureImprint(cms, 'sha256').digest, at, by))
}

const revokedOn = (at: Date, known = days(6)) =>
  crlOf(signing.root, [{ serial: signing.leaf.serial, at, reason: 'keyCompromise' }], {
    thisUpdate: known,
    nextUpdate: days(20),
  })

const signatureOf = async (
  signManifest: (content: Uint8Array) => Promise<Uint8Array>,
  now: Date,
  crls: readonly Awaited<ReturnType<typeof crlOf>>[],
) => {
  const zip = zipOf(await makePackage(chain, { ...signing, crl: crls[0]?.der ?? signing.crl }, { signManifest }))
  const report = await verifyZip(zip, optionsOf(signing, { now, crls }))
  return report.checks.filter(({ check }) => check === 'manifest-signature')
}

describe('when a time-stamp proves since when a signature exists', () => {
  const now = days(7)

  it('passes where the certificate was revoked only after it', async () => {
    const [check] = await signatureOf((content) => stamped(content), now, [await revokedOn(days(3))])
    expect(check).toMatchObject({ indication: 'TOTAL-PASSED', facts: { level: 'B-T', provedAt: AT.toISOString() } })
  })

  it.each([
    ['revoked before it', (content: Uint8Array) => stamped(content), days(-2), 'REVOKED_NO_POE'],
    [
      'revoked, with no time-stamp',
      (content: Uint8Array) => signDetached(signing, content, 'application/json'),
      days(3),
      'REVOKED_NO_POE',
    ],
    ['stamped after it was revoked', (content: Uint8Array) => stamped(content, days(5)), days(3), 'REVOKED_NO_POE'],
  ] as const)('does not pass where it was %s', async (_, sign, revokedAt, sub) => {
    const [check] = await signatureOf(sign, now, [await revokedOn(revokedAt)])
    expect(check).toMatchObject({ indication: 'INDETERMINATE', subIndication: sub })
  })

  it('refuses a token over something else, and one of a certificate that is not for it', async () => {
    const other = async (content: Uint8Array): Promise<Uint8Array> =>
      addSignatureTimeStamp(
        await signDetached(signing, content, 'application/json'),
        await tokenOver(digest('sha256', content), AT),
      )
    const list = [await crlOf(signing.root, [], { thisUpdate: days(6), nextUpdate: days(20) })]
    expect((await signatureOf(other, now, list))[0]).toMatchObject({
      indication: 'TOTAL-FAILED',
      subIndication: 'HASH_FAILURE',
    })
    const client = await openStamper({ eku: ['1.3.6.1.5.5.7.3.2'] })
    const [check] = await signatureOf((content) => stamped(content, AT, client), now, list)
    expect(check).toMatchObject({ indication: 'INDETERMINATE', subIndication: 'CHAIN_CONSTRAINTS_FAILURE' })
  })

  it('needs nothing but the anchor at B-LT', async () => {
    const list = await crlOf(signing.root, [], { thisUpdate: AT, nextUpdate: days(20) })
    const sign = async (content: Uint8Array): Promise<Uint8Array> =>
      addValidationData(await stamped(content), { certificates: [], crls: [list.der], ocsp: [] })
    const [check] = await signatureOf(sign, days(1), [])
    expect(check).toMatchObject({ indication: 'TOTAL-PASSED', facts: { level: 'B-LT' } })
  })
})

const ORDER = { format: 'jsonl', level: 'B-T', language: 'en', timeZone: 'Europe/Rome' } as const

describe('when a level was ordered', () => {
  it('is not told where the signatures prove less', async () => {
    const report = await verifyZip(
      zipOf(await makePackage(chain, signing, { claims: { order: ORDER } })),
      optionsOf(signing),
    )
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual([
      'manifest-signature SIG_CONSTRAINTS_FAILURE level',
      'data-signature SIG_CONSTRAINTS_FAILURE level',
    ])
    const [check] = report.checks.filter(({ code }) => code === 'differs')
    expect(check && sentenceOf(check, 'en')).toContain('it proves B-B and not B-T')
  })

  it('passes where they do, and says so where the time-stamp is what cannot be judged', async () => {
    const order = { claims: { order: ORDER }, signManifest: (content: Uint8Array) => stamped(content) }
    const zip = zipOf(await makePackage(chain, signing, order))
    const judged = async (options: Parameters<typeof optionsOf>[1]) => {
      const { checks } = await verifyZip(zip, optionsOf(signing, options))
      return checks.find(({ check }) => check === 'manifest-signature')
    }
    expect(await judged({})).toMatchObject({ indication: 'TOTAL-PASSED', facts: { level: 'B-T' } })
    const { root } = await openSigning()
    expect(await judged({ timeStampAnchors: [root.certificate] })).toMatchObject({
      indication: 'INDETERMINATE',
      subIndication: 'NO_CERTIFICATE_CHAIN_FOUND',
    })
  })
})

describe('when an officer signs beside the server', () => {
  const beside = async (content: Uint8Array, certificate: Certificate, key = officerKey): Promise<Uint8Array> => {
    const cms = await signDetached(signing, content, 'application/json')
    const signedAttributes = prepareSignedAttributes({
      contentDigest: digest('sha256', content),
      algorithm: key.algorithm,
      certificate: certificate.der,
      signingTime: AT,
    })
    return addSigner(cms, {
      certificate: certificate.der,
      algorithm: key.algorithm,
      signedAttributes,
      signature: await key.sign(signedAttributes),
    })
  }
  const officerKey = testKey('ecdsa-sha256')

  it('tells both', async () => {
    const officer = await certify(officerKey, signing.root, { name: 'Officer', ...LEAF_FIELDS })
    const signManifest = (content: Uint8Array) => beside(content, officer)
    const report = await verifyZip(zipOf(await makePackage(chain, signing, { signManifest })), optionsOf(signing))
    expect(faultsOf(report)).toEqual([])
    const signers = report.checks.filter(({ check }) => check === 'manifest-signature').map(({ subject }) => subject)
    expect(new Set(signers)).toEqual(new Set(['Export of the server', 'Officer']))
  })

  it('does not pass with a second signer nobody vouches for', async () => {
    const { root } = await openSigning()
    const stranger = await certify(officerKey, root, { name: 'Stranger', ...LEAF_FIELDS })
    const signManifest = (content: Uint8Array) => beside(content, stranger)
    const report = await verifyZip(zipOf(await makePackage(chain, signing, { signManifest })), optionsOf(signing))
    expect(report.indication).toBe('INDETERMINATE')
    expect(faultsOf(report)).toEqual(['manifest-signature NO_CERTIFICATE_CHAIN_FOUND untrusted'])
  })
})

describe('when a checkpoint was time-stamped', () => {
  it('tells since when the chain is as it is', async () => {
    const timestamp = (note: string) => tokenOver(stampedDigest(note), days(-1))
    const report = await verifyZip(zipOf(await makePackage(chain, signing, { timestamp })), optionsOf(signing))
    expect(report.indication).toBe('TOTAL-PASSED')
    expect(report.checks.find(({ check }) => check === 'checkpoint-time')).toMatchObject({
      code: 'passed',
      facts: { time: days(-1).toISOString() },
    })
    const complete = report.checks.find(({ check }) => check === 'completeness')
    expect(complete && sentenceOf(complete, 'en')).toContain(`up to its checkpoint of ${days(-1).toISOString()}`)
  })

  it('says that no time is proved of a checkpoint that nobody vouches for, and by a witness given which is', async () => {
    const witness = openWitness()
    const made = zipOf(await makePackage(chain, signing, { witnesses: [witness] }))
    const toldBy = async (witnesses: readonly string[]) => {
      const { checks } = await verifyZip(made, optionsOf(signing, { witnesses }))
      const complete = checks.find(({ check }) => check === 'completeness')
      return complete && sentenceOf(complete, 'en')
    }
    expect(await toldBy([])).toContain('up to its checkpoint of a time that is not proved')
    expect(await toldBy([witness.vkey])).toContain(
      `up to its checkpoint of ${new Date(AT.getTime() - 60_000).toISOString()}`,
    )
  })

  it('fails with a token over another checkpoint, and rests nothing on an authority it does not know', async () => {
    const forged = (note: string) => tokenOver(digest('sha256', new TextEncoder().encode(note)), days(-1))
    expect(
      (await verifyZip(zipOf(await makePackage(chain, signing, { timestamp: forged })), optionsOf(signing))).indication,
    ).toBe('TOTAL-FAILED')
    const timestamp = (note: string) => tokenOver(stampedDigest(note), days(-1))
    const { root } = await openSigning()
    const zip = zipOf(await makePackage(chain, signing, { timestamp }))
    const report = await verifyZip(zip, optionsOf(signing, { timeStampAnchors: [root.certificate] }))
    expect(report.indication).toBe('TOTAL-PASSED')
    expect(report.checks.find(({ check }) => check === 'checkpoint-time')).toMatchObject({
      code: 'unjudged',
      decides: false,
    })
  })
})
