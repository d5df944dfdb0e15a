import { createHash } from 'node:crypto'
import { AppError } from '../../../shared/contract/errors.ts'
import {
  keyAlgorithmOf,
  PkiError,
  toHex,
  verifyCsr,
  type CertificationRequest,
  type KeyUsage,
  type NameAttribute,
} from '../../../shared/pki/index.ts'
import type { CertificateSubject, IssueRequest } from '../gateway.ts'
import { PROFILES, type CertificateProfile } from '../profiles.ts'

export interface CheckedRequest {
  readonly profile: CertificateProfile
  readonly csr: CertificationRequest
  readonly keyUsage: readonly KeyUsage[]
  readonly subject: readonly NameAttribute[]
  readonly digest: string
}

const invalid = (reason: string, cause?: unknown): AppError => new AppError('CA_REQUEST_INVALID', { reason }, { cause })

/** The list of checks before anything is written. Throws CA_PROFILE_UNKNOWN, CA_REQUEST_INVALID (detail.reason). */
export function verifyRequest(request: IssueRequest): CheckedRequest {
  const profile = Object.hasOwn(PROFILES, request.profile) ? PROFILES[request.profile] : null
  if (!profile) throw new AppError('CA_PROFILE_UNKNOWN', { profile: request.profile.slice(0, 64) })
  if (!/^[\x21-\x7e]{1,200}$/.test(request.idempotencyKey)) throw invalid('idempotency-key')
  const csr = verifyPossession(request.csr)
  const algorithm = keyAlgorithmOf(csr.key)
  const keyUsage = profile.keyUsage[csr.key.kind]
  if (!algorithm || !profile.keyAlgorithms.includes(algorithm) || !keyUsage) throw invalid('key-algorithm')
  verifyNames(request, profile)
  const subject = subjectAttributes(request.subject)
  return { profile, csr, keyUsage, subject, digest: digestOf(request, csr, subject) }
}

function verifyPossession(csr: Uint8Array): CertificationRequest {
  try {
    return verifyCsr(csr)
  } catch (error) {
    throw error instanceof PkiError ? invalid(error.reason, error) : error
  }
}

/** A person's certificate must not also pass for a server's, nor the other way round. */
function verifyNames({ san = {} }: IssueRequest, { names, requiresOneOf }: CertificateProfile): void {
  const present = (kind: keyof typeof san) => (san[kind]?.length ?? 0) > 0
  const kinds = ['dns', 'email', 'ip', 'uri', 'upn'] as const
  if (kinds.some((kind) => present(kind) && !names.includes(kind))) throw invalid('san')
  if (requiresOneOf && !requiresOneOf.some(present)) throw invalid('san')
}

/** From the broad to the narrow, as ETSI EN 319 412-2 5.2 and directories expect. */
export function subjectAttributes(subject: CertificateSubject): NameAttribute[] {
  const pairs: readonly [NameAttribute['type'], string | undefined][] = [
    ['C', subject.country],
    ['O', subject.organization],
    ['OU', subject.organizationalUnit],
    ['SN', subject.surname],
    ['givenName', subject.givenName],
    ['serialNumber', subject.serialNumber],
    ['CN', subject.commonName],
  ]
  return pairs.flatMap(([type, value]) => (value === undefined ? [] : [{ type, value }]))
}

/**
 * What was asked for, as one value: profile, key, subject and names. Not the request's own signature, so that a card
 * which signs its request anew after an interruption asks for the same thing.
 */
function digestOf(request: IssueRequest, csr: CertificationRequest, subject: readonly NameAttribute[]): string {
  const san = request.san ?? {}
  const names = [san.dns, san.email, san.ip, san.uri, san.upn].map((list) => list ?? [])
  const text = JSON.stringify([
    request.profile,
    toHex(csr.spki),
    subject.map(({ type, value }) => [type, value]),
    names,
  ])
  return createHash('sha256').update(text).digest('hex')
}
