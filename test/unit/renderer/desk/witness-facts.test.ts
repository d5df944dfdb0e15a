import { describe, expect, it } from 'vitest'
import type { WitnessState } from '../../../../shared/contract/desk.ts'
import {
  chainWord,
  LOSS_SHOWN_MS,
  shownLosses,
  STALE_AFTER_MS,
  staleSince,
} from '../../../../renderer/desk/stores/witness-facts.ts'

const chain = { chain: 'node-1', size: 5, firstSeenAt: 0, seenAt: 0, cosignedAt: null, unproved: null }
const calm: WitnessState = {
  chains: [chain],
  contradictions: [],
  losses: [],
  checkedAt: 0,
  failure: null,
  keyRefused: false,
}
const contradiction = (name: string): WitnessState['contradictions'][number] => ({
  id: 'alarm_000000000001',
  chain: name,
  kind: 'forked',
  keptSize: 5,
  seenSize: 5,
  foundAt: 0,
  reported: false,
})

describe('when a witness tells how a chain stands', () => {
  it.each<[string, WitnessState, string, string]>([
    ['calm', calm, 'asSeen', 'ok'],
    [
      'without proof',
      { ...calm, chains: [{ ...chain, unproved: { id: 'doubt_000000000001', why: 'removed' } }] },
      'noProof',
      'warn',
    ],
    ['contradicted', { ...calm, contradictions: [contradiction('node-1')] }, 'contradicted', 'bad'],
    ['another contradicted', { ...calm, contradictions: [contradiction('node-2')] }, 'asSeen', 'ok'],
  ])('says it in a word: %s', (_what, witness, word, tone) =>
    expect(chainWord(witness, witness.chains[0]!)).toEqual({ word, tone }),
  )
  it('shows a loss of memory for a week', () => {
    const witness: WitnessState = { ...calm, losses: [{ chain: 'node-1', why: 'row-damaged', at: 1000 }] }
    expect(shownLosses(witness, 1000)).toHaveLength(1)
    expect(shownLosses(witness, 1000 + LOSS_SHOWN_MS)).toEqual([])
  })
  it.each<[string, WitnessState, number, number | null]>([
    ['all is well', calm, STALE_AFTER_MS * 2, null],
    ['it failed a moment ago', { ...calm, failure: 'NETWORK_OFFLINE' }, STALE_AFTER_MS, null],
    ['it fails for long', { ...calm, failure: 'NOT_FOUND' }, STALE_AFTER_MS + 1, 0],
    ['nothing was ever seen', { ...calm, chains: [], failure: 'NOT_FOUND' }, STALE_AFTER_MS * 2, null],
  ])('says since when it could not look: %s', (_what, witness, now, since) =>
    expect(staleSince(witness, now)).toBe(since),
  )
})
