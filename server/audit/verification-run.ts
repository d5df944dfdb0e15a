import { concatBytes } from '../../shared/audit/bytes.ts'
import type { Verdict, VerificationMode } from '../../shared/audit/verdict.ts'
import { waitingOf } from '../db/repositories/audit-runs.ts'
import type { RunRow } from '../db/repositories/audit-runs.ts'

/** Where a run that a restart ended went on. */
export interface Resumed {
  /** The first entry that was checked after the restart; those below were not looked at again. */
  readonly sequence: number
  /** UTC ms: when the first of the places it went on from was kept. */
  readonly at: number
}

/** A run, going on or done. `verdict` is there once it passed or failed; `error` is a closed code. */
export interface VerificationRun {
  readonly id: string
  readonly chain: string
  readonly mode: VerificationMode
  readonly state: RunRow['state']
  readonly requestedBy: string | null
  /** Begun by a schedule, not by a person. */
  readonly scheduled: boolean
  readonly startedAt: number
  readonly endedAt: number | null
  readonly checked: number
  readonly total: number
  readonly verdict: Verdict | null
  /** Why it came to no verdict. */
  readonly error: string | null
  /** Chains that are to be verified after it, next first. */
  readonly waiting: readonly string[]
  /** Null: everything it says it checked it checked without a break. */
  readonly resumed: Resumed | null
}

type Kept = Verdict & { readonly resumed?: Resumed }
interface ReadVerdict {
  readonly verdict: Verdict | null
  readonly error: string | null
  readonly resumed: Resumed | null
}

/** A verdict as it is kept, with where its run went on. */
export const keptVerdict = (verdict: Verdict, resumed: Resumed | null): string =>
  JSON.stringify(resumed === null ? verdict : { ...verdict, resumed })

/** A verdict as it is kept; runs of before kept `{ error }` in its place. */
const readVerdict = (text: string | null): ReadVerdict => {
  const kept = text === null ? null : (JSON.parse(text) as Kept | { readonly error: string })
  if (kept === null) return { verdict: null, error: null, resumed: null }
  if (!('ok' in kept)) return { verdict: null, error: kept.error, resumed: null }
  const { resumed = null, ...verdict } = kept
  return { verdict, error: null, resumed }
}

export const runOfRow = (row: RunRow): VerificationRun => {
  const { verdict, error, resumed } = readVerdict(row.verdict)
  return {
    id: row.id,
    chain: row.chain,
    mode: row.mode,
    state: row.state,
    requestedBy: row.requested_by,
    scheduled: row.scheduled === 1,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    checked: row.checked,
    total: row.total,
    verdict,
    error: row.error_code ?? error,
    resumed,
    waiting: waitingOf(row.scope),
  }
}

const utf8 = new TextEncoder()

/** The intent of the entry that tells that a run ended; one run, one such entry. */
export const endIntentOf = (run: string): string => `verification-end:${run}`

/** What the key store signs over a saved place: for this run, its chain, its mode and the time, and nothing else. */
export const walkSealBytes = (
  run: Pick<VerificationRun, 'id' | 'chain' | 'mode'>,
  walk: Uint8Array,
  at: number,
): Uint8Array =>
  concatBytes(utf8.encode(`countersign/audit/walk/2\n${run.id}\n${run.chain}\n${run.mode}\n${at}\n`), walk)

const TIME_BYTES = 8

/** A seal as it is kept: the time that was signed (big endian, UTC ms), then the signature. */
export const packSeal = (at: number, signature: Uint8Array): Uint8Array => {
  const seal = new Uint8Array(TIME_BYTES + signature.length)
  new DataView(seal.buffer).setBigUint64(0, BigInt(at))
  seal.set(signature, TIME_BYTES)
  return seal
}

/** Null for bytes that are no seal. Whose it is the caller verifies. */
export const unpackSeal = (seal: Uint8Array): { readonly at: number; readonly signature: Uint8Array } | null => {
  if (seal.length <= TIME_BYTES) return null
  const at = Number(new DataView(seal.buffer, seal.byteOffset, seal.length).getBigUint64(0))
  return Number.isSafeInteger(at) ? { at, signature: seal.slice(TIME_BYTES) } : null
}
