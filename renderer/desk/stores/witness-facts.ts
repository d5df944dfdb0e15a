import type { WitnessedChain, WitnessLoss, WitnessState } from '../../../shared/contract/desk.ts'
import type { Tone } from '../../ui/Tone.tsx'

/** How long a loss of memory is on every screen; it stays in the diagnostics. */
export const LOSS_SHOWN_MS = 7 * 86_400_000

export const shownLosses = (witness: WitnessState, now: number): WitnessLoss[] =>
  witness.losses.filter(({ at }) => now - at < LOSS_SHOWN_MS)

/** One word for how a chain stands, and its tone. */
export function chainWord(
  witness: WitnessState,
  chain: WitnessedChain,
): { word: 'contradicted' | 'noProof' | 'asSeen'; tone: Tone } {
  if (witness.contradictions.some((found) => found.chain === chain.chain)) return { word: 'contradicted', tone: 'bad' }
  return chain.unproved ? { word: 'noProof', tone: 'warn' } : { word: 'asSeen', tone: 'ok' }
}
