import { cmsHashFor, type HashName, type SignatureAlgorithm } from '../pki/index.ts'
import { refuse } from './ades-error.ts'
import type { Canonicalization } from './canonical.ts'

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const MORE_2007 = 'http://www.w3.org/2007/05/xmldsig-more#'
const MORE_2021 = 'http://www.w3.org/2021/04/xmldsig-more#'
const ENCRYPTION = 'http://www.w3.org/2001/04/xmlenc#'

export const NAMESPACES = {
  ds: DSIG,
  xades: 'http://uri.etsi.org/01903/v1.3.2#',
  xades141: 'http://uri.etsi.org/01903/v1.4.1#',
} as const

export const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const ENVELOPED = `${DSIG}enveloped-signature`
export const SIGNED_PROPERTIES_TYPE = 'http://uri.etsi.org/01903#SignedProperties'

/** RFC 9231 2.1; XML Encryption 5.8. */
export const DIGEST_URI: Readonly<Record<HashName, string>> = {
  sha256: `${ENCRYPTION}sha256`,
  sha384: `${MORE}sha384`,
  sha512: `${ENCRYPTION}sha512`,
}

/** RFC 9231 2.3.2, 2.3.6, 2.3.10, 2.3.12 (RFC 6931 likewise): with RSASSA-PSS one hash throughout and a salt as long as it. */
const SIGNATURE_URI: Readonly<Record<SignatureAlgorithm, string>> = {
  'rsa-sha256': `${MORE}rsa-sha256`,
  'rsa-sha384': `${MORE}rsa-sha384`,
  'rsa-sha512': `${MORE}rsa-sha512`,
  'rsa-pss-sha256': `${MORE_2007}sha256-rsa-MGF1`,
  'rsa-pss-sha384': `${MORE_2007}sha384-rsa-MGF1`,
  'rsa-pss-sha512': `${MORE_2007}sha512-rsa-MGF1`,
  'ecdsa-sha256': `${MORE}ecdsa-sha256`,
  'ecdsa-sha384': `${MORE}ecdsa-sha384`,
  'ecdsa-sha512': `${MORE}ecdsa-sha512`,
  ed25519: `${MORE_2021}eddsa-ed25519`,
}

/** Known so that a refusal can say `weak-hash`. */
const WEAK: ReadonlySet<string> = new Set([
  `${DSIG}sha1`,
  `${MORE}md5`,
  `${MORE}sha224`,
  `${DSIG}rsa-sha1`,
  `${DSIG}dsa-sha1`,
  `${DSIG}hmac-sha1`,
  `${MORE}rsa-md5`,
  `${MORE}rsa-sha224`,
  `${MORE}rsa-ripemd160`,
  `${MORE}ecdsa-sha1`,
  `${MORE}ecdsa-sha224`,
  `${MORE_2007}sha1-rsa-MGF1`,
  `${MORE_2007}md5-rsa-MGF1`,
])

const CANONICALIZATION: ReadonlyMap<string, Canonicalization> = new Map([
  [EXCLUSIVE, 'exclusive'],
  ['http://www.w3.org/TR/2001/REC-xml-c14n-20010315', 'inclusive'],
  ['http://www.w3.org/2006/12/xml-c14n11', 'inclusive'],
])

function find<T extends string>(table: Readonly<Record<T, string>>, uri: string, clause: string): T {
  if (WEAK.has(uri)) refuse('weak-hash', 'NIST SP 800-131A 9', { uri })
  const found = (Object.keys(table) as T[]).find((name) => table[name] === uri)
  return found ?? refuse('algorithm', clause, { uri })
}

/** Throws AdesError `weak-hash`, `algorithm`. */
export const parseDigestUri = (uri: string): HashName => find(DIGEST_URI, uri, 'RFC 9231 2.1')

/** Throws AdesError `weak-hash`, `algorithm` (HMAC, DSA, RSASSA-PSS with parameters of its own). */
export const parseSignatureUri = (uri: string): SignatureAlgorithm => find(SIGNATURE_URI, uri, 'RFC 9231 2.3')

/** Throws AdesError `canonicalization` for methods with comments and unknown ones. */
export const parseCanonicalization = (uri: string): Canonicalization =>
  CANONICALIZATION.get(uri) ?? refuse('canonicalization', 'XML Signature 6.5', { uri })

export const signatureUri = (algorithm: SignatureAlgorithm): string => SIGNATURE_URI[algorithm]

/** The hash by which everything in the signature is digested; with Ed25519 the one inside it (RFC 8032 5.1). */
export const xadesHashFor = (algorithm: SignatureAlgorithm): HashName => cmsHashFor(algorithm)
