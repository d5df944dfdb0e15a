import pkcs11js, { type Mechanism, type Template } from 'pkcs11js'
import type { KeyAlgorithm } from '../../../shared/pki/index.ts'

// PKCS#11 3.0 numbers that pkcs11js does not name.
export const CKK_EC_EDWARDS = 0x40
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055
const CKM_EDDSA = 0x1057

/** How a signature is asked for across the process boundary; the input is what that mechanism takes. */
export type SignWay = 'rsa' | 'pss-sha256' | 'pss-sha384' | 'pss-sha512' | 'ecdsa' | 'eddsa'
/** By their place in this list ways travel as one octet: only ever add at its end. */
export const SIGN_WAYS: readonly SignWay[] = ['rsa', 'pss-sha256', 'pss-sha384', 'pss-sha512', 'ecdsa', 'eddsa']

/** Salt as long as the hash, MGF1 with the same one (RFC 4055 3.1). */
const pss = (hashAlg: number, mgf: number, saltLen: number): Mechanism => {
  const parameter: pkcs11js.RsaPSS = { type: pkcs11js.CK_PARAMS_RSA_PSS, hashAlg, mgf, saltLen }
  return { mechanism: pkcs11js.CKM_RSA_PKCS_PSS, parameter }
}
export const SIGN_MECHANISMS: Readonly<Record<SignWay, Mechanism>> = {
  rsa: { mechanism: pkcs11js.CKM_RSA_PKCS },
  'pss-sha256': pss(pkcs11js.CKM_SHA256, pkcs11js.CKG_MGF1_SHA256, 32),
  'pss-sha384': pss(pkcs11js.CKM_SHA384, pkcs11js.CKG_MGF1_SHA384, 48),
  'pss-sha512': pss(pkcs11js.CKM_SHA512, pkcs11js.CKG_MGF1_SHA512, 64),
  ecdsa: { mechanism: pkcs11js.CKM_ECDSA },
  eddsa: { mechanism: CKM_EDDSA },
}

/** CKA_EC_PARAMS: the curve's OID, and for Ed25519 the PrintableString that PKCS#11 3.0 2.3.5 names. */
export const EC_PARAMETERS: Readonly<Partial<Record<KeyAlgorithm, string>>> = {
  'ecdsa-p256': '06082a8648ce3d030107',
  'ecdsa-p384': '06052b81040022',
  'ecdsa-p521': '06052b81040023',
  ed25519: '130c656477617264733235353139',
}
const RSA_BITS: Readonly<Partial<Record<KeyAlgorithm, number>>> = {
  'rsa-2048': 2048,
  'rsa-3072': 3072,
  'rsa-4096': 4096,
}

/** What makes keys of an algorithm. */
export const makingMechanism = (algorithm: KeyAlgorithm): number => {
  if (RSA_BITS[algorithm] !== undefined) return pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN
  return algorithm === 'ed25519' ? CKM_EC_EDWARDS_KEY_PAIR_GEN : pkcs11js.CKM_EC_KEY_PAIR_GEN
}

/** Never readable, never taken out, only for signing: the point of an HSM. */
const PRIVATE: Template = [
  { type: pkcs11js.CKA_TOKEN, value: true },
  { type: pkcs11js.CKA_PRIVATE, value: true },
  { type: pkcs11js.CKA_SENSITIVE, value: true },
  { type: pkcs11js.CKA_EXTRACTABLE, value: false },
  { type: pkcs11js.CKA_SIGN, value: true },
]

export interface KeyPairRecipe {
  readonly mechanism: Mechanism
  readonly publicTemplate: Template
  readonly privateTemplate: Template
}

export function keyPairRecipe(label: string, algorithm: KeyAlgorithm): KeyPairRecipe {
  const named: Template = [
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_ID, value: Buffer.from(label) },
  ]
  const publicTemplate: Template = [
    ...named,
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_VERIFY, value: true },
  ]
  const bits = RSA_BITS[algorithm]
  if (bits === undefined) {
    publicTemplate.push({ type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(EC_PARAMETERS[algorithm] ?? '', 'hex') })
  } else {
    publicTemplate.push({ type: pkcs11js.CKA_MODULUS_BITS, value: bits })
    publicTemplate.push({ type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) })
  }
  return {
    mechanism: { mechanism: makingMechanism(algorithm) },
    publicTemplate,
    privateTemplate: [...named, ...PRIVATE],
  }
}

/** AES-256, for sealing data keys inside the token. */
export const wrappingKeyTemplate = (label: string): Template => [
  { type: pkcs11js.CKA_LABEL, value: label },
  { type: pkcs11js.CKA_ID, value: Buffer.from(label) },
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
  { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_AES },
  { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
  { type: pkcs11js.CKA_TOKEN, value: true },
  { type: pkcs11js.CKA_PRIVATE, value: true },
  { type: pkcs11js.CKA_SENSITIVE, value: true },
  { type: pkcs11js.CKA_EXTRACTABLE, value: false },
  { type: pkcs11js.CKA_ENCRYPT, value: true },
  { type: pkcs11js.CKA_DECRYPT, value: true },
]
