import { isWorse, type Indication, type SubIndication } from './indication.ts'
import type { Trust } from './trust.ts'

export type CheckName =
  | 'package'
  | 'manifest'
  | 'manifest-signature'
  | 'members'
  | 'data-signature'
  | 'checkpoint'
  | 'cosignatures'
  | 'checkpoint-time'
  | 'evidence'
  | 'entry-signatures'
  | 'completeness'
  | 'data'
  | 'signature'

/** What a check found; with the check's name it picks the sentence people read (`report-text.ts`). */
export type CheckCode =
  | 'passed'
  | 'refused'
  | 'missing'
  | 'differs'
  | 'origin'
  | 'none'
  | 'unjudged'
  | 'skipped'
  | 'fault'
  | 'whole'
  | 'range'
  | 'headers'
  | 'inclusion'
  | 'report'

export type Facts = Readonly<Record<string, string | number | boolean | null>>

export interface Check {
  readonly check: CheckName
  /** Which chain, signer or member; null where there is one only. */
  readonly subject: string | null
  readonly indication: Indication
  readonly subIndication: SubIndication | null
  /** False: said for information, it does not count towards the whole. */
  readonly decides: boolean
  readonly code: CheckCode
  /** Words, numbers, ISO times. */
  readonly facts: Facts
  /** The rule that was broken, where a standard has it. */
  readonly clause: string | null
}

/** What the verdict was asked for with: whoever reads it must see what was left out, and what it rests on. */
export interface Given {
  /** For when it was judged, ISO. */
  readonly at: string
  readonly revocation: Trust['revocation']
  /** Null: of a signature by itself there is one depth only. */
  readonly depth: 'full' | 'quick' | null
  readonly origins: readonly string[]
  readonly witnesses: readonly string[]
  /** SHA-256 of certificates of which one must have signed, hex; null: whoever an anchor vouches for. */
  readonly signers: readonly string[] | null
  readonly anchors: readonly GivenAnchor[]
  /** Null: the anchors. */
  readonly timeStampAnchors: readonly GivenAnchor[] | null
}
export interface GivenAnchor {
  readonly subject: string
  /** Of the certificate, hex. */
  readonly sha256: string
}

export interface Report {
  readonly v: 1
  readonly kind: 'package' | 'signature'
  /** For when it was judged, ISO. */
  readonly at: string
  /** The worst of the checks that decide. */
  readonly indication: Indication
  readonly subIndication: SubIndication | null
  /** Null where nothing could be judged with it: what was given could not be opened. */
  readonly given: Given | null
  readonly checks: readonly Check[]
}

type Passed = { readonly check: CheckName } & Partial<Pick<Check, 'subject' | 'code' | 'facts' | 'decides'>>

export const passed = ({ check, subject = null, code = 'passed', facts = {}, decides = true }: Passed): Check => ({
  check,
  subject,
  indication: 'TOTAL-PASSED',
  subIndication: null,
  decides,
  code,
  facts,
  clause: null,
})

type Failed = Passed & { readonly sub: SubIndication; readonly indication: Indication; readonly clause?: string | null }

export const failed = ({ sub, indication, clause = null, ...rest }: Failed): Check => ({
  ...passed({ code: 'refused', ...rest }),
  indication,
  subIndication: sub,
  clause,
})

/** Every check that decides must have passed, and there must be one: nothing checked proves nothing. */
export const reportOf = (
  kind: Report['kind'],
  now: Date,
  checks: readonly Check[],
  given: Given | null = null,
): Report => {
  const deciding = checks.filter(({ decides }) => decides)
  let worst = deciding[0] ?? null
  for (const one of deciding) if (worst && isWorse(one.indication, worst.indication)) worst = one
  const { indication, subIndication } = worst ?? ({ indication: 'INDETERMINATE', subIndication: 'GENERIC' } as const)
  return { v: 1, kind, at: now.toISOString(), indication, subIndication, given, checks }
}
