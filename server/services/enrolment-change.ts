import { updateEnrolment, type EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { Tell } from './change.ts'
import { placeOf } from './deps.ts'
import { enrolmentSnapshot } from './enrolment-view.ts'

/** Writes the new values with the entry that tells of them; gives the row as it is now. */
export const changeEnrolment = async (
  trx: OperationalTransaction,
  tell: Tell,
  before: EnrolmentRowStored,
  values: Partial<Omit<EnrolmentRowStored, 'id' | 'tenant' | 'version' | 'created_at' | 'updated_at'>>,
  call: Call,
  reason: string | null = null,
): Promise<EnrolmentRowStored> => {
  await updateEnrolment(trx, before.id, { ...values, updated_at: call.at })
  const after = { ...before, ...values, updated_at: call.at, version: before.version + 1 }
  await tell({
    action: 'Modification',
    object: { type: 'enrolment', id: before.id },
    before: enrolmentSnapshot(before),
    after: enrolmentSnapshot(after),
    reason,
    place: placeOf(before),
  })
  return after
}
