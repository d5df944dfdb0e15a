import type { Json } from '../../shared/audit/json.ts'
import { canonicalBytes, parseCanonical } from '../../shared/audit/jcs.ts'
import { AppError, RegistrationRecord } from '../../shared/contract/index.ts'
import { PkiError, verifySignedData } from '../../shared/pki/index.ts'
import { findProofing, type EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { ServiceDeps } from './deps.ts'
import { holderOf } from './enrolment-view.ts'
import { holderFieldsOf, officeRef, operatorRef, proofingView } from './views.ts'

/** How long reading and signing a record may take. */
const SIGNING_MS = 10 * 60_000
const AHEAD_MS = 60_000

export const canonicalRecord = (record: RegistrationRecord): Uint8Array => canonicalBytes(record as unknown as Json)

/** A record that was signed and kept, with its bytes as signed. */
export const signedRecord = (kept: string): { record: RegistrationRecord; canonical: string } => {
  const bytes = Buffer.from(kept, 'utf8')
  return { record: RegistrationRecord.parse(parseCanonical(bytes)), canonical: bytes.toString('base64') }
}

/** What the officer states, from the server's own data. Throws ENROLMENT_STATE, RECORD_INVALID (`station`). */
export const buildRecord = async (
  deps: ServiceDeps,
  db: OperationalDatabase | OperationalTransaction,
  call: Call,
  row: EnrolmentRowStored,
  time: number,
): Promise<RegistrationRecord> => {
  if (row.card_profile === '') throw new AppError('ENROLMENT_STATE', { reason: 'profile-missing' })
  if (call.actor.station === null) throw new AppError('RECORD_INVALID', { reason: 'station' })
  const profile = deps.profiles.get(row.card_profile)
  const holder = await holderOf(db, row)
  const proofing = await findProofing(db, row.tenant, row.id)
  if (!proofing) throw new AppError('PROOFING_NOT_FOUND')
  // The statement says "I saw": nobody signs for what a colleague saw.
  if (proofing.compared_by !== call.actor.operator.id) throw new AppError('PROOFING_OF_ANOTHER')
  const { comparedBy: _officer, ...proofed } = proofingView(deps.directory, proofing)
  return {
    type: 'countersign/registration-record/v1',
    enrolment: row.id,
    server: deps.serverName,
    officer: operatorRef(deps.directory, call.actor.operator.id),
    office: officeRef(deps.directory, row.office),
    station: call.actor.station,
    holder: { ...holderFieldsOf(holder), id: holder.id },
    proofing: proofed,
    profile: profile.id,
    certificates: profile.keys.map(({ slot, certificateProfile, algorithm }) => ({
      slot,
      certificateProfile,
      algorithm,
    })),
    time,
  }
}

/** The record inside a CAdES signature, with its bytes as signed; the signature is verified, its trust is not. */
export const parseRecord = async (
  cms: Uint8Array,
  now: number,
): Promise<{ record: RegistrationRecord; bytes: Uint8Array }> => {
  try {
    const { content } = verifySignedData({ cms })
    const parsed = RegistrationRecord.safeParse(parseCanonical(content))
    if (!parsed.success) throw new AppError('RECORD_INVALID', { reason: 'form' }, { cause: parsed.error })
    const { time } = parsed.data
    if (time > now + AHEAD_MS || time < now - SIGNING_MS) throw new AppError('RECORD_INVALID', { reason: 'time' })
    return Promise.resolve({ record: parsed.data, bytes: content })
  } catch (cause) {
    if (cause instanceof PkiError) throw new AppError('RECORD_INVALID', { reason: cause.reason }, { cause })
    if (cause instanceof AppError && cause.code !== 'RECORD_INVALID')
      throw new AppError('RECORD_INVALID', { reason: 'form' }, { cause })
    throw cause
  }
}
