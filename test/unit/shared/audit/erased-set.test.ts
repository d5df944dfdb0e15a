import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ErasedSet } from '../../../../shared/audit/erased-set.ts'

describe('the set of erased payloads', () => {
  it('holds what a plain set holds, whatever is added and dropped', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ from: fc.nat(60), to: fc.nat(60) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [set, plain] = [new ErasedSet(), new Set<number>()]
        let next = 0
        for (const made of steps) {
          if ('add' in made) {
            next += made.add
            set.add(next)
            plain.add(next)
          } else {
            set.drop(made.from, made.to)
            for (let each = made.from; each <= made.to; each += 1) plain.delete(each)
          }
        }
        const held = set.copy().ranges()
        const all = held.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, place) => from + place))
        expect(all).toEqual([...plain].sort((left, right) => left - right))
        expect(set.first()).toBe(all[0] ?? null)
        const [one] = held
        if (one) expect(one[0]).toBeLessThanOrEqual(one[1])
      }),
      { numRuns: 500 },
    )
  })
})
