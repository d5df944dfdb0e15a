import { updateEnrolment, type EnrolmentRowStored } from '../db/repositories/enrolments.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Call } from './call.ts'
import type { Tell } from './change.ts'
import { placeOf } from './deps.ts'
import { enrolmentSnapshot, holderOf } from './enrolment-view.ts'

/** Writes the new values with the entry that tells of them; gives the row as it is now. */
export const changeEnrolment = async (
  trx: OperationalTransaction,
  tell: Tell,
  before: EnrolmentRowStored,
  values: Partial<Omit<EnrolmentRowStored, 'id' | 'tenant' | 'version' | 'created_at' | 'updated_at'>>,
  call: Call,
  reason: string | null = null,
): Promise<EnrolmentRowStored> => {
  await updateEnrolment(trx, before, { ...values, updated_at: call.at })
  const after = { ...before, ...values, updated_at: call.at, version: before.version + 1 }
  const holder = await holderOf(trx, before)
  await tell({
    action: 'Modification',
    object: { type: 'enrolment', id: before.id },
    before: enrolmentSnapshot(before, holder),
    after: enrolmentSnapshot(after, holder),
    reason,
    place: placeOf(before),
  })
  return after
}
