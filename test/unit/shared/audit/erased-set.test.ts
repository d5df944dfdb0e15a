import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ErasedSet } from '../../../../shared/audit/erased-set.ts'
import { findFalseMark, readMarks, tombstoneOf } from '../../../../shared/audit/marks.ts'

const marksOf = (who: number) => ({ at: 1, by: `operator-${who}`, rule: 'retention-end' })

describe('the set of erased payloads', () => {
  it('holds what a plain set holds, whatever is added and dropped, and says whose tombstone was another', () => {
    const who = fc.integer({ min: 1, max: 2 })
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 3 }), length: fc.integer({ min: 1, max: 4 }), who }),
      fc.record({ from: fc.nat(60), to: fc.nat(60), who }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const set = new ErasedSet()
        const plain = new Map<number, { who: number; wrong: string | null }>()
        let next = 0
        for (const made of steps) {
          const marks = marksOf(made.who)
          if ('add' in made) {
            next += made.add
            set.add(next, marks, next + made.length - 1)
            for (const end = next + made.length; next < end; next += 1) plain.set(next, { who: made.who, wrong: null })
            next -= 1
            continue
          }
          set.drop(made.from, made.to, marks)
          for (let each = made.from; each <= made.to; each += 1) {
            const held = plain.get(each)
            if (held?.who === made.who) plain.delete(each)
            else if (held) held.wrong = 'erased_by'
          }
        }
        const all = set
          .copy()
          .ranges()
          .flatMap(({ from, to, marks, wrong }) =>
            Array.from({ length: to - from + 1 }, (_, place) => [from + place, marks.by, wrong]),
          )
        const wanted = [...plain].map(([sequence, held]) => [sequence, `operator-${held.who}`, held.wrong])
        expect(all).toEqual(wanted.sort(([left], [right]) => Number(left) - Number(right)))
        expect(set.first()?.from ?? null).toBe(all[0]?.[0] ?? null)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps a stretch erased by one act as one range', () => {
    const set = new ErasedSet()
    for (let sequence = 0; sequence < 10_000; sequence += 1) set.add(sequence, { ...marksOf(1) })
    expect(set.ranges()).toHaveLength(1)
  })
})

describe('the marks of an erased payload', () => {
  const sound = { salt: new Uint8Array(0), bytes: null, erasedAt: 5, erasedBy: 'x', erasedRule: 'y' }
  it.each([
    ['all there', {}, { at: 5, by: 'x', rule: 'y' }],
    ['no time', { erasedAt: null }, 'missing'],
    ['a time that is none', { erasedAt: 1.5 }, 'erased_at'],
    ['a time before all', { erasedAt: -1 }, 'erased_at'],
    ['an empty name', { erasedBy: '' }, 'erased_by'],
    ['a rule without end', { erasedRule: 'x'.repeat(201) }, 'erased_rule'],
    ['a salt', { salt: new Uint8Array(16) }, 'salt'],
  ])('%s', (_, change, found) => {
    expect(readMarks({ ...sound, ...change })).toEqual(found)
  })

  it.each([
    ['erased_by', { by: 'z' }],
    ['erased_rule', { rule: 'z' }],
    ['erased_at', { at: 6 }],
  ])('%s is compared', (column, change) => {
    const said = { at: 5, by: 'x', rule: 'y' }
    expect(findFalseMark({ ...said, ...change }, said)).toBe(column)
    expect(findFalseMark(said, said)).toBeNull()
  })

  it.each([
    ['{"after":{"by":"x","rule":"y"}}', { from: 3, to: 4, marks: { at: 5, by: 'x', rule: 'y' } }],
    ['{"after":{"by":"x"}}', null],
    ['{"after":null}', null],
    ['null', null],
    ['{', null],
    [null, null],
  ])('a tombstone with the payload %s', (text, found) => {
    const entry = { at: 5, action: 'Deletion', object: { type: 'audit-payload', id: '3-4' } } as const
    expect(tombstoneOf(entry, text === null ? null : new TextEncoder().encode(text))).toEqual(found)
    expect(tombstoneOf({ ...entry, action: 'Insertion' }, new TextEncoder().encode(text ?? ''))).toBeNull()
  })
})
