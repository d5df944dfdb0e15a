import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../../../shared/audit/base64url.ts'
import { columnsText } from '../../../../shared/audit/entry-columns.ts'
import type { EntryColumns } from '../../../../shared/audit/entry-columns.ts'
import { scanEntry } from '../../../../shared/audit/entry-scan.ts'
import { AuditAction, encodeEntry } from '../../../../shared/audit/entry.ts'
import type { Entry } from '../../../../shared/audit/entry.ts'

const plain = fc.stringMatching(/^[ !#-[\]-~]{1,20}$/)
const maybe = fc.option(plain)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** With an operator of the entry's own office, as services write them. */
const plainEntry: fc.Arbitrary<Entry> = fc
  .record({
    chain: fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/),
    sequence: fc.maxSafeNat(),
    at: fc.maxSafeNat(),
    tenant: plain,
    division: maybe,
    office: maybe,
    operator: fc.option(fc.record({ id: plain, role: plain })),
    station: maybe,
    action: fc.constantFrom(...AuditAction.options),
    object: fc.record({ type: plain, id: plain }),
    correlationId: plain,
    intent: plain,
    key: fc.stringMatching(/^[A-Za-z0-9_-]{1,43}$/),
    payload: bytes(32),
    previous: bytes(64),
  })
  .map((entry) => ({ ...entry, operator: entry.operator && { ...entry.operator, office: entry.office } }))

const columnsOf = ({ key, intent, operator, object, payload: _p, previous: _s, ...same }: Entry): EntryColumns => ({
  ...same,
  keyId: key,
  intentId: intent,
  operatorId: operator?.id ?? null,
  operatorRole: operator?.role ?? null,
  objectType: object.type,
  objectId: object.id,
})

const latin1 = (source: Uint8Array): string => Buffer.from(source).toString('latin1')
const textFor = (entry: Entry, columns: object): string =>
  columnsText(columns as EntryColumns, encodeBase64url(entry.payload), encodeBase64url(entry.previous))

/** What a column could hold instead: of any type, empty, too long, or such that it ends the text it stands in. */
const other = fc.oneof(
  plain,
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>(
    null,
    undefined,
    '',
    'x'.repeat(201),
    'a"',
    'a\\',
    'a\n',
    'a\u0000',
    'à',
    '","tenant":"t',
    -1,
    0.5,
    1e300,
    Number.NaN,
    2 ** 53,
    '7',
    7n,
    Buffer.from('a'),
    ['a'],
  ),
)

describe('the text of an entry by its columns', () => {
  it('is what was signed, for entries in plain text', () => {
    fc.assert(
      fc.property(plainEntry, (entry) => {
        expect(textFor(entry, columnsOf(entry))).toBe(latin1(encodeEntry(entry)))
      }),
      { numRuns: 500 },
    )
  })

  it('is of no bytes, or of those of an entry that says what the columns say', () => {
    const column = fc.constantFrom(...(Object.keys(columnsOf(fc.sample(plainEntry, 1)[0] as Entry)) as never[]))
    let refused = 0
    fc.assert(
      fc.property(plainEntry, column, other, (entry, name, value) => {
        const columns = { ...columnsOf(entry), [name]: value }
        const text = textFor(entry, columns)
        const read = /[^\0-\xff]/.test(text) ? null : scanEntry(Buffer.from(text, 'latin1'))
        if (read === null) {
          // What no byte stands for: equal to nothing that can be stored.
          expect(text).toMatch(/\u0100/)
          refused += 1
          return
        }
        const { payload: _p, previous: _s, ...said } = read
        expect(columnsOf({ ...said, payload: entry.payload, previous: entry.previous })).toEqual(columns)
      }),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })

  it('does not give an operator of another office than the entry’s: such an entry is read', () => {
    const [entry] = fc.sample(plainEntry, 1)
    if (!entry) throw new Error('no sample')
    const elsewhere = { ...entry, office: 'office-1', operator: { id: 'o', role: 'RO', office: 'office-2' } }
    const text = textFor(elsewhere, columnsOf(elsewhere))
    expect(text).not.toBe(latin1(encodeEntry(elsewhere)))
    expect(text).not.toMatch(/\u0100/)
  })

  it('knows more words than it keeps', () => {
    const [entry] = fc.sample(plainEntry, 1)
    if (!entry) throw new Error('no sample')
    for (let made = 0; made < 10_050; made += 1) {
      const tenant = `tenant-${made}`
      if (textFor(entry, { ...columnsOf(entry), tenant }).includes(`"tenant":"${tenant}"`)) continue
      throw new Error(tenant)
    }
    expect(textFor(entry, columnsOf(entry))).toBe(latin1(encodeEntry(entry)))
  })
})
