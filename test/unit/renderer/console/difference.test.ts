import { describe, expect, it } from 'vitest'
import { compareSnapshots } from '../../../../renderer/console/format/difference.ts'
import { fieldKind } from '../../../../renderer/console/format/field-kind.ts'
import { fieldLabel } from '../../../../renderer/ui/field-label.ts'

describe('when two snapshots are compared', () => {
  const list = { empty: 'list' }
  it.each<[string, unknown, unknown, string[]]>([
    ['nothing and nothing', null, null, []],
    ['an insertion', null, { a: 1, b: null }, ['added a: -> 1', 'added b: -> null']],
    ['a deletion', { a: 1 }, null, ['removed a: 1 ->']],
    ['a change', { a: 1, b: 2 }, { a: 1, b: 3 }, ['same a: 1 -> 1', 'changed b: 2 -> 3']],
    ['null to a value', { a: null }, { a: 'x' }, ['changed a: null -> "x"']],
    ['a type', { a: 1 }, { a: '1' }, ['changed a: 1 -> "1"']],
    ['inside an object', { o: { a: 1, b: 1 } }, { o: { a: 2, b: 1 } }, ['changed o.a: 1 -> 2', 'same o.b: 1 -> 1']],
    ['an object for a word', { o: 'x' }, { o: { a: 1 } }, ['added o.a: -> 1', 'removed o: "x" ->']],
    ['a list of words', { l: ['a', 'b'] }, { l: ['a', 'c'] }, ['changed l: "a, b" -> "a, c"']],
    ['a list that was empty', { l: [] }, { l: ['a'] }, [`changed l: ${JSON.stringify(list)} -> "a"`]],
    ['a list of objects', { l: [{ a: 1 }] }, { l: [{ a: 1 }, { a: 2 }] }, ['same l.0.a: 1 -> 1', 'added l.1.a: -> 2']],
    ['a word by itself', 'x', 'y', ['changed : "x" -> "y"']],
    [
      'names that objects have anyway',
      {},
      { constructor: 1 },
      [`added constructor: -> 1`, `removed : {"empty":"object"} ->`],
    ],
  ])('tells %s', (_, before, after, expected) => {
    const text = (value: unknown) => (value === undefined ? '' : JSON.stringify(value))
    const told = compareSnapshots(before, after).map((field) =>
      `${field.kind} ${field.path}: ${text(field.before)} -> ${text(field.after)}`.replaceAll(/ {2,}/g, ' ').trimEnd(),
    )
    expect(told).toEqual(expected)
  })
})

describe('when a field is named', () => {
  const words: Record<string, string> = { role: 'Role', grants: 'Grants' }
  it.each([
    ['role', 'Role'],
    ['familyName', 'Family name'],
    ['grants.0.role', 'Grants 1 › Role'],
    ['key-usage_bits', 'Key usage bits'],
    ['0', '0'],
  ])('reads %s as %s', (path, label) => {
    expect(fieldLabel(path, (name) => words[name] ?? null)).toBe(label)
  })
})

describe('when a value is read', () => {
  it.each([
    ['signedAt', 1_790_000_000_000, 'instant'],
    ['certificate.notAfter', 1_790_000_000_000, 'instant'],
    ['signedAt', 5, 'plain'],
    ['pinTries', 1_790_000_000_000, 'plain'],
    ['birthDate', '1980-02-29', 'date'],
    ['birthDate', '1980-02-31x', 'plain'],
    ['note', '1980-99-99', 'plain'],
  ])('takes %s %s as %s', (path, value, kind) => {
    expect(fieldKind(path, value)).toBe(kind)
  })
})
