import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { readBitOctets, readDer, readIntegerOctets, sequence } from '../../../shared/pki/der-read.ts'
import { publicKeyInfo } from '../../../shared/pki/public-key.ts'
import type { HashName, PublicKeyInfo } from '../../../shared/pki/types.ts'
import { HASHES } from './hashes.ts'
import { rsaKeyOf, verifyPkcs1, verifyPss, type RsaKey } from './rsa.ts'

/** A SubjectPublicKeyInfo, read; throws PkiError for what is none. */
export interface PublicKey {
  readonly info: PublicKeyInfo
  /** The point, or the 32 bytes of Ed25519. */
  readonly raw: Uint8Array
  readonly rsa: RsaKey | null
}

export const readPublicKey = (spki: Uint8Array): PublicKey => {
  const info = publicKeyInfo(spki)
  const outer = sequence(readDer(spki), 'SubjectPublicKeyInfo')
  outer.next()
  const raw = readBitOctets(outer.next())
  if (info.kind !== 'rsa') return { info, raw, rsa: null }
  const fields = sequence(readDer(raw), 'RSAPublicKey')
  return { info, raw, rsa: rsaKeyOf(readIntegerOctets(fields.next()), readIntegerOctets(fields.next())) }
}

const CURVES = { p256, p384, p521 } as const

/** A digest that is signed already: the curve is not asked to make one. Signatures are DER, S as it is. */
const AS_DER = { prehash: false, lowS: false, format: 'der' } as const

/** False for anything that is not valid; throws for signature bytes that are no signature at all. */
export const verifyWith = (
  { info, raw, rsa }: PublicKey,
  scheme: 'pkcs1' | 'pss',
  hash: HashName | null,
  data: Uint8Array,
  signature: Uint8Array,
): boolean => {
  // RFC 8032 5.1.7 as it stands, without the looser rules of ZIP 215.
  if (info.kind === 'ed25519') return hash === null && ed25519.verify(signature, data, raw, { zip215: false })
  if (hash === null) return false
  if (info.kind === 'ec') return CURVES[info.curve].verify(signature, HASHES[hash](data), raw, AS_DER)
  if (!rsa) return false
  return scheme === 'pss' ? verifyPss(rsa, hash, data, signature) : verifyPkcs1(rsa, hash, data, signature)
}
