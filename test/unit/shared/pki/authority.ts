import { createPrivateKey, generateKeyPairSync, sign, constants, type KeyObject } from 'node:crypto'
import { assembleSigned } from '../../../../shared/pki/certificate.ts'
import { contextTag, readDer, sequence } from '../../../../shared/pki/der-read.ts'
import { tlv, writeSequence } from '../../../../shared/pki/der-write.ts'
import {
  encodeName,
  parseCertificate,
  signCertificate,
  signCrl,
  parseCrl,
  keyIdentifier,
  hashOf,
  type Certificate,
  type CertificateList,
  type ExternalSigner,
  type NameAttribute,
  type RevokedEntry,
  type SignatureAlgorithm,
  type TbsCertificateFields,
} from '../../../../shared/pki/index.ts'

/** A key in memory that signs as a card or an HSM would. */
export interface TestKey extends ExternalSigner {
  readonly spki: Uint8Array
  readonly privateKey: KeyObject
}

export function signWith(privateKey: KeyObject, algorithm: SignatureAlgorithm, data: Uint8Array): Uint8Array {
  const padding = algorithm.startsWith('rsa-pss-')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  return new Uint8Array(sign(hashOf(algorithm), data, { key: privateKey, ...padding }))
}

export function testKey(algorithm: SignatureAlgorithm, rsaBits = 2048): TestKey {
  const curve = { 'ecdsa-sha256': 'P-256', 'ecdsa-sha384': 'P-384', 'ecdsa-sha512': 'P-521' }[
    algorithm as 'ecdsa-sha256'
  ]
  const pair = curve
    ? generateKeyPairSync('ec', { namedCurve: curve })
    : algorithm === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: rsaBits })
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return {
    algorithm,
    privateKey,
    spki: new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })),
    sign: (data) => Promise.resolve(signWith(privateKey, algorithm, data)),
  }
}

export const AT = new Date('2026-11-22T12:00:00Z')
export const days = (count: number): Date => new Date(AT.getTime() + count * 86_400_000)

let serials = 0x1000

export type CertificateOptions = Partial<Omit<TbsCertificateFields, 'subject'>> & {
  readonly name?: readonly NameAttribute[] | string
}

/** A certificate with defaults that pass; `options` break one thing at a time. */
export async function certify(
  key: { readonly spki: Uint8Array },
  issuer: { readonly certificate: Certificate; readonly key: TestKey } | { readonly self: TestKey },
  { name = 'Leaf', ...options }: CertificateOptions = {},
): Promise<Certificate> {
  const subject = encodeName(typeof name === 'string' ? [{ type: 'CN', value: name }] : name)
  const signer = 'self' in issuer ? issuer.self : issuer.key
  const der = await signCertificate(
    {
      serial: (serials++).toString(16),
      issuer: 'self' in issuer ? subject : issuer.certificate.subject.der,
      subject,
      spki: key.spki,
      notBefore: days(-30),
      notAfter: days(30),
      authorityKeyId: keyIdentifier(signer.spki),
      ...options,
    },
    signer,
  )
  return parseCertificate(der)
}

export const CA_FIELDS = { basicConstraints: { ca: true }, keyUsage: ['keyCertSign', 'cRLSign'] } as const
export const LEAF_FIELDS = {
  keyUsage: ['digitalSignature', 'contentCommitment'],
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
} as const

export interface Authority {
  readonly key: TestKey
  readonly certificate: Certificate
}

export async function rootAuthority(
  options: CertificateOptions = {},
  key = testKey('ecdsa-sha256'),
): Promise<Authority> {
  const certificate = await certify(key, { self: key }, { name: 'Root', ...CA_FIELDS, ...options })
  return { key, certificate }
}

export async function subAuthority(
  parent: Authority,
  options: CertificateOptions = {},
  key = testKey('ecdsa-sha256'),
): Promise<Authority> {
  const certificate = await certify(key, parent, { name: 'Issuing', ...CA_FIELDS, ...options })
  return { key, certificate }
}

export async function crlOf(
  { key, certificate }: Authority,
  entries: readonly RevokedEntry[] = [],
  options: { readonly thisUpdate?: Date; readonly nextUpdate?: Date; readonly number?: bigint } = {},
): Promise<CertificateList> {
  const der = await signCrl(
    {
      issuer: certificate.subject.der,
      authorityKeyId: keyIdentifier(key.spki),
      number: 1n,
      thisUpdate: days(-1),
      nextUpdate: days(1),
      entries,
      ...options,
    },
    key,
  )
  return parseCrl(der)
}

/** The certificate with more extensions, signed again. */
export async function extended(
  certificate: Certificate,
  signer: Authority,
  ...added: readonly Uint8Array[]
): Promise<Certificate> {
  const fields = sequence(readDer(certificate.tbs), 'tbs').rest(20)
  const list = readDer(readDer((fields.at(-1) as { raw: Uint8Array }).raw).body)
  const extensions = tlv(contextTag(3, true), writeSequence(list.body, ...added))
  const tbs = writeSequence(...fields.slice(0, -1).map((field) => field.raw), extensions)
  return parseCertificate(assembleSigned(tbs, signer.key.algorithm, await signer.key.sign(tbs)))
}

/** The reason of the refusal, `ok` where there was none; anything but a PkiError goes through. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'PkiError') return (error as Error & { reason: string }).reason
  throw error
}

export function verdict(act: () => unknown): string {
  try {
    act()
    return 'ok'
  } catch (error) {
    return reasonOf(error)
  }
}
