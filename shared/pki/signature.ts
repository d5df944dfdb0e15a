import { compareBytes, concatBytes } from './bytes.ts'
import { isSignedBy } from './crypto.ts'
import {
  contextTag,
  DerCursor,
  readDer,
  readIntegerOctets,
  readOid,
  readSmallInteger,
  sequence,
  type DerNode,
} from './der-read.ts'
import { writeExplicit, writeInteger, writeNull, writeOid, writeSequence, writeUnsigned } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { publicKeyInfo } from './public-key.ts'
import { hashOf } from './signature-hash.ts'
import type { HashName, KeyAlgorithm, PublicKeyInfo, SignatureAlgorithm, WeakSignatureAlgorithm } from './types.ts'

const HASH_OID: Readonly<Record<HashName, string>> = { sha256: OID.sha256, sha384: OID.sha384, sha512: OID.sha512 }
const HASH_OCTETS: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 }

const plain = (oid: string): Uint8Array => writeSequence(writeOid(oid))
const withNull = (oid: string): Uint8Array => writeSequence(writeOid(oid), writeNull())

/** RSASSA-PSS parameters with one hash throughout and a salt as long as it (RFC 4055 3.1). */
function pss(hash: HashName): Uint8Array {
  const hashId = withNull(HASH_OID[hash])
  const mask = writeSequence(writeOid(OID.mgf1), hashId)
  const salt = writeInteger(HASH_OCTETS[hash])
  return writeSequence(
    writeOid(OID.rsassaPss),
    writeSequence(writeExplicit(0, hashId), writeExplicit(1, mask), writeExplicit(2, salt)),
  )
}

/** Every AlgorithmIdentifier there is: reading compares bytes, so no other parameters pass (RFC 4055, 5758, 8410). */
const ENCODING: Readonly<Record<SignatureAlgorithm | WeakSignatureAlgorithm, Uint8Array>> = {
  'ecdsa-sha256': plain(OID.ecdsaWithSha256),
  'ecdsa-sha384': plain(OID.ecdsaWithSha384),
  'ecdsa-sha512': plain(OID.ecdsaWithSha512),
  'rsa-sha256': withNull(OID.sha256WithRsa),
  'rsa-sha384': withNull(OID.sha384WithRsa),
  'rsa-sha512': withNull(OID.sha512WithRsa),
  'rsa-pss-sha256': pss('sha256'),
  'rsa-pss-sha384': pss('sha384'),
  'rsa-pss-sha512': pss('sha512'),
  ed25519: plain(OID.ed25519),
  'rsa-md5': withNull(OID.md5WithRsa),
  'rsa-sha1': withNull(OID.sha1WithRsa),
  'ecdsa-sha1': plain(OID.ecdsaWithSha1),
}
const NAMES = Object.keys(ENCODING) as (SignatureAlgorithm | WeakSignatureAlgorithm)[]

/** AlgorithmIdentifier, DER. */
export const encodeSignatureAlgorithm = (algorithm: SignatureAlgorithm): Uint8Array => ENCODING[algorithm]

/** Throws PkiError `unsupported-algorithm` for anything but the encodings of the table. */
export function parseSignatureAlgorithm(der: Uint8Array): SignatureAlgorithm | WeakSignatureAlgorithm {
  const name = NAMES.find((name) => compareBytes(ENCODING[name], der) === 0)
  if (name) return name
  const oid = oidOf(der)
  if (oid === OID.rsassaPss) return parsePss(der)
  if (oid === OID.dsaWithSha1 || oid === OID.dsaWithSha256) refuse('dsa', 'FIPS 186-5 1: DSA is withdrawn', { oid })
  return refuse('unsupported-algorithm', 'RFC 5280 4.1.1.2', { oid })
}

/**
 * The same parameters as `pss` makes, with or without the NULL of the hash algorithms (RFC 4055 2.1 demands both to be
 * accepted; OpenSSL leaves it out). No default stands for anything: it would be SHA-1.
 */
function parsePss(der: Uint8Array): SignatureAlgorithm {
  const outer = sequence(readDer(der, 1024), 'AlgorithmIdentifier')
  outer.next()
  const fields = sequence(outer.next(), 'RSASSA-PSS-params')
  outer.end()
  const inside = (n: number): DerNode => {
    const explicit = new DerCursor(fields.next(contextTag(n, true)), contextTag(n, true), 'RSASSA-PSS-params')
    const node = explicit.next()
    explicit.end()
    return node
  }
  const hash = parseHash(inside(0))
  const mask = sequence(inside(1), 'MaskGenAlgorithm')
  const isMgf1 = readOid(mask.next()) === OID.mgf1
  const maskHash = parseHash(mask.next())
  mask.end()
  const salt = readSmallInteger(inside(2))
  fields.end()
  if (!isMgf1 || maskHash !== hash || salt !== HASH_OCTETS[hash]) {
    refuse('unsupported-algorithm', 'RFC 4055 3.1: one hash, a salt as long', { hash, maskHash, salt })
  }
  return `rsa-pss-${hash}`
}

const oidOf = (der: Uint8Array): string => readOid(sequence(readDer(der, 1024), 'AlgorithmIdentifier').next())

const WEAK: readonly string[] = ['rsa-md5', 'rsa-sha1', 'ecdsa-sha1'] satisfies WeakSignatureAlgorithm[]

export const isStrong = (algorithm: SignatureAlgorithm | WeakSignatureAlgorithm): algorithm is SignatureAlgorithm =>
  !WEAK.includes(algorithm)

