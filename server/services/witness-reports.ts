import { createHash } from 'node:crypto'
import { AppError } from '../../shared/contract/index.ts'
import type { VerifiedCheckpoint } from '../../shared/audit/note-key-statement.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'

const HOUR_MS = 3_600_000
/** Of one station in an hour; a desk that errs says the same again, which is not counted. */
const REPORTS_AN_HOUR = 6

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Two notes of one chain, one size, two roots: proof by itself that the chain was forked. */
export const isFork = (kept: VerifiedCheckpoint | null, seen: VerifiedCheckpoint | null): boolean =>
  kept !== null &&
  seen !== null &&
  kept.checkpoint.size === seen.checkpoint.size &&
  !sameBytes(kept.checkpoint.root, seen.checkpoint.root)

/** A note as it is told of: its text where a key of the chain signed it, else what it can be known again by. */
export const toldNote = (note: string | null, verified: VerifiedCheckpoint | null) =>
  note === null || verified !== null ? note : { sha256: digestOf(note), length: note.length }

/** How much a report shows by itself: nothing, notes of ours, or a fork, which nobody can make up. */
export const proofsOf = (kept: VerifiedCheckpoint | null, seen: VerifiedCheckpoint | null): number =>
  Number(kept !== null) + Number(seen !== null) + (isFork(kept, seen) ? 2 : 0)

/** A note by what was signed of it: lines that anyone may add make no other one. */
const nameOf = (note: string | null, verified: VerifiedCheckpoint | null): string | null => {
  if (note === null) return null
  if (!verified) return digestOf(note)
  const { origin, size, root } = verified.checkpoint
  return `${origin} ${size} ${Buffer.from(root).toString('base64')}`
}

export const reportName = (
  chain: string,
  body: { readonly kind: string; readonly kept: string; readonly seen: string | null },
  kept: VerifiedCheckpoint | null,
  seen: VerifiedCheckpoint | null,
): string => digestOf(JSON.stringify([chain, body.kind, nameOf(body.kept, kept), nameOf(body.seen, seen)]))

/**
 * What stations told of in the last hour: the same is told once, and of what proves nothing only so much, since each is
 * an entry that stays. In memory: after a restart it is told once more.
 */
export class WitnessReports {
  readonly #of = new Map<string, Map<string, number>>()

  /** Whether it was told already. Throws REQUEST_RATE_LIMITED for more than a station may tell without a fork. */
  isKnown(station: string, name: string, at: number, isProof: boolean): boolean {
    const told = this.#lately(station, at)
    if (told.has(name)) return true
    if (!isProof && told.size >= REPORTS_AN_HOUR) throw new AppError('REQUEST_RATE_LIMITED')
    return false
  }

  add(station: string, name: string, at: number): void {
    this.#of.set(station, this.#lately(station, at).set(name, at))
  }

  #lately(station: string, at: number): Map<string, number> {
    for (const [one, told] of this.#of)
      if ([...told.values()].every((then) => at - then >= HOUR_MS)) this.#of.delete(one)
    return new Map([...(this.#of.get(station) ?? [])].filter(([, then]) => at - then < HOUR_MS))
  }
}
