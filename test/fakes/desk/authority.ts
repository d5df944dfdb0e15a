import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { CardKeyAlgorithm } from '../../../shared/contract/index.ts'
import { encodeName, type ExternalSigner, signatureAlgorithmFor, signCertificate } from '../../../shared/pki/index.ts'

/** Real keys in memory, for cards and authorities of tests. */
export interface Pair {
  algorithm: CardKeyAlgorithm
  privateKey: KeyObject
  spki: Uint8Array
}
const MAKE: Readonly<Record<CardKeyAlgorithm, () => { privateKey: KeyObject }>> = {
  'ecdsa-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'rsa-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
export function makePair(algorithm: CardKeyAlgorithm): Pair {
  const { privateKey } = MAKE[algorithm]()
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return { algorithm, privateKey, spki: new Uint8Array(spki) }
}
export const signRaw = ({ algorithm, privateKey }: Pair, data: Uint8Array): Uint8Array =>
  new Uint8Array(sign(algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256', data, privateKey))
export const signerOf = (pair: Pair): ExternalSigner => ({
  algorithm: signatureAlgorithmFor(pair.algorithm),
  sign: async (data) => signRaw(pair, data),
})

/** One self-made authority that certifies any key for any name. */
export class TestAuthority {
  readonly #pair = makePair('ecdsa-p256')
  readonly name = encodeName([{ type: 'CN', value: 'Test authority' }])

  async issue(spki: Uint8Array, commonName: string): Promise<{ der: Uint8Array; serial: string; sha256: string }> {
    const serial = `4${randomBytes(8).toString('hex').slice(1)}`
    const signer = signerOf(this.#pair)
    const day = 86_400_000
    const der = await signCertificate(
      {
        serial,
        issuer: this.name,
        subject: encodeName([{ type: 'CN', value: commonName }]),
        notBefore: new Date(Math.floor(Date.now() / 1000) * 1000 - day),
        notAfter: new Date(Math.floor(Date.now() / 1000) * 1000 + 365 * day),
        spki,
        keyUsage: ['digitalSignature'],
      },
      signer,
    )
    return { der, serial, sha256: createHash('sha256').update(der).digest('hex') }
  }
}
