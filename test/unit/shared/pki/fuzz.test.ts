import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digest } from '../../../../shared/pki/crypto.ts'
import { tlv } from '../../../../shared/pki/der-write.ts'
import {
  addSignatureTimeStamp,
  addSigner,
  addValidationData,
  OID,
  parseAnyCrl,
  parseCertificate,
  parseName,
  parseOcspResponse,
  parseTimeStampInfo,
  parseTimeStampResponse,
  PkiError,
  prepareSignedAttributes,
  readCadesNeeds,
  readSignedTimeStamp,
  signatureImprint,
  signData,
  verifyCades,
  verifyCadesSigners,
  verifyOcspResponse,
  verifyPath,
  verifySignedData,
  verifyTimeStampResponse,
} from '../../../../shared/pki/index.ts'
import { AT, certify, crlOf, extended, LEAF_FIELDS, rootAuthority, testKey } from './authority.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns, mutants } from './fuzz.ts'
import { certificates, lists } from './pkits.ts'
import { NO_CHECK, ocspResponse, revokedStatus } from './responder.ts'
import { makeToken, respond, timeStampInfo } from './tsa.ts'

const root = await rootAuthority()
const key = testKey('ecdsa-sha256')
const leaf = await certify(key, root, LEAF_FIELDS)
const appointed = await certify(key, root, { extendedKeyUsage: [OID.ocspSigning] })
const delegate = await extended(appointed, root, NO_CHECK)
const stamping = await certify(key, root, { extendedKeyUsage: [OID.timeStamping], extendedKeyUsageCritical: true })
const data = new TextEncoder().encode('data')
const stamp = { key, certificate: stamping, imprint: digest('sha256', data) }
const token = await makeToken({ ...stamp, tsa: tlv(0xa4, stamping.subject.der) })
const about = { certificate: leaf, issuer: root.certificate }
const answers = [
  await ocspResponse({ ...about, key: root.key, nonce: data }),
  await ocspResponse({ ...about, key, responder: delegate, carried: [delegate], status: revokedStatus(AT, 1) }),
]
const signed = await signData({ content: data, detached: false, signer: key, certificate: leaf.der, signingTime: AT })
const lasting = addValidationData(
  addSignatureTimeStamp(signed, await makeToken({ ...stamp, imprint: signatureImprint(signed, 'sha256').digest })),
  { certificates: [root.certificate.der], crls: [(await crlOf(root)).der], ocsp: answers },
)
const officer = testKey('rsa-pss-sha256')
const seal = await certify(officer, root, { ...LEAF_FIELDS, name: 'Officer' })
const asked = { algorithm: officer.algorithm, certificate: seal.der, contentDigest: digest('sha256', data) }
const signedAttributes = prepareSignedAttributes(asked)
const both = addSigner(lasting, { ...asked, signedAttributes, signature: await officer.sign(signedAttributes) })
const trust = { anchors: [root.certificate], revocation: 'none' } as const
const some = [...certificates.read.values()].filter((_, i) => i % 7 === 0)

/** A value or a PkiError; the reason where refused. Anything else goes through and fails the test. */
function outcome(act: () => unknown): string {
  try {
    act()
    return 'ok'
  } catch (error) {
    if (error instanceof PkiError) return error.reason
    throw error
  }
}

const targets: [string, readonly Uint8Array[], (bytes: Uint8Array) => unknown][] = [
  ['certificate', some.map((one) => one.der), parseCertificate],
  ['revocation list', [...lists.read.values()].map((one) => one.der), parseAnyCrl],
  ['name', some.map((one) => one.subject.der), parseName],
  ['OCSP response', answers, parseOcspResponse],
  ['OCSP verdict', answers, (response) => verifyOcspResponse({ ...about, response, at: AT })],
  ['time-stamp response', [respond(0, token), respond(2)], parseTimeStampResponse],
  ['time-stamp content', [timeStampInfo(stamp)], parseTimeStampInfo],
  [
    'time-stamp verdict',
    [respond(0, token)],
    (response) =>
      verifyTimeStampResponse(response, { ...trust, imprint: { hash: 'sha256', digest: stamp.imprint }, now: AT }),
  ],
  ['signed data', [signed], (cms) => verifySignedData({ cms })],
  ['signature made to last', [lasting], (cms) => verifyCades({ cms, ...trust, now: AT })],
  ['signatures beside each other', [both], (cms) => verifyCadesSigners({ cms, ...trust, now: AT })],
  ['needs of a signature', [both, lasting], readCadesNeeds],
  ['signed time-stamp', [token], readSignedTimeStamp],
  [
    'path',
    some.map((one) => one.der),
    (der) => {
      const mutant = parseCertificate(der)
      const anchor = certificates.read.get('TrustAnchorRootCertificate')
      const anchors = anchor ? [anchor] : []
      verifyPath({ leaf: mutant, intermediates: some, anchors, at: AT, revocation: 'none', caLeaf: true })
    },
  ],
]

describe('when parsers and verifiers meet mutants of real files', () => {
  it.each(targets)(
    'gives a value or a PkiError, in bounded time and memory: %s',
    (_, seeds, act) => {
      let accepted = 0
      let peak = 0
      let slowest = 0
      fc.assert(
        fc.property(mutants(seeds), (bytes) => {
          const begun = performance.now()
          if (outcome(() => act(bytes)) === 'ok') accepted++
          slowest = Math.max(slowest, performance.now() - begun)
          peak = Math.max(peak, process.memoryUsage.rss())
        }),
        { numRuns: fuzzRuns() },
      )
      expect(accepted).toBeLessThan(fuzzRuns())
      expect(peak).toBeLessThan(1_500_000_000)
      // Milliseconds for one of them; a machine that does other things too may take long for a few.
      expect(slowest).toBeLessThan(10_000)
    },
    FUZZ_TIMEOUT_MS,
  )

  it.each(targets)('refuses what nests without end, or claims to be long: %s', (_, __, act) => {
    let deep: Uint8Array = new Uint8Array()
    for (let i = 0; i < 1000; i++) deep = tlv(0x30, deep)
    expect(outcome(() => act(deep))).not.toBe('ok')
    expect(outcome(() => act(Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 1)))).not.toBe('ok')
    expect(outcome(() => act(new Uint8Array()))).not.toBe('ok')
  })
})