/** Refuses MD5 and SHA-1 with `weak-hash`. */
export function strongAlgorithm(algorithm: SignatureAlgorithm | WeakSignatureAlgorithm): SignatureAlgorithm {
  return isStrong(algorithm) ? algorithm : refuse('weak-hash', 'NIST SP 800-131A 9', { algorithm })
}

const HASH_ENCODING: Readonly<Record<HashName, Uint8Array>> = {
  sha256: plain(HASH_OID.sha256),
  sha384: plain(HASH_OID.sha384),
  sha512: plain(HASH_OID.sha512),
}

/** AlgorithmIdentifier of a hash, parameters absent (RFC 5754 2). */
export const encodeHash = (hash: HashName): Uint8Array => HASH_ENCODING[hash]

export const hashOctets = (hash: HashName): number => HASH_OCTETS[hash]

/** Absent or NULL parameters (RFC 5754 2 demands both to be accepted). SHA-1 and MD5 are `weak-hash`. */
export function parseHash(node: DerNode): HashName {
  const fields = sequence(node, 'DigestAlgorithmIdentifier')
  const oid = readOid(fields.next())
  if (!fields.done && compareBytes(fields.next().raw, writeNull()) !== 0) refuse('malformed', 'RFC 5754 2: parameters')
  fields.end()
  const name = (Object.keys(HASH_OID) as HashName[]).find((name) => HASH_OID[name] === oid)
  if (oid === OID.sha1) refuse('weak-hash', 'NIST SP 800-131A 9', { oid })
  return name ?? refuse('unsupported-algorithm', 'RFC 5754 2: hash', { oid })
}

const RSA_SIGNATURES = [
  'rsa-sha256',
  'rsa-sha384',
  'rsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'rsa-pss-sha512',
] as const satisfies readonly SignatureAlgorithm[]
const SIGNATURES: Readonly<Record<KeyAlgorithm, readonly [SignatureAlgorithm, ...SignatureAlgorithm[]]>> = {
  // One hash for each curve, as strong as it (RFC 5480 4).
  'ecdsa-p256': ['ecdsa-sha256'],
  'ecdsa-p384': ['ecdsa-sha384'],
  'ecdsa-p521': ['ecdsa-sha512'],
  'rsa-2048': RSA_SIGNATURES,
  'rsa-3072': RSA_SIGNATURES,
  'rsa-4096': RSA_SIGNATURES,
  ed25519: ['ed25519'],
}

/** Every signature a key may make in this product, its usual one first. */
export const signatureAlgorithmsOf = (key: KeyAlgorithm): readonly SignatureAlgorithm[] => SIGNATURES[key]

/** Which signature a key makes where the caller has no reason to choose. */
export const signatureAlgorithmFor = (key: KeyAlgorithm): SignatureAlgorithm => SIGNATURES[key][0]

/** The digest a CMS signature of this algorithm uses for its content (Ed25519: SHA-512, RFC 8419 3). */
export const cmsHashFor = (algorithm: SignatureAlgorithm): HashName => hashOf(algorithm) ?? 'sha512'

function fits(algorithm: SignatureAlgorithm, key: PublicKeyInfo): boolean {
  if (key.kind === 'ec') return algorithm.startsWith('ecdsa-')
  return key.kind === 'rsa' ? algorithm.startsWith('rsa-') : algorithm === 'ed25519'
}

export interface SignatureToVerify {
  readonly algorithm: SignatureAlgorithm | WeakSignatureAlgorithm
  readonly spki: Uint8Array
  readonly data: Uint8Array
  readonly signature: Uint8Array
}

/** Returns when the signature verifies. Throws PkiError `weak-hash`, `bad-signature`, or what `publicKeyInfo` refuses. */
export function verifySignature({ algorithm, spki, data, signature }: SignatureToVerify): void {
  const strong = strongAlgorithm(algorithm)
  if (!fits(strong, publicKeyInfo(spki))) refuse('bad-signature', 'RFC 5280 4.1.1.2: key and algorithm', { algorithm })
  if (!isSignedBy(strong, spki, data, signature)) refuse('bad-signature', 'RFC 5280 4.1.1.3', { algorithm })
}

/** r‖s of equal halves (PKCS#11, PIV tokens, XML) to `ECDSA-Sig-Value` (RFC 3279 2.2.3). */
export function ecdsaRawToDer(raw: Uint8Array): Uint8Array {
  if (raw.length === 0 || raw.length % 2 !== 0 || raw.length > 132) refuse('invalid-input', 'ECDSA signature r‖s')
  const half = raw.length / 2
  return writeSequence(writeUnsigned(raw.subarray(0, half)), writeUnsigned(raw.subarray(half)))
}

/** `ECDSA-Sig-Value` to r‖s, each `octets` long (32 for P-256, 48 for P-384, 66 for P-521). */
export function ecdsaDerToRaw(der: Uint8Array, octets: number): Uint8Array {
  const fields = sequence(readDer(der, 256), 'ECDSA-Sig-Value')
  const r = fixed(fields.next(), octets)
  const s = fixed(fields.next(), octets)
  fields.end()
  return concatBytes([r, s])
}

function fixed(node: DerNode, octets: number): Uint8Array {
  const value = readIntegerOctets(node)
  const magnitude = value[0] === 0 ? value.subarray(1) : value
  if ((value[0] ?? 0x80) >= 0x80 || magnitude.length > octets) refuse('malformed', 'RFC 3279 2.2.3: ECDSA-Sig-Value')
  return concatBytes([new Uint8Array(octets - magnitude.length), magnitude])
}
