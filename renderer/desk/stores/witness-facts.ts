import type { WitnessedChain, WitnessLoss, WitnessState } from '../../../shared/contract/desk.ts'
import type { Tone } from '../../ui/Tone.tsx'

/** How long a loss of memory is on every screen; it stays in the diagnostics. */
export const LOSS_SHOWN_MS = 7 * 86_400_000

export const shownLosses = (witness: WitnessState, now: number): WitnessLoss[] =>
  witness.losses.filter(({ at }) => now - at < LOSS_SHOWN_MS)

/** How long a desk may go without a look that works before everybody is told. */
export const STALE_AFTER_MS = 86_400_000

/** When this desk last saw the audit, where that is too long ago and looking does not work; else null. */
export function staleSince({ chains, failure }: WitnessState, now: number): number | null {
  if (failure === null || chains.length === 0) return null
  const last = Math.max(...chains.map(({ seenAt }) => seenAt))
  return now - last > STALE_AFTER_MS ? last : null
}

/** One word for how a chain stands, and its tone. */
export function chainWord(
  witness: WitnessState,
  chain: WitnessedChain,
): { word: 'contradicted' | 'noProof' | 'asSeen'; tone: Tone } {
  if (witness.contradictions.some((found) => found.chain === chain.chain)) return { word: 'contradicted', tone: 'bad' }
  return chain.unproved !== null ? { word: 'noProof', tone: 'warn' } : { word: 'asSeen', tone: 'ok' }
}
