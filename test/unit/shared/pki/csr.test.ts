import { describe, expect, it } from 'vitest'
import {
  assembleSigned,
  buildCsrInfo,
  publicKeyInfo,
  signCsr,
  verifyCsr,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import { contextTag, readDer } from '../../../../shared/pki/der-read.ts'
import { tlv, writeInteger, writeNull, writeOid, writeSequence, writeSetOf } from '../../../../shared/pki/der-write.ts'
import { encodeName } from '../../../../shared/pki/name.ts'
import { testKey, verdict, type TestKey } from './authority.ts'

const key = testKey('ecdsa-sha256')
const subject = [{ type: 'CN', value: 'Anna' }] as const

/** A request over parts of the test's choice, rightly signed. */
async function requestOf(parts: readonly Uint8Array[], signer: TestKey = key): Promise<Uint8Array> {
  const info = writeSequence(...parts)
  return assembleSigned(info, signer.algorithm, await signer.sign(info))
}
const NO_ATTRIBUTES = tlv(contextTag(0, true))
const attribute = (oid: string, value: Uint8Array) => writeSequence(writeOid(oid), writeSetOf(value))

describe('when a request is made and verified', () => {
  it.each<[SignatureAlgorithm]>([['ecdsa-sha256'], ['ecdsa-sha384'], ['rsa-sha256'], ['rsa-pss-sha256'], ['ed25519']])(
    'proves possession with %s',
    async (algorithm) => {
      const signer = testKey(algorithm)
      const names = { subjectAltName: { email: ['a@b.example'] } }
      const read = verifyCsr(await signCsr({ subject, spki: signer.spki, ...names }, signer))
      expect(read).toMatchObject({ signatureAlgorithm: algorithm, key: publicKeyInfo(signer.spki) })
      expect(read.subject.commonName).toBe('Anna')
      expect(read.subjectAltName?.email).toEqual(['a@b.example'])
      expect(read.spki).toEqual(signer.spki)
    },
  )

  it('has no names where none were asked for', async () => {
    expect(verifyCsr(await signCsr({ subject, spki: key.spki }, key)).subjectAltName).toBeNull()
  })

  const name = encodeName(subject)
  it.each<[string, () => Promise<Uint8Array>, string]>([
    [
      'signed by another key',
      async () => signCsr({ subject, spki: key.spki }, testKey('ecdsa-sha256')),
      'bad-signature',
    ],
    [
      'RSA-1024',
      async () => {
        const weak = testKey('rsa-sha256', 1024)
        return signCsr({ subject, spki: weak.spki }, weak)
      },
      'weak-key',
    ],
    ['as it should be', () => requestOf([writeInteger(0), name, key.spki, NO_ATTRIBUTES]), 'ok'],
    ['version 1', () => requestOf([writeInteger(1), name, key.spki, NO_ATTRIBUTES]), 'unsupported-version'],
    ['no attributes field', () => requestOf([writeInteger(0), name, key.spki]), 'malformed'],
    [
      'something after the attributes',
      () => requestOf([writeInteger(0), name, key.spki, NO_ATTRIBUTES, writeNull()]),
      'malformed',
    ],
    ['no key', () => requestOf([writeInteger(0), name, writeNull(), NO_ATTRIBUTES]), 'malformed'],
    [
      'an unknown attribute',
      () => requestOf([writeInteger(0), name, key.spki, tlv(0xa0, attribute('1.2.3', writeNull()))]),
      'ok',
    ],
    [
      'attributes out of order',
      () =>
        requestOf([
          writeInteger(0),
          name,
          key.spki,
          tlv(0xa0, attribute('1.2.3', writeInteger(1)), attribute('1.2.3', writeNull())),
        ]),
      'malformed',
    ],
    [
      'an attribute twice, sorted',
      () =>
        requestOf([
          writeInteger(0),
          name,
          key.spki,
          tlv(0xa0, attribute('1.2.3', writeInteger(1)), attribute('1.2.3', writeInteger(2))),
        ]),
      'duplicate-attribute',
    ],
    [
      'MD5',
      async () => {
        const info = buildCsrInfo({ subject, spki: key.spki })
        const md5 = writeSequence(writeOid('1.2.840.113549.1.1.4'), writeNull())
        return writeSequence(info, md5, tlv(3, Uint8Array.of(0, 1, 2)))
      },
      'weak-hash',
    ],
    ['17 KiB', () => requestOf([writeInteger(0), name, key.spki, tlv(0xa0, new Uint8Array(17_000))]), 'too-large'],
  ])('judges %s', async (_, make, expected) => {
    const der = await make()
    expect(verdict(() => verifyCsr(der))).toBe(expected)
  })

  it('refuses one flipped bit anywhere that is signed', async () => {
    const der = await signCsr({ subject, spki: key.spki }, key)
    const signed = readDer(der).body
    const from = der.length - signed.length
    for (let i = from; i < from + 100; i++) {
      const altered = Uint8Array.from(der)
      altered[i] = (altered[i] ?? 0) ^ 4
      expect(verdict(() => verifyCsr(altered))).not.toBe('ok')
    }
  })
})
