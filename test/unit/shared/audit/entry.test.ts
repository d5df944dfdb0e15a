import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../../../shared/audit/jcs.ts'
import type { Json } from '../../../../shared/audit/json.ts'
import { encodeEntry, parseEntry } from '../../../../shared/audit/entry.ts'
import type { Entry } from '../../../../shared/audit/entry.ts'
import { genesisOf } from '../../../../shared/audit/link.ts'
import {
  changedFields,
  encodePayload,
  makePayload,
  parsePayload,
  payloadDigest,
} from '../../../../shared/audit/payload.ts'

const entry: Entry = {
  chain: 'node-1',
  sequence: 7,
  at: 1_700_000_000_123,
  tenant: 'tenant-1',
  division: null,
  office: 'office-1',
  operator: { id: 'operator-1', role: 'RO', office: 'office-1' },
  station: 'station-1',
  action: 'Insertion',
  object: { type: 'holder', id: 'holder-1' },
  correlationId: 'request-1',
  intent: 'intent-1',
  key: 'a2V5',
  payload: new Uint8Array(32).fill(1),
  previous: genesisOf('node-1'),
}
const body = JSON.parse(new TextDecoder().decode(encodeEntry(entry))) as { [name: string]: Json }
const bytesOf = (value: Json): Uint8Array => new TextEncoder().encode(canonicalize(value))

describe('an entry', () => {
  it('comes back from its bytes', () => {
    expect(parseEntry(encodeEntry(entry))).toEqual(entry)
    const ownerless = { ...entry, operator: null, station: null }
    expect(parseEntry(encodeEntry(ownerless))).toEqual(ownerless)
  })

  it.each([
    ['another format', { v: 2 }],
    ['an unknown member', { extra: 1 }],
    ['a negative sequence', { sequence: -1 }],
    ['a fraction of a ms', { at: 1.5 }],
    ['an unknown action', { action: 'Copy' }],
    ['a chain with a slash', { chain: 'node/1' }],
    ['an empty tenant', { tenant: '' }],
    ['an operator without a role', { operator: { id: 'o', office: null } }],
    ['a digest of another length', { payload: 'AAAA' }],
    ['base64 with padding', { previous: 'AA==' }],
    ['base64 with bits left over', { previous: 'AB' }],
    ['no previous signature', { previous: '' }],
  ])('is not read with %s', (_, change) => {
    expect(() => parseEntry(bytesOf({ ...body, ...change }))).toThrow('REQUEST_INVALID')
  })

  it.each(Object.keys(body))('is not read without %s', (name) => {
    expect(() => parseEntry(bytesOf(Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))))).toThrow(
      'REQUEST_INVALID',
    )
  })

  it('starts each chain from another value', () => {
    expect(genesisOf('node-1')).not.toEqual(genesisOf('node-2'))
  })
})

describe('a payload', () => {
  it.each<[string, Json, Json, string[]]>([
    ['a made object', null, { a: 1, b: { c: 2 } }, ['a', 'b']],
    ['a deleted object', { a: 1 }, null, ['a']],
    ['nothing changed', { a: [1, 2], b: null }, { b: null, a: [1, 2] }, []],
    ['a deep change', { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1, d: 3 } } }, ['a.b.d']],
    ['a list as a whole', { a: [1, 2] }, { a: [2, 1] }, ['a']],
    ['a value that became an object', { a: 1 }, { a: { b: 1 } }, ['a']],
    ['null against missing', { a: null }, {}, ['a']],
    ['plain values', 'x', 'y', ['value']],
    ['a name of the prototype', {}, JSON.parse('{"__proto__":1,"toString":2}') as Json, ['__proto__', 'toString']],
  ])('tells the changed fields of %s', (_, before, after, changed) => {
    expect(changedFields(before, after)).toEqual(changed)
  })

  it('comes back, and its digest depends on the salt and every byte', () => {
    const payload = makePayload({ a: 1 }, { a: 2 }, 'asked by the holder')
    const bytes = encodePayload(payload)
    expect(parsePayload(bytes)).toEqual(payload)
    const salt = new Uint8Array(16)
    const digest = payloadDigest(salt, bytes)
    expect(
      payloadDigest(
        Uint8Array.from(salt, () => 1),
        bytes,
      ),
    ).not.toEqual(digest)
    expect(() => payloadDigest(new Uint8Array(15), bytes)).toThrow('REQUEST_INVALID')
  })
})
