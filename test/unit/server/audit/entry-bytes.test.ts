import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entryHalves } from '../../../../server/audit/entry-bytes.ts'
import { joinHalves } from '../../../../server/audit/entry-run.ts'
import { AuditAction, encodeEntry } from '../../../../shared/audit/entry.ts'
import type { Entry } from '../../../../shared/audit/entry.ts'

const name = fc.string({ minLength: 0, maxLength: 12, unit: 'binary' })
const anything = fc.oneof(
  { weight: 40, arbitrary: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }) },
  {
    weight: 1,
    arbitrary: fc.oneof(name, fc.constant('x'.repeat(200)), fc.constant('x'.repeat(201)), fc.constant('\ud800')),
  },
)
const orNull = fc.option(anything)
const count = fc.oneof(fc.nat(), fc.constant(-1), fc.constant(1.5), fc.constant(2 ** 53), fc.constant(-0))
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const entry: fc.Arbitrary<Entry> = fc.record({
  chain: fc.oneof(fc.constantFrom('node-1', 'a', 'A', '-a', 'a.b-c', ''), anything),
  sequence: count,
  at: count,
  tenant: anything,
  division: orNull,
  office: orNull,
  operator: fc.option(fc.record({ id: anything, role: anything, office: orNull })),
  station: orNull,
  action: fc.constantFrom(...AuditAction.options, 'Copy' as 'Insertion'),
  object: fc.record({ type: anything, id: anything }),
  correlationId: anything,
  intent: anything,
  key: fc.constantFrom('abc_-9', '', 'a b', 'AA=='),
  payload: bytes,
  previous: fc.uint8Array({ minLength: 1, maxLength: 80 }),
})
const sound: fc.Arbitrary<Partial<Entry>> = fc.record({
  chain: fc.constant('node-1'),
  sequence: fc.nat(),
  at: fc.nat(),
  key: fc.constant('key'),
  action: fc.constant('Insertion' as const),
})

const attempt = (make: () => Uint8Array): Uint8Array | string => {
  try {
    return make()
  } catch (error) {
    return String(error)
  }
}

describe('entry bytes made in halves', () => {
  it.each<[string, fc.Arbitrary<Entry>]>([
    ['whatever it holds', entry],
    ['mostly sound', fc.tuple(entry, sound).map(([whole, part]) => ({ ...whole, ...part }))],
  ])('are what the format says, and refused alike: an entry %s', (_, arbitrary) => {
    let made = 0
    fc.assert(
      fc.property(arbitrary, (one) => {
        const ours = attempt(() => joinHalves(entryHalves(one), one.payload, one.previous))
        const theirs = attempt(() => encodeEntry(one))
        expect(ours).toEqual(theirs)
        if (typeof ours !== 'string') made += 1
      }),
      { numRuns: 1000 },
    )
    if (_ === 'mostly sound') expect(made).toBeGreaterThan(20)
  })
})
