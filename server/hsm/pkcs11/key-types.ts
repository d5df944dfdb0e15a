import pkcs11js, { type Handle, type Mechanism, type Template } from 'pkcs11js'
import { createHash, createPublicKey } from 'node:crypto'
import { ecdsaRawToDer, keyAlgorithmOf, publicKeyInfo, type KeyAlgorithm } from '../../../shared/pki/index.ts'
import { unavailable } from '../failure.ts'
import type { Session } from './session-pool.ts'

// PKCS#11 3.0 numbers that pkcs11js does not name.
const CKK_EC_EDWARDS = 0x40
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055
const CKM_EDDSA = 0x1057

/** CKA_EC_PARAMS: the curve's OID, and for Ed25519 the PrintableString that PKCS#11 3.0 2.3.5 names. */
const EC_PARAMETERS: Readonly<Partial<Record<KeyAlgorithm, string>>> = {
  'ecdsa-p256': '06082a8648ce3d030107',
  'ecdsa-p384': '06052b81040022',
  ed25519: '130c656477617264733235353139',
}
const RSA_BITS: Readonly<Partial<Record<KeyAlgorithm, number>>> = {
  'rsa-2048': 2048,
  'rsa-3072': 3072,
  'rsa-4096': 4096,
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
  const privateTemplate: Template = [...named, ...PRIVATE]
  const bits = RSA_BITS[algorithm]
  if (bits !== undefined) {
    publicTemplate.push({ type: pkcs11js.CKA_MODULUS_BITS, value: bits })
    publicTemplate.push({ type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) })
    return { mechanism: { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN }, publicTemplate, privateTemplate }
  }
  const parameters = Buffer.from(EC_PARAMETERS[algorithm] ?? '', 'hex')
  publicTemplate.push({ type: pkcs11js.CKA_EC_PARAMS, value: parameters })
  const mechanism = algorithm === 'ed25519' ? CKM_EC_EDWARDS_KEY_PAIR_GEN : pkcs11js.CKM_EC_KEY_PAIR_GEN
  return { mechanism: { mechanism }, publicTemplate, privateTemplate }
}

/** AES-256, for sealing data keys inside the token. */
export const wrappingKeyTemplate = (label: string): Template => [
  { type: pkcs11js.CKA_LABEL, value: label },
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

export interface PublicKey {
  readonly spki: Uint8Array
  readonly algorithm: KeyAlgorithm
}

/** Reads the public half and gives it as SubjectPublicKeyInfo. Throws HSM_UNAVAILABLE `device` on a key of another kind. */
export function readPublicKey({ cryptoki, handle }: Session, key: Handle): PublicKey {
  const values = (...types: number[]): Buffer[] =>
    cryptoki
      .C_GetAttributeValue(
        handle,
        key,
        types.map((type) => ({ type })),
      )
      .map((item) => item.value as Buffer)
  const [type] = values(pkcs11js.CKA_KEY_TYPE)
  const keyType = type?.readUInt32LE(0)
  let spki: Uint8Array
  if (keyType === pkcs11js.CKK_RSA) {
    const [n, e] = values(pkcs11js.CKA_MODULUS, pkcs11js.CKA_PUBLIC_EXPONENT)
    const jwk = { kty: 'RSA', n: n?.toString('base64url') ?? '', e: e?.toString('base64url') ?? '' }
    spki = new Uint8Array(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' }))
  } else if (keyType === pkcs11js.CKK_EC || keyType === CKK_EC_EDWARDS) {
    const [parameters, point] = values(pkcs11js.CKA_EC_PARAMS, pkcs11js.CKA_EC_POINT)
    spki = ecSpki(parameters ?? Buffer.alloc(0), point ?? Buffer.alloc(0))
  } else throw unavailable('device', { keyType: keyType ?? -1 })
  const algorithm = keyAlgorithmOf(publicKeyInfo(spki))
  if (!algorithm) throw unavailable('device', { keyType })
  return { spki, algorithm }
}

/** CKA_EC_POINT is an OCTET STRING around the point (PKCS#11 2.40, 2.3.3); all here are below 128 octets. */
function ecSpki(parameters: Buffer, wrapped: Buffer): Uint8Array {
  const point = wrapped[0] === 4 && wrapped[1] === wrapped.length - 2 ? wrapped.subarray(2) : wrapped
  const tlv = (tag: number, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([tag, body.length]), body])
  }
  const ed25519 = parameters.toString('hex') === EC_PARAMETERS.ed25519
  const algorithm = ed25519
    ? tlv(0x30, Buffer.from('06032b6570', 'hex'))
    : tlv(0x30, Buffer.from('06072a8648ce3d0201', 'hex'), parameters)
  return new Uint8Array(tlv(0x30, algorithm, tlv(3, Buffer.from([0]), point)))
}

/** DigestInfo of SHA-256 up to the digest (RFC 8017 9.2, note 1). */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** Hashes here, signs there: the token gets a digest, whatever the size of the data. ECDSA comes back as DER. */
export async function signInside(
  { cryptoki, handle }: Session,
  key: Handle,
  algorithm: KeyAlgorithm,
  data: Uint8Array,
): Promise<Uint8Array> {
  const sign = async (mechanism: number, input: Buffer): Promise<Buffer> => {
    cryptoki.C_SignInit(handle, { mechanism }, key)
    return cryptoki.C_SignAsync(handle, input, Buffer.alloc(1024))
  }
  const hash = (name: string) => createHash(name).update(data).digest()
  if (algorithm === 'ed25519') return new Uint8Array(await sign(CKM_EDDSA, Buffer.from(data)))
  if (algorithm === 'ecdsa-p256' || algorithm === 'ecdsa-p384') {
    const raw = await sign(pkcs11js.CKM_ECDSA, hash(algorithm === 'ecdsa-p256' ? 'sha256' : 'sha384'))
    return ecdsaRawToDer(new Uint8Array(raw))
  }
  return new Uint8Array(await sign(pkcs11js.CKM_RSA_PKCS, Buffer.concat([SHA256_INFO, hash('sha256')])))
}
