import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AuditTrail } from '../../../../server/audit/trail.ts'
import type { EntryFilter } from '../../../../server/audit/trail.ts'
import { countBehind, listNext } from '../../../../server/db/repositories/audit-entries.ts'
import { countUnsearched, indexNext } from '../../../../server/db/repositories/audit-search.ts'
import { CHAIN, newIntent, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

let bench: Bench
let trail: AuditTrail
const START = 1_700_000_000_000

beforeAll(async () => {
  bench = await openBench()
  const intents = Array.from({ length: 30 }, (_, place) =>
    newIntent({
      at: START + Math.floor(place / 2),
      tenant: place === 29 ? 'tenant-2' : 'tenant-1',
      office: `office-${place % 3}`,
      station: place % 2 === 0 ? 'station-1' : 'station-2',
      operator: { id: `operator-${place % 2}`, role: 'RO', office: null },
      action: place % 5 === 0 ? 'Modification' : 'Insertion',
      object: { type: place % 2 === 0 ? 'holder' : 'card', id: `object-${place % 10}` },
      correlationId: `request-${place}`,
      before: place % 5 === 0 ? { familyName: 'Rossi' } : null,
      after: { givenNames: 'Zoë', familyName: place === 7 ? "D'Àvila Núñez" : 'Rossi', place },
      reason: place === 12 ? 'lost "in" the lake* AND OR NOT (x' : null,
    }),
  )
  await bench.write(intents)
  trail = new AuditTrail(bench.databases.audit, (ids) =>
    Promise.resolve(new Map(ids.filter((id) => id === 'operator-0').map((id) => [id, 'Olga Officer']))),
  )
})
afterAll(() => bench.close())

const all = async (filter: EntryFilter, limit = 7) => {
  const found = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<AuditTrail['list']>> = await trail.list(filter, { limit, cursor })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    found.push(...page.items)
    cursor = page.next
  } while (cursor)
  return found
}

const FILTERS: readonly (readonly [string, EntryFilter, number])[] = [
  ['of a tenant', { tenant: 'tenant-1' }, 29],
  ['of another tenant', { tenant: 'tenant-2' }, 1],
  ['of two offices', { offices: ['office-0', 'office-2'] }, 20],
  ['of no office', { offices: [] }, 0],
  ['of a station', { station: 'station-2' }, 15],
  ['of an operator', { operatorIds: ['operator-1'] }, 15],
  ['of an action', { actions: ['Modification'] }, 6],
  ['of two actions', { actions: ['Modification', 'KeyUse'] }, 8],
  ['of an object type', { objectType: 'card' }, 15],
  ['of an object', { objectType: 'card', objectId: 'object-3' }, 3],
  ['from a time', { tenant: 'tenant-1', from: START + 10 }, 9],
  ['to a time, excluded', { tenant: 'tenant-1', to: START + 10 }, 20],
  ['of a request', { correlationId: 'request-4' }, 1],
  ['of a chain', { chain: CHAIN }, 32],
  ['of another chain', { chain: 'node-2' }, 0],
  ['by all together', { tenant: 'tenant-1', actions: ['Modification'], objectType: 'holder', text: 'rossi' }, 3],
  ['by a word', { text: 'lake' }, 1],
  ['by a word with accents', { text: 'NUNEZ' }, 1],
  ['by a word with an apostrophe', { text: "d'avila" }, 1],
  ['by a beginning', { text: 'nun*' }, 1],
  ['by words in any order', { text: 'lake lost' }, 1],
  ['by a phrase', { text: '"in the lake"' }, 1],
  ['by a phrase in another order', { text: '"lake the in"' }, 0],
  ['by an operator of the query language', { text: 'AND OR NOT' }, 1],
  ['by syntax', { text: 'words:lake NEAR(a b) ) " (' }, 0],
  ['by signs only', { text: '"*" ( ) \' -- ;' }, 0],
  ['by blanks', { text: '  ' }, 32],
  ['by an id', { text: 'object-3' }, 3],
]

