import {
  OID,
  type KeyAlgorithm,
  type KeyUsage,
  type PublicKeyInfo,
  type SubjectAltName,
} from '../../shared/pki/index.ts'
import type { CertificateProfileName } from './gateway.ts'

export interface CertificateProfile {
  /** What the key may do, by its kind (RFC 5280 4.2.1.3, RFC 8813 3). A kind that is absent is refused. */
  readonly keyUsage: Readonly<Partial<Record<PublicKeyInfo['kind'], readonly KeyUsage[]>>>
  readonly keyAlgorithms: readonly KeyAlgorithm[]
  readonly extendedKeyUsage: readonly string[]
  readonly validityDays: number
  /** Kinds of name the certificate may carry. */
  readonly names: readonly (keyof SubjectAltName)[]
  /** One of these must be there. */
  readonly requiresOneOf?: readonly (keyof SubjectAltName)[]
}

/** What a PIV card makes (NIST SP 800-78-5 table 1), and larger RSA keys of tokens. */
const CARD_KEYS: readonly KeyAlgorithm[] = ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096']
/** What the server's own key store may hold beside. */
const SERVER_KEYS: readonly KeyAlgorithm[] = [...CARD_KEYS, 'ecdsa-p521', 'ed25519']
const THREE_YEARS = 1095
const SEAL_USAGE = ['digitalSignature', 'contentCommitment'] as const

const authentication: CertificateProfile = {
  keyUsage: { ec: ['digitalSignature'], rsa: ['digitalSignature'] },
  keyAlgorithms: CARD_KEYS,
  extendedKeyUsage: [OID.clientAuth, OID.smartcardLogon],
  validityDays: THREE_YEARS,
  names: ['email', 'upn', 'uri'],
}

/** Rules as data: a new profile is a new row (and a name in `gateway.ts`). */
export const PROFILES: Readonly<Record<CertificateProfileName, CertificateProfile>> = {
  operator: authentication,
  authentication,
  signature: {
    keyUsage: { ec: ['contentCommitment'], rsa: ['contentCommitment'] },
    keyAlgorithms: CARD_KEYS,
    extendedKeyUsage: [],
    validityDays: THREE_YEARS,
    names: ['email'],
  },
  encryption: {
    keyUsage: { ec: ['keyAgreement'], rsa: ['keyEncipherment'] },
    keyAlgorithms: CARD_KEYS,
    extendedKeyUsage: [OID.emailProtection],
    validityDays: THREE_YEARS,
    names: ['email'],
  },
  'card-authentication': {
    keyUsage: { ec: ['digitalSignature'], rsa: ['digitalSignature'] },
    keyAlgorithms: CARD_KEYS,
    extendedKeyUsage: [OID.pivCardAuthentication],
    validityDays: THREE_YEARS,
    names: ['uri'],
  },
  'server-tls': {
    keyUsage: { ec: ['digitalSignature'], rsa: ['digitalSignature', 'keyEncipherment'] },
    keyAlgorithms: CARD_KEYS,
    extendedKeyUsage: [OID.serverAuth],
    validityDays: 397,
    names: ['dns', 'ip'],
    requiresOneOf: ['dns', 'ip'],
  },
  // Signatures of exports (ETSI EN 319 412-3 4.3, TS 119 412-2 4.3.2). The purpose (RFC 9336) is what tells them from the
  // signatures of people, whom the same authority vouches for: no other row may have it.
  'export-seal': {
    keyUsage: { ec: SEAL_USAGE, rsa: SEAL_USAGE, ed25519: SEAL_USAGE },
    keyAlgorithms: SERVER_KEYS,
    extendedKeyUsage: [OID.documentSigning],
    validityDays: THREE_YEARS,
    names: [],
  },
}
