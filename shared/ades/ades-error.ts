/** Everything that reading XML, building or verifying XAdES may refuse, beside what `shared/pki` refuses. Closed. */
export const ADES_REASONS = [
  'xml-encoding',
  'xml-malformed',
  'xml-doctype',
  'xml-entity',
  'xml-processing-instruction',
  'xml-comment',
  'xml-namespace',
  'xml-character',
  'xml-too-large',
  'xml-duplicate-id',
  'algorithm',
  'weak-hash',
  'canonicalization',
  'transform',
  'shape',
  'signature-count',
  'reference',
  'digest-mismatch',
  'signed-properties',
  'signer-certificate',
  'signature-length',
  'content-missing',
  'time-stamp-order',
  'base64',
  'invalid-input',
] as const

export type AdesReason = (typeof ADES_REASONS)[number]

/** Words, numbers, ISO dates that help to understand the refusal. Never content, never key material. */
export type AdesDetail = Readonly<Record<string, string | number | boolean | null>>

/** The only error of its own that `shared/ades` throws; `clause` names the rule that was broken. */
export class AdesError extends Error {
  readonly reason: AdesReason
  readonly clause: string
  readonly detail: AdesDetail
  constructor(reason: AdesReason, clause: string, detail: AdesDetail = {}) {
    super(`${reason} (${clause})`)
    this.name = 'AdesError'
    this.reason = reason
    this.clause = clause
    this.detail = detail
  }
}

/** Refuses; an expression, so that it fits where a value is expected. */
export function refuse(reason: AdesReason, clause: string, detail: AdesDetail = {}): never {
  throw new AdesError(reason, clause, detail)
}
