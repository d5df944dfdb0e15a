import { webcrypto } from 'node:crypto'
import forge from 'node-forge'
import * as pkijs from 'pkijs'
import { beforeAll, describe, expect, it } from 'vitest'
import { signCsr, signData, type SignatureAlgorithm } from '../../../shared/pki/index.ts'
import { certify, crlOf, LEAF_FIELDS, rootAuthority, subAuthority, testKey } from '../../unit/shared/pki/authority.ts'

const DAY = 86_400_000
const now = new Date()
const LIFE = { notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + 30 * DAY) }
const content = new TextEncoder().encode('I, officer O, saw document D\n')
const asBuffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

beforeAll(() => {
  pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto }))
})

/** Two parsers that share no line with ours: what one accepts by accident the other would show. */
describe('when pkijs reads what we made', () => {
  it.each<SignatureAlgorithm>(['ecdsa-sha256', 'ecdsa-sha384', 'rsa-sha256'])(
    'finds every signature of %s sound',
    async (algorithm) => {
      const root = await rootAuthority(LIFE, testKey(algorithm))
      const sub = await subAuthority(root, LIFE, testKey(algorithm))
      const key = testKey(algorithm)
      const leaf = await certify(key, sub, { ...LIFE, ...LEAF_FIELDS })
      const [rootSeen, subSeen, leafSeen] = [root.certificate.der, sub.certificate.der, leaf.der].map((der) =>
        pkijs.Certificate.fromBER(asBuffer(der)),
      )
      expect(await leafSeen!.verify(subSeen)).toBe(true)
      expect(await subSeen!.verify(rootSeen)).toBe(true)
      expect(await leafSeen!.verify(rootSeen)).toBe(false)

      const list = await crlOf(sub, [{ serial: 'abcd', at: now, reason: 'keyCompromise' }], {
        thisUpdate: LIFE.notBefore,
        nextUpdate: LIFE.notAfter,
      })
      const listSeen = pkijs.CertificateRevocationList.fromBER(asBuffer(list.der))
      expect(await listSeen.verify({ issuerCertificate: subSeen! })).toBe(true)
      expect(listSeen.revokedCertificates?.length).toBe(1)

      const request = await signCsr({ subject: [{ type: 'CN', value: 'Anna' }], spki: key.spki }, key)
      expect(await pkijs.CertificationRequest.fromBER(asBuffer(request)).verify()).toBe(true)

      const cms = await signData({
        content,
        detached: true,
        signer: key,
        certificate: leaf.der,
        chain: [sub.certificate.der],
        signingTime: now,
      })
      const info = pkijs.ContentInfo.fromBER(asBuffer(cms))
      const signed = new pkijs.SignedData({ schema: info.content })
      expect(await signed.verify({ signer: 0, data: asBuffer(content) })).toBe(true)
      const other = Uint8Array.from(content, (byte, at) => (at === 3 ? byte ^ 1 : byte))
      await expect(
        signed.verify({ signer: 0, data: asBuffer(other) }).then(
          (ok) => (ok ? 'verified' : 'refused'),
          () => 'refused',
        ),
      ).resolves.toBe('refused')
    },
  )
})

describe('when node-forge reads what we made with RSA', () => {
  it('verifies the certificate against its issuer and reads its names', async () => {
    const root = await rootAuthority(LIFE, testKey('rsa-sha256'))
    const leaf = await certify(testKey('rsa-sha256'), root, { ...LIFE, ...LEAF_FIELDS })
    const read = (der: Uint8Array) =>
      forge.pki.certificateFromAsn1(forge.asn1.fromDer(Buffer.from(der).toString('latin1')))
    expect(read(root.certificate.der).verify(read(leaf.der))).toBe(true)
    expect(read(leaf.der).getExtension('keyUsage')).toMatchObject({ critical: true })
    const other = await rootAuthority(LIFE, testKey('rsa-sha256'))
    expect(() => read(other.certificate.der).verify(read(leaf.der))).toThrow()
  })
})
