/**
 * What can be wrong with a chain, told apart:
 * - `altered`: a stored byte or column is not what was signed
 * - `inserted`: a row that was never part of the chain, or a second copy of one that is
 * - `deleted`, `truncated`: entries are missing in the middle, or at the end
 * - `reordered`: entries are there but not where they were signed to be
 * - `forked`: two validly signed entries claim the same place, or a witness saw another past
 * - `wrong-key`: signed by a known key that had no right to sign there
 * - `unknown-key`: signed by a key nobody brought into the chain, or no trusted key ever signed
 * - `payload-mismatch`: the payload is not the one the entry was made for, or is gone with no tombstone
 * - `unsealed`: there is no signature where one must be
 * - `stale-head`: the stored head is behind entries that are validly signed
 */
export const VERDICT_KINDS = [
  'altered',
  'inserted',
  'deleted',
  'reordered',
  'truncated',
  'forked',
  'wrong-key',
  'unknown-key',
  'payload-mismatch',
  'unsealed',
  'stale-head',
] as const
export type VerdictKind = (typeof VERDICT_KINDS)[number]

export type VerificationMode = 'quick' | 'full'

/** A fault: where (`sequence`) and in which part or column (`what`). */
export interface Fault {
  readonly kind: VerdictKind
  readonly sequence: number
  readonly what: string
}

export interface Intact {
  readonly ok: true
  readonly chain: string
  readonly mode: VerificationMode
  /** The first sequence that is there: 0, or where the chain was cut. */
  readonly from: number
  /** Entries proved, with those a cut vouches for, and the place and signature (base64url) of the last. */
  readonly entries: number
  readonly head: { readonly sequence: number; readonly signature: string }
  /** RFC 6962 root over all entries, base64. */
  readonly root: string
  readonly signaturesChecked: number
  readonly payloadsErased: number
}
export type Verdict =
  | Intact
  | (Fault & { readonly ok: false; readonly chain: string; readonly mode: VerificationMode; readonly entries: number })
