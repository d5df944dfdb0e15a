import { hash as digestOf } from 'node:crypto'
import { ecdsaRawToDer, hashOf, type HashName, type SignatureAlgorithm } from '../../../shared/pki/index.ts'
import type { SignWay } from '../pkcs11/recipes.ts'

/** DigestInfo up to the digest (RFC 8017 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<HashName, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
}

export function wayOf(algorithm: SignatureAlgorithm): SignWay {
  if (algorithm === 'ed25519') return 'eddsa'
  if (algorithm.startsWith('ecdsa-')) return 'ecdsa'
  const hash = hashOf(algorithm) ?? 'sha256'
  return algorithm.startsWith('rsa-pss-') ? `pss-${hash}` : 'rsa'
}

/** What the mechanism signs: hashed here, so that the process gets a few octets, whatever the size of the data. */
export function inputOf(algorithm: SignatureAlgorithm, data: Uint8Array): Uint8Array {
  const hash = hashOf(algorithm)
  if (!hash) return data
  const digest = digestOf(hash, data, 'buffer')
  return wayOf(algorithm) === 'rsa' ? Buffer.concat([DIGEST_INFO[hash], digest]) : digest
}

/** ECDSA comes from the module as r‖s, everything else as it is. */
export const signatureOf = (algorithm: SignatureAlgorithm, raw: Buffer): Uint8Array =>
  algorithm.startsWith('ecdsa-') ? ecdsaRawToDer(new Uint8Array(raw)) : new Uint8Array(raw)
