import { z } from 'zod'
import { AppError } from '../contract/errors.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { sameBytes, sha256 } from './bytes.ts'
import { keyAlgorithmOf, keyIdOf } from './crypto.ts'
import type { VerifySignature } from './crypto.ts'
import { ChainName } from './entry.ts'
import { canonicalBytes, parseCanonical } from './jcs.ts'
import type { Json } from './json.ts'
import { keySigningBytes } from './link.ts'

/** `hsm`: of the key store; may sign entries and endorse keys. `epoch`: short-lived; may sign entries only. */
export type AuditKeyKind = 'hsm' | 'epoch'

const Statement = z.strictObject({
  v: z.literal(1),
  chain: ChainName,
  key: z.string(),
  kind: z.enum(['hsm', 'epoch']),
  algorithm: z.string(),
  spki: z.string(),
  label: z.string().nullable(),
  /** SHA-256 of the key's certificate, where it has one. */
  certificate: z.string().nullable(),
  endorsedBy: z.string(),
  createdAt: z.int().min(0),
})
export type KeyStatement = z.infer<typeof Statement>

/** A key as it is stored beside the chain. `keyId` … `createdAt` are copies of what `statement` says. */
export interface AuditKey {
  readonly keyId: string
  readonly chain: string
  readonly kind: AuditKeyKind
  readonly algorithm: string
  readonly label: string | null
  readonly spki: Uint8Array
  readonly certificate: Uint8Array | null
  readonly statement: Uint8Array
  readonly endorsedBy: string
  readonly endorsement: Uint8Array
  readonly createdAt: number
}

type Described = Omit<AuditKey, 'statement' | 'endorsement'>

const describe = (key: Described): KeyStatement => ({
  v: 1,
  chain: key.chain,
  key: key.keyId,
  kind: key.kind,
  algorithm: key.algorithm,
  spki: encodeBase64url(key.spki),
  label: key.label,
  certificate: key.certificate ? encodeBase64url(sha256(key.certificate)) : null,
  endorsedBy: key.endorsedBy,
  createdAt: key.createdAt,
})

/** The statement's canonical bytes; the endorsing key signs `keySigningBytes` of them. */
export const encodeKeyStatement = (key: Described): Uint8Array => canonicalBytes(describe(key) as unknown as Json)

export const parseKeyStatement = (bytes: Uint8Array): KeyStatement => {
  const parsed = Statement.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'key-statement' }, { cause: parsed.error })
  return parsed.data
}

/**
 * Whether a stored key is what its endorser said: copies equal the statement, the name is the key's own digest, the
 * algorithm is the key's own, the endorsement is valid under `endorser`. Gives the part that is wrong, or null.
 */
export const findKeyFault = (key: AuditKey, endorser: AuditKey, verify: VerifySignature): string | null => {
  if (!sameBytes(encodeKeyStatement(key), key.statement)) return 'statement'
  if (keyIdOf(key.spki) !== key.keyId) return 'key-id'
  if (keyAlgorithmOf(key.spki) !== key.algorithm) return 'algorithm'
  if (key.endorsedBy !== endorser.keyId) return 'endorsed-by'
  if (endorser.kind !== 'hsm') return 'endorser-kind'
  if (!verify(endorser.spki, keySigningBytes(key.statement), key.endorsement)) return 'endorsement'
  return null
}

/** Reads the public key out of a statement, for those who have the chain but not its key table. */
export const spkiOfStatement = (statement: KeyStatement): Uint8Array => decodeBase64url(statement.spki)
