import { goTo } from '../../../ui/route.ts'
import { desk } from '../../desk.ts'
import { localDate } from '../../../ui/format.ts'
import { proofingFromScan } from '../../stores/identity.ts'
import { keepEnrolment } from '../../stores/enrolments.ts'

/** Idempotency keys by what they are for: a second press, or a retry after a lost answer, makes nothing twice. */
const keys = new Map<string, string>()
export function onceKey(purpose: string): string {
  const known = keys.get(purpose) ?? crypto.randomUUID()
  keys.set(purpose, known)
  return known
}

/** Opens an enrolment for a holder and goes to its identity step. `mrz` already read is kept as the step's draft; `replace` leaves
 * no address behind that would open another one. */
export async function startEnrolment(holder: string, mrz = '', replace = false): Promise<void> {
  const purpose = `enrol ${holder}`
  const view = keepEnrolment(await desk.call('enrolments.create', { holder, key: onceKey(purpose) }))
  keys.delete(purpose)
  if (mrz !== '')
    await desk.call('drafts.put', { name: identityDraft(view.id), value: proofingFromScan(mrz, localDate(Date.now())) })
  goTo(['enrol', view.id], { replace })
}

export const identityDraft = (enrolment: string): string => `enrol:${enrolment}:identity`
