import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACTIONS } from '../../../../shared/audit/entry-form.ts'
import { parseEntryText, readEntry } from '../../../../shared/audit/entry-read.ts'
import { scanEntry } from '../../../../shared/audit/entry-scan.ts'
import { AuditAction, encodeEntry, parseEntry } from '../../../../shared/audit/entry.ts'
import type { Entry } from '../../../../shared/audit/entry.ts'

const plain = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
const name = fc.oneof(
  { weight: 6, arbitrary: plain },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
)
const maybe = fc.option(name)
const chain = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const anyEntry: fc.Arbitrary<Entry> = fc.record({
  chain,
  sequence: fc.maxSafeNat(),
  at: fc.maxSafeNat(),
  tenant: name,
  division: maybe,
  office: maybe,
  operator: fc.option(fc.record({ id: name, role: name, office: maybe })),
  station: maybe,
  action: fc.constantFrom(...AuditAction.options),
  object: fc.record({ type: name, id: name }),
  correlationId: name,
  intent: name,
  key: fc.stringMatching(/^[A-Za-z0-9_-]{1,43}$/),
  payload: bytes(32),
  previous: fc.integer({ min: 1, max: 70 }).chain(bytes),
})

const tryTo = <T>(body: () => T): T | 'refused' => {
  try {
    return body()
  } catch {
    return 'refused'
  }
}
const utf8 = new TextEncoder()

/** What a quick reader could be too kind to: every change of a byte, of a part, of the whole. */
const change: fc.Arbitrary<(source: Uint8Array) => Uint8Array> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (source: Uint8Array) => {
    const place = at % source.length
    return source.with(place, (source[place] ?? 0) ^ mask)
  }),
  fc.nat().map((at) => (source: Uint8Array) => source.filter((_, place) => place !== at % source.length)),
  fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => (source: Uint8Array) => {
    const place = at % source.length
    return Uint8Array.from([...source.slice(0, place), value, ...source.slice(place)])
  }),
  fc
    .constantFrom<[string, string]>(
      ['"v":1', '"v":1.0'],
      ['"v":1', '"v":2'],
      ['"at":', '"at":-'],
      ['"at":', '"at":0'],
      ['"sequence":', '"sequence":1e'],
      ['null', '""'],
      ['null', '{}'],
      [',', ' ,'],
      ['{"action"', '{"a":0,"action"'],
      ['}', ',"z":0}'],
      ['"payload":"', '"payload":"='],
      ['"previous":"', '"previous":"A'],
      ['"tenant"', '"Tenant"'],
      ['Insertion', 'insertion'],
    )
    .map(
      ([from, to]) =>
        (source: Uint8Array) =>
          utf8.encode(new TextDecoder().decode(source).replace(from, to)),
    ),
)

describe('the quick reader of entries', () => {
  it('reads what the strict parser reads', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const source = tryTo(() => encodeEntry(entry))
        if (source === 'refused') return
        expect(readEntry(source)).toEqual(parseEntry(source))
        expect(encodeEntry(readEntry(source))).toEqual(source)
      }),
      { numRuns: 500 },
    )
  })

  it('refuses what the strict parser refuses, whatever was changed', () => {
    fc.assert(
      fc.property(anyEntry, fc.array(change, { minLength: 1, maxLength: 3 }), (entry, changes) => {
        const source = tryTo(() => encodeEntry(entry))
        if (source === 'refused') return
        const changed = changes.reduce((value, make) => make(value), source)
        const strict = tryTo(() => parseEntry(changed))
        expect(tryTo(() => readEntry(changed))).toEqual(strict)
        if (strict === 'refused') expect(scanEntry(changed)).toBeNull()
      }),
      { numRuns: 3000 },
    )
  })

  it('knows the actions of the contract', () => {
    expect([...ACTIONS]).toEqual(AuditAction.options)
  })

  it('takes the quick way for plain text and the long way for the rest', () => {
    const entry = fc.sample(anyEntry, 1)[0]
    if (!entry) throw new Error('no sample')
    const simple = { ...entry, tenant: 'tenant-1', division: null, office: null, operator: null, station: null }
    const names = { object: { type: 'holder', id: 'holder-1' }, correlationId: 'request-1', intent: 'intent-1' }
    const source = encodeEntry({ ...simple, ...names })
    expect(scanEntry(source)).not.toBeNull()
    const accented = encodeEntry({ ...simple, ...names, tenant: 'Societ\u00e0' })
    expect(scanEntry(accented)).toBeNull()
    expect(parseEntryText(accented)).toMatchObject({ tenant: 'Societ\u00e0' })
  })
})
