import { concatBytes } from '../../shared/audit/bytes.ts'
import type { Verdict, VerificationMode } from '../../shared/audit/verdict.ts'
import type { RunRow } from '../db/repositories/audit-runs.ts'

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
}

/** A verdict as it is kept; runs of before kept `{ error }` in its place. */
const readVerdict = (text: string | null): { readonly verdict: Verdict | null; readonly error: string | null } => {
  const kept = text === null ? null : (JSON.parse(text) as Verdict | { readonly error: string })
  if (kept === null) return { verdict: null, error: null }
  return 'ok' in kept ? { verdict: kept, error: null } : { verdict: null, error: kept.error }
}

export const runOfRow = (row: RunRow): VerificationRun => {
  const { verdict, error } = readVerdict(row.verdict)
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
  }
}

const utf8 = new TextEncoder()

/** What the key store signs over a saved place: for this run, its chain and its mode, and nothing else. */
export const walkSealBytes = (run: Pick<VerificationRun, 'id' | 'chain' | 'mode'>, walk: Uint8Array): Uint8Array =>
  concatBytes(utf8.encode(`countersign/audit/walk/1\n${run.id}\n${run.chain}\n${run.mode}\n`), walk)
