/** Everything that reading PDF, building or verifying PAdES may refuse, beside what `shared/pki` refuses. Closed. */
export const PADES_REASONS = [
  'syntax',
  'header',
  'trailing-bytes',
  'cross-reference',
  'object',
  'stream',
  'duplicate-key',
  'encrypted',
  'too-large',
  'structure',
  'no-signature',
  'sub-filter',
  'signature-dictionary',
  'byte-range',
  'contents',
  'contents-padding',
  'signed-attribute',
  'revision',
  'changed-object',
  'unexpected-object',
  'changed-page',
  'changed-catalog',
  'changed-form',
  'visible-addition',
  'not-permitted',
  'field-locked',
  'time-stamp-order',
  'validation-data',
  'field-name',
  'placeholder',
  'attachment',
  'invalid-input',
] as const

export type PadesReason = (typeof PADES_REASONS)[number]

/** Words, numbers, ISO dates that help to understand the refusal. Never content, never key material. */
export type PadesDetail = Readonly<Record<string, string | number | boolean | null>>

/** The only error of its own that `shared/pades` throws; `clause` names the rule that was broken. */
export class PadesError extends Error {
  readonly reason: PadesReason
  readonly clause: string
  readonly detail: PadesDetail
  constructor(reason: PadesReason, clause: string, detail: PadesDetail = {}) {
    super(`${reason} (${clause})`)
    this.name = 'PadesError'
    this.reason = reason
    this.clause = clause
    this.detail = detail
  }
}

/** Refuses; an expression, so that it fits where a value is expected. */
export function refuse(reason: PadesReason, clause: string, detail: PadesDetail = {}): never {
  throw new PadesError(reason, clause, detail)
}
