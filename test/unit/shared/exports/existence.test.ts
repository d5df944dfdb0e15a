import { describe, expect, it } from 'vitest'
import {
  addSignatureTimeStamp,
  addSigner,
  digest,
  OID,
  prepareSignedAttributes,
  signatureImprint,
} from '../../../../shared/pki/index.ts'
import { stampedDigest } from '../../../../shared/audit/checkpoint-stamp.ts'
import { checkNoteTime } from '../../../../shared/exports/chain-note.ts'
import { parseChainFile } from '../../../../shared/exports/chain-file.ts'
import type { Trust } from '../../../../shared/exports/index.ts'
import { certify, crlOf, LEAF_FIELDS, rootAuthority, testKey } from '../pki/authority.ts'
import { makeToken } from '../pki/tsa.ts'
import { AT, days, makePackage, openChain, openSigning, optionsOf, signDetached, verifyZip, zipOf } from './kit.ts'

// A package sealed and time-stamped at AT; the key that sealed it is lost on day 3, and it is judged on day 7.
const signing = await openSigning()
const chain = openChain()
const NOW = days(7)
const timeRoot = await rootAuthority({ name: 'Time root', notBefore: days(-30), notAfter: days(1000) })

const openStamper = async (root = timeRoot, notAfter = days(900)) => {
  const key = testKey('ecdsa-sha256')
  const certificate = await certify(key, root, {
    name: 'Time',
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [OID.timeStamping],
    extendedKeyUsageCritical: true,
    notBefore: days(-30),
    notAfter,
  })
  return { key, certificate }
}
const stamper = await openStamper()
const genTimeOf = (at: Date): string => `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
const tokenOver = (imprint: Uint8Array, at: Date, by = stamper): Promise<Uint8Array> =>
  makeToken({ ...by, imprint, hash: 'sha256', genTime: genTimeOf(at) })

const sealed = (content: Uint8Array): Promise<Uint8Array> => signDetached(signing, content, 'application/json')
const stamped = async (cms: Uint8Array, at: Date, by = stamper): Promise<Uint8Array> =>
  addSignatureTimeStamp(cms, await tokenOver(signatureImprint(cms, 'sha256').digest, at, by))

const listOf = async (revokedAt: Date | null) => [
  await crlOf(
    signing.root,
    revokedAt ? [{ serial: signing.leaf.serial, at: revokedAt, reason: 'keyCompromise' }] : [],
    { thisUpdate: days(6), nextUpdate: days(20), number: 9n },
  ),
  await crlOf(timeRoot, [], { thisUpdate: days(6), nextUpdate: days(20), number: 9n }),
]

const made = (signManifest: (content: Uint8Array) => Promise<Uint8Array>) =>
  makePackage(chain, signing, { signManifest })

const judged = async (members: ReadonlyMap<string, Uint8Array>, revokedAt: Date | null = days(3)) => {
  const options = { now: NOW, timeStampAnchors: [timeRoot.certificate], crls: await listOf(revokedAt) }
  const report = await verifyZip(zipOf(members), optionsOf(signing, options))
  const data = report.checks.find(({ check }) => check === 'data-signature')
  return { overall: report.indication, data: `${data?.indication} ${data?.subIndication}` }
}

describe('when the manifest proves that what it lists existed', () => {
  it('passes with a signature of the data that proves no time by itself', async () => {
    const members = await made(async (content) => stamped(await sealed(content), AT))
    expect(await judged(members)).toEqual({ overall: 'TOTAL-PASSED', data: 'TOTAL-PASSED null' })
  })

  const officer = testKey('ecdsa-sha256')
  /** Somebody the anchor vouches for signs beside, and has only their own signature time-stamped. */
  const beside = async (content: Uint8Array): Promise<Uint8Array> => {
    const certificate = (await certify(officer, signing.root, { name: 'Officer', ...LEAF_FIELDS })).der
    const fields = { contentDigest: digest('sha256', content), algorithm: officer.algorithm, certificate }
    const signedAttributes = prepareSignedAttributes({ ...fields, signingTime: AT })
    const signature = await officer.sign(signedAttributes)
    const cms = addSigner(await sealed(content), { ...fields, signedAttributes, signature })
    const imprint = digest('sha256', signature)
    return addSignatureTimeStamp(cms, await tokenOver(imprint, AT), signature)
  }

  it.each([
    ['nothing proves a time', sealed, days(3)],
    ['the key was lost before it', async (content: Uint8Array) => stamped(await sealed(content), AT), days(-1)],
    [
      'it is newer than the loss of the key',
      async (content: Uint8Array) => stamped(await sealed(content), days(5)),
      days(3),
    ],
    [
      'an authority stamped it that no anchor vouches for',
      async (content: Uint8Array) => stamped(await sealed(content), AT, await openStamper(await rootAuthority())),
      days(3),
    ],
    [
      'the authority is over, whose key may be anybody\u2019s now',
      async (content: Uint8Array) => stamped(await sealed(content), AT, await openStamper(timeRoot, days(6))),
      days(3),
    ],
    ['only a person\u2019s signature beside it is time-stamped', beside, days(3)],
  ] as const)('does not pass where %s', async (_, sign, lostAt) => {
    expect(await judged(await made(sign), lostAt)).toEqual({
      overall: 'INDETERMINATE',
      data: 'INDETERMINATE REVOKED_NO_POE',
    })
  })

  it('proves nothing of a signature that was put in the place of the one listed', async () => {
    const members = await made(async (content) => stamped(await sealed(content), AT))
    const data = members.get('data/audit.jsonl') ?? new Uint8Array(0)
    const later = await signDetached(signing, data, 'application/x-ndjson', days(6))
    const swapped = new Map(
      [...members].map(([name, bytes]) => [name, name === 'data/audit.jsonl.p7s' ? later : bytes]),
    )
    expect(await judged(swapped)).toEqual({ overall: 'TOTAL-FAILED', data: 'INDETERMINATE REVOKED_NO_POE' })
  })
})

describe('when the time-stamp of a checkpoint need not last by itself', () => {
  // Stamped on day -1 by an authority that ends on day 5 and whose key is lost on day 2.
  const told = async (existedBy: Date | null) => {
    const old = await openStamper(timeRoot, days(5))
    const timestamp = (note: string) => tokenOver(stampedDigest(note), days(-1), old)
    const members = await makePackage(chain, signing, { timestamp })
    const file = parseChainFile(members.get('chains/0.json') ?? new Uint8Array(0))
    const lost = [{ serial: old.certificate.serial, at: days(2), reason: 'keyCompromise' as const }]
    const crls = [await crlOf(timeRoot, lost, { thisUpdate: days(6), nextUpdate: days(20), number: 9n })]
    const trust: Trust = { anchors: [timeRoot.certificate], now: NOW, revocation: 'require', crls }
    const { code, facts } = checkNoteTime(file, existedBy ? { ...trust, existedBy } : trust)
    return `${code} ${String(facts['reason'] ?? facts['time'])}`
  }

  it.each([
    ['between the token and the loss', days(0), `passed ${days(-1).toISOString()}`],
    ['after the loss', days(3), 'unjudged revoked'],
    ['after the authority ended', days(6), 'unjudged revoked'],
    ['before the token itself', days(-2), 'unjudged revoked'],
    ['at no time', null, 'unjudged revoked'],
  ] as const)('existing %s', async (_, existedBy, expected) => {
    expect(await told(existedBy)).toBe(expected)
  })
})
