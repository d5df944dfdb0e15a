import { describe, expect, it } from 'vitest'
import {
  assembleSigned,
  findRevocation,
  parseCrl,
  verifyCrl,
  type RevocationReason,
} from '../../../../shared/pki/index.ts'
import { contextTag } from '../../../../shared/pki/der-read.ts'
import { tlv, writeInteger, writeNull, writeSequence, writeTime } from '../../../../shared/pki/der-write.ts'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import { encodeSignatureAlgorithm } from '../../../../shared/pki/signature.ts'
import { AT, crlOf, days, rootAuthority, verdict } from './authority.ts'

const root = await rootAuthority()
const REASONS: readonly RevocationReason[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
]

const NUMBER = writeExtension('2.5.29.20', false, writeInteger(7))
const entry = (serial: number, ...extensions: Uint8Array[]) =>
  writeSequence(writeInteger(serial), writeTime(AT), ...(extensions.length ? [writeSequence(...extensions)] : []))
const reason = (code: number) => writeExtension('2.5.29.21', false, tlv(0x0a, Uint8Array.of(code)))

interface Parts {
  readonly version?: readonly Uint8Array[]
  readonly times?: readonly Uint8Array[]
  readonly entries?: readonly Uint8Array[]
  readonly extensions?: readonly Uint8Array[]
}
/** A list over parts of the test's choice, rightly signed. */
async function listOf({ version, times, entries, extensions }: Parts): Promise<Uint8Array> {
  const tbs = writeSequence(
    ...(version ?? [writeInteger(1)]),
    encodeSignatureAlgorithm('ecdsa-sha256'),
    root.certificate.subject.der,
    ...(times ?? [writeTime(days(-1)), writeTime(days(1))]),
    ...(entries ? [writeSequence(...entries)] : []),
    tlv(contextTag(0, true), writeSequence(...(extensions ?? [NUMBER]))),
  )
  return assembleSigned(tbs, 'ecdsa-sha256', await root.key.sign(tbs))
}

