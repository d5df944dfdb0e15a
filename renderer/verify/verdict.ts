import type { Check, Facts, Report } from '../../shared/exports/report.ts'
import type { Tone } from '../ui/Tone.tsx'

export const TONES: Readonly<Record<Report['indication'], Tone>> = {
  'TOTAL-PASSED': 'ok',
  'TOTAL-FAILED': 'bad',
  INDETERMINATE: 'warn',
}
/** What does not count towards the whole is told, in quiet. */
export const toneOf = (check: Check): Tone => (check.decides ? TONES[check.indication] : 'idle')

export interface ShownSigner {
  readonly name: string
  readonly level: string | null
  readonly indication: Report['indication']
  /** ISO times: proved by a time-stamp, or else only claimed. */
  readonly provedAt: string | null
  readonly claimedAt: string | null
}

const text = (facts: Facts, name: string): string | null => {
  const value = facts[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** Who signed, each once: of a package those of its manifest, else those of the signature itself. */
export const signersOf = ({ kind, checks }: Report): readonly ShownSigner[] =>
  checks
    .filter(({ check }) => check === (kind === 'package' ? 'manifest-signature' : 'signature'))
    .filter(({ subject }) => subject !== null)
    .map(({ subject, facts, indication }) => ({
      name: subject ?? '',
      level: text(facts, 'level'),
      indication,
      provedAt: text(facts, 'provedAt'),
      claimedAt: text(facts, 'claimedAt'),
    }))

/** What the manifest says of the package; null where there is none that could be read. */
export const manifestOf = ({ checks }: Report): Facts | null =>
  checks.find(({ check, indication }) => check === 'manifest' && indication === 'TOTAL-PASSED')?.facts ?? null

/** The first check that decided against it, the worst first. */
export const reasonOf = ({ checks, indication }: Report): Check | null =>
  checks.find((check) => check.decides && check.indication === indication && indication !== 'TOTAL-PASSED') ?? null

/** Code of why a check did not pass, null where none is given. The `reason` of one that passed is what a person wrote. */
export const refusalOf = ({ indication, facts: { reason } }: Check): string | null =>
  indication !== 'TOTAL-PASSED' && typeof reason === 'string' && /^[a-z-]+$/.test(reason) ? reason : null

const rankOf = (check: Check): number =>
  check.indication === 'TOTAL-PASSED' || !check.decides ? 2 : check.indication === 'TOTAL-FAILED' ? 0 : 1

/** What speaks against it comes first; else in the order in which it was checked. */
export const worstFirst = (checks: readonly Check[]): readonly Check[] =>
  checks.toSorted((left, right) => rankOf(left) - rankOf(right))
