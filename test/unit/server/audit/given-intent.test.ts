import { describe, expect, it } from 'vitest'
import { readIntent } from '../../../../server/audit/given-intent.ts'
import { newIntent } from './chain-bench.ts'

describe('when an intent is read from the database', () => {
  it('gives what was recorded', () => {
    const intent = newIntent()
    expect(readIntent({ id: intent.id, body: JSON.stringify(intent) })).toEqual({ intent, isRecorded: true })
  })

  it.each([
    ['another id', newIntent(), 'intent-altered'],
    [
      'a key of the chain',
      newIntent({ id: 'x', action: 'KeyUse', object: { type: 'audit-key', id: 'k' } }),
      'intent-reserved',
    ],
  ] as const)('refuses %s', (_, intent, reason) => {
    expect(() => readIntent({ id: 'x', body: JSON.stringify(intent) })).toThrow(
      expect.objectContaining({ code: 'AUDIT_CHAIN_UNWRITABLE', detail: { reason, intent: 'x' } }),
    )
  })
})