describe('when a revocation list is made and read', () => {
  it.each(REASONS)('keeps the reason %s', async (reason) => {
    const crl = await crlOf(root, [{ serial: 'ab01', at: days(-2), reason }])
    expect(findRevocation(crl, 'ab01')).toEqual({ serial: 'ab01', at: days(-2), reason })
    expect(findRevocation(crl, 'ab02')).toBeNull()
  })

  it('says nothing of anybody where nobody is revoked', async () => {
    const crl = await crlOf(root, [], { number: 2n ** 70n })
    expect(crl.entries.size).toBe(0)
    expect(crl).toMatchObject({ number: 2n ** 70n, thisUpdate: days(-1), nextUpdate: days(1) })
    expect(crl.authorityKeyId).toBe(root.certificate.subjectKeyId)
  })

  it('holds many', async () => {
    const entries = Array.from({ length: 5000 }, (_, i) => ({
      serial: (i + 0x100000).toString(16),
      at: AT,
      reason: 'superseded' as const,
    }))
    expect((await crlOf(root, entries)).entries.size).toBe(5000)
  })

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'removeFromCRL in a full list',
      () => crlOf(root, [{ serial: '01', at: AT, reason: 'removeFromCRL' }]),
      'crl-reason',
    ],
    [
      'a serial twice',
      () =>
        crlOf(
          root,
          [1, 2].map(() => ({ serial: '01', at: AT, reason: 'unspecified' })),
        ),
      'invalid-input',
    ],
    ['an end before its begin', () => crlOf(root, [], { nextUpdate: days(-2) }), 'invalid-input'],
  ])('is not made with %s', async (_, make, expected) => {
    const result = await make().then(
      () => 'ok',
      (error: { reason: string }) => error.reason,
    )
    expect(result).toBe(expected)
  })

  it.each<[string, Parts, string]>([
    ['as it should be', { entries: [entry(5, reason(1))] }, 'ok'],
    ['version 1', { version: [] }, 'unsupported-version'],
    ['version 3', { version: [writeInteger(2)] }, 'unsupported-version'],
    ['no next update', { times: [writeTime(days(-1))] }, 'malformed'],
    ['no number', { extensions: [writeExtension('2.5.29.99', false, writeNull())] }, 'malformed'],
    ['a delta', { extensions: [NUMBER, writeExtension('2.5.29.27', true, writeInteger(1))] }, 'crl-delta'],
    [
      'an indirect or partial list',
      { extensions: [NUMBER, writeExtension('2.5.29.28', true, writeSequence())] },
      'crl-indirect',
    ],
    [
      'an unknown critical extension',
      { extensions: [NUMBER, writeExtension('1.2.3', true, writeNull())] },
      'critical-extension',
    ],
    ['an unknown other extension', { extensions: [NUMBER, writeExtension('1.2.3', false, writeNull())] }, 'ok'],
    [
      'an entry of another issuer',
      { entries: [entry(5, writeExtension('2.5.29.29', true, writeSequence()))] },
      'crl-indirect',
    ],
    [
      'an unknown critical entry extension',
      { entries: [entry(5, writeExtension('1.2.3', true, writeNull()))] },
      'critical-extension',
    ],
    ['an invalidity date', { entries: [entry(5, writeExtension('2.5.29.24', false, AT_BYTES()))] }, 'ok'],
    ['reason 7', { entries: [entry(5, reason(7))] }, 'crl-reason'],
    ['reason 8', { entries: [entry(5, reason(8))] }, 'crl-reason'],
    ['reason 11', { entries: [entry(5, reason(11))] }, 'crl-reason'],
    ['a serial twice', { entries: [entry(5), entry(5, reason(1))] }, 'malformed'],
    ['serial zero', { entries: [entry(0)] }, 'malformed'],
    ['an entry without a date', { entries: [writeSequence(writeInteger(5))] }, 'malformed'],
  ])('judges one with %s', async (_, parts, expected) => {
    const der = await listOf(parts)
    expect(verdict(() => parseCrl(der))).toBe(expected)
  })

  it('refuses another algorithm outside than inside', async () => {
    const crl = await crlOf(root)
    const der = writeSequence(crl.tbs, encodeSignatureAlgorithm('ecdsa-sha384'), tlv(3, Uint8Array.of(0, 1)))
    expect(verdict(() => parseCrl(der))).toBe('malformed')
  })
})

function AT_BYTES(): Uint8Array {
  return tlv(0x18, new TextEncoder().encode('20261122120000Z'))
}

describe('when a revocation list is verified', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['fresh', async () => run(), 'ok'],
    ['past its next update', async () => run({ thisUpdate: days(-3), nextUpdate: days(-2) }), 'stale-crl'],
    ['at its last second', async () => run({ thisUpdate: days(-3), nextUpdate: AT }), 'ok'],
    ['of tomorrow', async () => run({ thisUpdate: days(1), nextUpdate: days(2) }), 'crl-not-yet-valid'],
    [
      'half a minute ahead',
      async () => run({ thisUpdate: new Date(AT.getTime() + 30_000), nextUpdate: days(2) }),
      'ok',
    ],
    ['of another CA', async () => run({}, await rootAuthority({ name: 'Other' })), 'crl-issuer'],
    ['of another CA of the same name', async () => run({}, await rootAuthority()), 'crl-issuer'],
    [
      'by one of the same name and key id',
      async () => {
        const forger = await rootAuthority({ subjectKeyId: root.certificate.subjectKeyId ?? '' })
        const crl = await crlOf({ ...forger, key: { ...forger.key, spki: root.key.spki } })
        return verdict(() => verifyCrl(crl, root.certificate, AT))
      },
      'bad-signature',
    ],
    [
      'by a CA that may not sign lists',
      async () => {
        const other = await rootAuthority({ keyUsage: ['keyCertSign'] })
        const crl = await crlOf(other)
        return verdict(() => verifyCrl(crl, other.certificate, AT))
      },
      'key-usage',
    ],
  ])('judges one %s', async (_, act, expected) => {
    expect(await act()).toBe(expected)
  })

  async function run(options = {}, signer = root): Promise<string> {
    const crl = await crlOf(signer, [], options)
    return verdict(() => verifyCrl(crl, root.certificate, AT))
  }
})
