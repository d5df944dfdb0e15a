import type { Json } from '../../shared/audit/json.ts'
import {
  AppError,
  FaceFeature,
  type HolderFields,
  isErrorCode,
  StepView,
  type CardView,
  type CertificateView,
  type HolderView,
  type ProofingView,
} from '../../shared/contract/index.ts'
import { parseCertificate } from '../../shared/pki/index.ts'
import { hash } from 'node:crypto'
import { z } from 'zod'
import type { CardRowStored, CertificateRowStored } from '../db/repositories/cards.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { ProofingRowStored } from '../db/repositories/enrolments.ts'
import type { HolderRowStored } from '../db/repositories/holders.ts'

/** From rows to what screens may see, and to what an audit entry keeps. No view and no snapshot holds a secret. */
export const etagOf = (version: number): string => `"${version}"`

export const officeRef = (directory: Directory, id: string | null) => {
  const office = directory.office(id)
  if (!office) throw new AppError('INTERNAL', { reason: 'office-missing' })
  return { id: office.id, name: office.name, division: office.divisionName }
}
export const operatorRef = (directory: Directory, id: string) => ({ id, name: directory.operatorName(id) })

export const holderFieldsOf = (row: HolderRowStored): HolderFields => ({
  givenNames: row.given_names,
  familyName: row.family_name,
  birthDate: row.birth_date,
  nationality: row.nationality,
  personalNumber: row.personal_number,
  email: row.email,
})
export const holderName = (row: { readonly given_names: string; readonly family_name: string }): string =>
  `${row.given_names} ${row.family_name}`

export const holderView = (directory: Directory, row: HolderRowStored): HolderView => ({
  ...holderFieldsOf(row),
  id: row.id,
  office: officeRef(directory, row.office),
  etag: etagOf(row.version),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
export const holderSnapshot = (row: HolderRowStored): Json => ({
  id: row.id,
  name: holderName(row),
  ...holderFieldsOf(row),
  office: row.office,
})

const Checklist = z.strictObject({ faceFeatures: z.array(FaceFeature), documentGenuine: z.literal(true) })

export const proofingView = (directory: Directory, row: ProofingRowStored): ProofingView => ({
  id: row.id,
  documentType: row.document_type as ProofingView['documentType'],
  documentNumber: row.document_number,
  issuer: row.document_issuer,
  expiresOn: row.document_expiry,
  mrz: row.mrz,
  ...Checklist.parse(JSON.parse(row.checklist)),
  note: row.note,
  comparedBy: operatorRef(directory, row.compared_by),
  comparedAt: row.compared_at,
})

const Steps = z.array(StepView)
export const stepsOf = (text: string): StepView[] => Steps.parse(JSON.parse(text))
export const interruptionOf = (row: {
  readonly interrupted_at: number | null
  readonly interrupted_reason: string | null
}) =>
  row.interrupted_at !== null && isErrorCode(row.interrupted_reason)
    ? { at: row.interrupted_at, code: row.interrupted_reason }
    : null

const ALGORITHM = { ec: 'ECDSA', rsa: 'RSA', ed25519: 'Ed25519' } as const

const described = new WeakMap<Uint8Array, { issuer: string; algorithm: string; sha256: string }>()
/** What is read from the certificate itself. */
const describe = (der: Uint8Array) => {
  const known = described.get(der)
  if (known) return known
  const certificate = parseCertificate(der)
  const made = {
    issuer: certificate.issuer.text,
    algorithm: `${ALGORITHM[certificate.key.kind]} ${certificate.key.bits}`,
    sha256: hash('sha256', der),
  }
  described.set(der, made)
  return made
}

export const certificateView = (row: CertificateRowStored, now: number): CertificateView => {
  if (row.serial === null || row.der === null) throw new AppError('INTERNAL', { reason: 'certificate-not-issued' })
  const { issuer, algorithm, sha256 } = describe(row.der)
  const notAfter = row.not_after ?? 0
  return {
    id: row.id,
    serial: row.serial,
    slot: row.slot as CertificateView['slot'],
    profile: row.profile,
    subject: row.subject,
    issuer,
    state: row.state === 'issued' && notAfter < now ? 'expired' : row.state,
    notBefore: row.not_before ?? 0,
    notAfter,
    revokedAt: row.revoked_at,
    revocationReason: row.revocation_reason as CertificateView['revocationReason'],
    algorithm,
    sha256,
  }
}
export const issuedOnly = (rows: readonly CertificateRowStored[]): CertificateRowStored[] =>
  rows.filter((row) => row.serial !== null && row.der !== null && row.state !== 'requested')

export const certificateSnapshot = (row: CertificateRowStored): Json => ({
  id: row.id,
  name: row.subject,
  serial: row.serial,
  slot: row.slot,
  profile: row.profile,
  subject: row.subject,
  state: row.state,
  notBefore: row.not_before,
  notAfter: row.not_after,
  revokedAt: row.revoked_at,
  revocationReason: row.revocation_reason,
  cardId: row.card_id,
  enrolmentId: row.enrolment_id,
  holderId: row.holder_id,
})

export const cardView = (
  directory: Directory,
  row: CardRowStored,
  holder: HolderRowStored | null,
  certificates: readonly CertificateRowStored[],
  now: number,
): CardView => ({
  serial: row.serial,
  guid: row.chuid,
  state: row.state,
  profile: row.card_profile,
  holder: holder && { id: holder.id, name: holderName(holder) },
  enrolmentId: row.enrolment_id,
  office: officeRef(directory, row.office),
  expiresAt: row.expires_at,
  certificates: issuedOnly(certificates)
    .slice(-20)
    .map((one) => certificateView(one, now)),
  etag: etagOf(row.version),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
export const cardSnapshot = (row: CardRowStored): Json => ({
  id: row.id,
  name: row.serial,
  serial: row.serial,
  state: row.state,
  reason: row.reason,
  holderId: row.holder_id,
  enrolmentId: row.enrolment_id,
  profile: row.card_profile,
  expiresAt: row.expires_at,
  office: row.office,
})