describe('the list of entries', () => {
  it.each(FILTERS)('%s', async (_, filter, count) => {
    const found = await all(filter)
    expect(found).toHaveLength(count)
    expect(new Set(found.map((row) => row.sequence)).size).toBe(count)
  })

  it('finds the same words in the full text as before they were in it', async () => {
    const { audit } = bench.databases
    while ((await indexNext(audit.db, 'sqlite', CHAIN, 7)) > 0);
    expect(await countUnsearched(audit.db, CHAIN)).toBe(0)
    const counts = [
      ['lake', 1],
      ['NUNEZ', 1],
      ["d'avila", 1],
      ['nun*', 1],
      ['lake lost', 1],
      ['"in the lake"', 1],
      ['"lake the in"', 0],
      ['AND OR NOT', 1],
      ['words:lake NEAR(a b) ) " (', 0],
      ['object-3', 3],
    ] as const
    for (const [text, count] of counts) expect(await all({ text }), text).toHaveLength(count)
    expect(
      await all({ text: 'rossi', actions: ['Modification'], objectType: 'holder', tenant: 'tenant-1' }),
    ).toHaveLength(3)
  })

  it.each<[string, (id: number) => number]>([
    ['none is in the indexes of lists', () => 0],
    ['half of them are', (id) => id % 2],
    ['marks say what they never do', (id) => (id % 3) * 7],
    ['all are', () => 1],
  ])('is the same while %s', async (_, mark) => {
    const { db } = bench.databases.audit
    const ids = await db.selectFrom('entry').select('id').execute()
    for (const { id } of ids)
      await db
        .updateTable('entry')
        .set({ listed: mark(id) as 0 | 1 })
        .where('id', '=', id)
        .execute()
    for (const [name, filter, count] of FILTERS) {
      const found = await all(filter)
      expect(found, name).toHaveLength(count)
      expect(new Set(found.map((row) => row.sequence)).size, name).toBe(count)
      if (filter.text !== undefined) continue
      const inOrder = found.toSorted((one, other) => other.time - one.time || other.sequence - one.sequence)
      expect(found, name).toEqual(inOrder)
    }
    const ofObject = await trail.trail({ objectType: 'card', objectId: 'object-3' }, { limit: 2 })
    expect(ofObject.items).toHaveLength(2)
    const rest = await trail.trail({ objectType: 'card', objectId: 'object-3' }, { limit: 2, cursor: ofObject.next })
    expect([...ofObject.items, ...rest.items].map((row) => row.correlationId)).toEqual(
      ['3', '13', '23'].map((place) => `request-${place}`),
    )
    while ((await listNext(db, 7)) > 0);
    expect(await countBehind(db)).toBe(0)
  })

  it('is newest first, whatever the page size', async () => {
    const whole = await all({}, 200)
    expect(await all({}, 1)).toEqual(whole)
    const times = whole.map((row) => row.time)
    expect(times).toEqual([...times].sort((left, right) => right - left))
  })

  it('names operators and objects', async () => {
    const [row] = await all({ correlationId: 'request-7' })
    expect(row).toMatchObject({ operatorName: null, objectName: "Zoë D'Àvila Núñez", role: 'RO', office: 'office-1' })
    const [other] = await all({ correlationId: 'request-8' })
    expect(other).toMatchObject({ operatorName: 'Olga Officer' })
  })

  it.each([
    ['of nonsense', 'x'],
    ['of other JSON', Buffer.from('{"at":1}').toString('base64url')],
    ['with a text id', Buffer.from('[1,5,"a"]').toString('base64url')],
    ['with a fraction', Buffer.from('[1,5.5,1]').toString('base64url')],
    ['with blanks', Buffer.from('[1, 5, 1]').toString('base64url')],
    ['with SQL', Buffer.from('[1,5,"1 or 1=1"]').toString('base64url')],
  ])('refuses a cursor %s', async (_, cursor) => {
    await expect(trail.list({}, { cursor })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    await expect(trail.list({ text: 'lake' }, { cursor })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it.each([0, 201, 1.5, -1])('refuses the limit %d', async (limit) => {
    await expect(trail.list({}, { limit })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })
})

describe('a payload someone changed', () => {
  it('does not keep the rest from being read', async () => {
    const [row] = await all({ correlationId: 'request-9' })
    const sequence = row?.sequence ?? -1
    const set = (bytes: Uint8Array | null) =>
      bench.databases.audit.db.updateTable('payload').set({ bytes }).where('sequence', '=', sequence).execute()
    const { db } = bench.databases.audit
    const kept = await db
      .selectFrom('payload')
      .select('bytes')
      .where('sequence', '=', sequence)
      .executeTakeFirstOrThrow()
    await set(new TextEncoder().encode('{"before":'))
    expect(await all({})).toHaveLength(32)
    expect(await trail.get(CHAIN, sequence)).toMatchObject({ before: null, after: null, objectName: null })
    await set(kept.bytes)
  })
})

describe('one entry', () => {
  it('comes with before, after, changed fields and what proves it', async () => {
    const [row] = await all({ correlationId: 'request-5' })
    const record = await trail.get(CHAIN, row?.sequence ?? -1)
    expect(record).toMatchObject({
      before: { familyName: 'Rossi' },
      after: { givenNames: 'Zoë', familyName: 'Rossi', place: 5 },
      changed: ['givenNames', 'place'],
      erased: null,
    })
    expect(record.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(record.signature).toMatch(/^[A-Za-z0-9_-]{86}$/)
  })

  it.each([
    [CHAIN, 999],
    ['node-2', 0],
  ])('is not found: %s %d', async (chain, sequence) => {
    await expect(trail.get(chain, sequence)).rejects.toMatchObject({ code: 'AUDIT_NOT_FOUND' })
  })
})

describe('the trail of an object', () => {
  it('is whole and oldest first, in pages', async () => {
    const filter = { objectType: 'holder', objectId: 'object-4', tenant: 'tenant-1' }
    const first = await trail.trail(filter, { limit: 2 })
    const second = await trail.trail(filter, { limit: 2, cursor: first.next })
    expect([...first.items, ...second.items].map((row) => row.correlationId)).toEqual([
      'request-4',
      'request-14',
      'request-24',
    ])
    expect(second.next).toBeNull()
  })
})
