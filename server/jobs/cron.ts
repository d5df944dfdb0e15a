import { Cron } from 'croner'
import { AppError } from '../../shared/contract/errors.ts'

/**
 * The next time after `after` (ms) at which the five-field cron expression fires in the time zone (IANA name); what
 * summer time takes away or doubles fires once. Throws JOB_SCHEDULE_INVALID for an expression or zone that is none, or
 * one that never fires.
 */
export const nextTime = (cron: string, timeZone: string, after: number): number => {
  let next: Date | null
  try {
    next = new Cron(cron, { timezone: timeZone, mode: '5-part' }).nextRun(new Date(after))
  } catch (cause) {
    throw new AppError('JOB_SCHEDULE_INVALID', { reason: 'expression' }, { cause })
  }
  if (!next) throw new AppError('JOB_SCHEDULE_INVALID', { reason: 'never' })
  return next.getTime()
}
