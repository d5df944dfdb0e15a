import type { Json } from '../../shared/audit/json.ts'
import { AppError, type EnrolmentRow, type EnrolmentView } from '../../shared/contract/index.ts'
import { listCertificates } from '../db/repositories/cards.ts'
import { findEnrolment, findProofing, type EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import { findHolder, type HolderRowStored } from '../db/repositories/holders.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import { scopeOf, type ServiceDeps } from './deps.ts'
import {
  certificateView,
  etagOf,
  holderName,
  holderView,
  interruptionOf,
  issuedOnly,
  officeRef,
  operatorRef,
  proofingView,
  stepsOf,
} from './views.ts'

type Db = OperationalDatabase | OperationalTransaction

/** Throws ENROLMENT_NOT_FOUND, also for one out of scope. */
export const getEnrolment = async (db: Db, call: Call, id: string): Promise<EnrolmentRowStored> => {
  const row = await findEnrolment(db, scopeOf(call), id)
  if (!row) throw new AppError('ENROLMENT_NOT_FOUND')
  return row
}

/** The holder of an enrolment already found in scope. */
export const holderOf = async (db: Db, row: EnrolmentRowStored) => {
  const holder = await findHolder(db, { tenant: row.tenant, reach: { kind: 'everything' } }, row.holder_id)
  if (!holder) throw new AppError('HOLDER_NOT_FOUND')
  return holder
}

export const enrolmentView = async (
  deps: ServiceDeps,
  db: Db,
  row: EnrolmentRowStored,
  now: number,
): Promise<EnrolmentView> => {
  const { directory, profiles } = deps
  const holder = await holderOf(db, row)
  const proofing = await findProofing(db, row.tenant, row.id)
  const certificates = await listCertificates(db, row.tenant, { enrolment: row.id })
  return {
    id: row.id,
    etag: etagOf(row.version),
    state: row.state,
    holder: holderView(directory, holder),
    proofing: proofing && proofingView(directory, proofing),
    profile: row.card_profile === '' ? null : profiles.find(row.card_profile),
    office: officeRef(directory, row.office),
    officer: operatorRef(directory, row.officer),
    cardSerial: row.card_serial,
    signedAt: row.recorded_at,
    steps: stepsOf(row.steps),
    certificates: issuedOnly(certificates)
      .slice(-20)
      .map((one) => certificateView(one, now)),
    interruption: row.state === 'interrupted' ? interruptionOf(row) : null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export const enrolmentRow = (
  deps: ServiceDeps,
  row: EnrolmentRowStored & { given_names: string; family_name: string },
): EnrolmentRow => ({
  id: row.id,
  state: row.state,
  holderId: row.holder_id,
  holderName: holderName(row),
  profileId: row.card_profile === '' ? null : row.card_profile,
  officer: operatorRef(deps.directory, row.officer),
  cardSerial: row.card_serial,
  updatedAt: row.updated_at,
  createdAt: row.created_at,
})

/** Who it is for and what card they get, as lists of the audit call it. */
export const issuingName = (holder: HolderRowStored, profile: string | null): string =>
  profile === null || profile === '' ? holderName(holder) : `${holderName(holder)} · ${profile}`

export const enrolmentSnapshot = (row: EnrolmentRowStored, holder: HolderRowStored): Json => ({
  id: row.id,
  name: issuingName(holder, row.card_profile),
  state: row.state,
  holderId: row.holder_id,
  profile: row.card_profile === '' ? null : row.card_profile,
  officer: row.officer,
  office: row.office,
  cardSerial: row.card_serial,
  signedAt: row.recorded_at,
  handedOverAt: row.handed_over_at,
  interruption: row.interrupted_reason,
  steps: stepsOf(row.steps).map((step) => `${step.id} ${step.state}`),
})
