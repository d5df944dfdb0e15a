import type { RetentionClass } from '../../shared/contract/routes/audit-retention.ts'
import { RETENTION_DEFAULTS, WINDOW_MONTHS_MIN } from '../../shared/contract/routes/audit-retention.ts'

/** What of an entry says which evidence it is. */
export interface Classified {
  readonly action: string
  readonly objectType: string
  readonly operatorRole: string | null
}

interface Rule {
  readonly actions?: readonly string[]
  readonly objectTypes?: readonly string[]
  readonly roles?: readonly string[]
  readonly class: RetentionClass
}

/** The first rule that fits decides; the last fits everything. `italian-qualified` comes from the holder's certificates. */
export const CLASSIFICATION: readonly Rule[] = [
  // Garante per la protezione dei dati personali, 27 November 2008: accesses of system administrators.
  { actions: ['Login', 'LoginFailed', 'Logout', 'AccessDenied'], roles: ['SA'], class: 'administrator-access' },
  // ETSI EN 319 411-1, 6.4.6: what a certificate was issued on.
  {
    objectTypes: ['holder', 'proofing', 'enrolment', 'card', 'certificate', 'secret-code'],
    class: 'registration-evidence',
  },
  { class: 'events' },
]

const fits = (rule: Rule, { action, objectType, operatorRole }: Classified): boolean =>
  (rule.actions?.includes(action) ?? true) &&
  (rule.objectTypes?.includes(objectType) ?? true) &&
  (rule.roles === undefined || (operatorRole !== null && rule.roles.includes(operatorRole)))

export const classOf = (entry: Classified): RetentionClass =>
  CLASSIFICATION.find((rule) => fits(rule, entry))?.class ?? 'events'

/** Certificate profiles that are qualified under Italian law (DPCM 22 February 2013): kept from the day of issue. */
export const QUALIFIED_PROFILES: ReadonlySet<string> = new Set(['qualified-signature', 'qualified-seal'])

/** Where nothing is known of an object any more, it is taken to have had a certificate of the longest validity. */
const UNKNOWN_VALIDITY_MONTHS = 120

/** The same day and time of day so many months on, or the month's last day, in UTC. Negative goes back. */
export const addMonths = (at: number, months: number): number => {
  const from = new Date(at)
  const to = new Date(at)
  to.setUTCDate(1)
  to.setUTCMonth(to.getUTCMonth() + months)
  const days = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate()
  to.setUTCDate(Math.min(from.getUTCDate(), days))
  return to.getTime()
}

export type ClassMonths = Readonly<Record<RetentionClass, number>>

/** What is known of the certificates an object's evidence was for. */
export type Evidence =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'certificates'; readonly lastEnd: number; readonly qualifiedFrom: number | null }

/** Until when an entry must be kept, and under which class. */
export interface Hold {
  readonly class: RetentionClass
  readonly until: number
}

const later = (left: Hold, right: Hold): Hold => (right.until > left.until ? right : left)

/** `evidence` counts for entries of registration only; pass `none` for others. */
export const holdOf = (entry: Classified & { readonly at: number }, evidence: Evidence, months: ClassMonths): Hold => {
  const named = classOf(entry)
  if (named !== 'registration-evidence') return { class: named, until: addMonths(entry.at, months[named]) }
  const event: Hold = { class: 'events', until: addMonths(entry.at, months.events) }
  // Nobody was certified on it: it is an event like others.
  if (evidence.kind === 'none') return event
  const end = evidence.kind === 'unknown' ? addMonths(entry.at, UNKNOWN_VALIDITY_MONTHS) : evidence.lastEnd
  const kept = later(event, { class: named, until: addMonths(end, months[named]) })
  if (evidence.kind === 'unknown' || evidence.qualifiedFrom === null) return kept
  const qualified = addMonths(evidence.qualifiedFrom, months['italian-qualified'])
  return later(kept, { class: 'italian-qualified', until: qualified })
}

/** What an administrator set. */
export interface RetentionSettings {
  /** Null: the whole chain, cleaning has no effect. */
  readonly windowMonths: number | null
  readonly classes: ClassMonths
}
export const RETENTION_SETTING = 'retention'
export const DEFAULT_RETENTION: RetentionSettings = { windowMonths: null, classes: RETENTION_DEFAULTS }

/** A window as it is taken: below 12 months it becomes 12, and the caller is told. */
export const takeWindow = (months: number | null): { readonly months: number | null; readonly wasRaised: boolean } =>
  months !== null && months < WINDOW_MONTHS_MIN
    ? { months: WINDOW_MONTHS_MIN, wasRaised: true }
    : { months, wasRaised: false }

/** The first class that would be kept for less than its default, or null. */
export const findTooShort = (classes: ClassMonths): RetentionClass | null =>
  (Object.keys(RETENTION_DEFAULTS) as RetentionClass[]).find((one) => classes[one] < RETENTION_DEFAULTS[one]) ?? null
