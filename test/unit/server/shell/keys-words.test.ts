import { describe, expect, it } from 'vitest'
import { freeLabel, labelAfter } from '../../../../server/shell/keys-labels.ts'
import { parseSubject } from '../../../../server/shell/keys-subject.ts'

describe('when a subject is written by hand', () => {
  it.each([
    ['CN=Exports', [['CN', 'Exports']]],
    [
      'c=IT, o=Registry\\, North ,CN=a\\=b',
      [
        ['C', 'IT'],
        ['O', 'Registry, North'],
        ['CN', 'a=b'],
      ],
    ],
    ['organizationIdentifier=VATIT-01234567890', [['organizationIdentifier', 'VATIT-01234567890']]],
    ['CN=back\\\\slash', [['CN', 'back\\slash']]],
    ['CN=Città è 東京', [['CN', 'Città è 東京']]],
  ])('reads %s', (text, expected) => {
    expect(parseSubject(text).map(({ type, value }) => [type, value])).toEqual(expected)
  })

  it.each([
    '',
    'Exports',
    'CN=',
    'XX=1',
    'CN=a,',
    ',CN=a',
    'CN=a,,O=b',
    'CN=a\\',
    'CN=a\u0007',
    `CN=${'a'.repeat(201)}`,
  ])('refuses %j', (text) => {
    expect(() => parseSubject(text)).toThrow(/REQUEST_INVALID/)
  })
})

describe('when the next key is named', () => {
  it.each([
    ['export', [], 'export.2'],
    ['export', ['export.2'], 'export.3'],
    ['export', ['export.99', 'export.2'], 'export.100'],
    ['export', ['seal', 'export.2'], 'export.3'],
    ['export', ['export.x', 'export.02'], 'export.2'],
    ['id:00ff', [], 'export.2'],
    ['a.b', ['a.b.4'], 'a.b.5'],
    ['a'.repeat(32), [], `${'a'.repeat(26)}.2`],
  ])('goes on from %s, after %j, with %s', (first, used, next) => {
    expect(labelAfter(first, used)).toBe(next)
  })

  it.each(['audit.chain', 'audit.chain.3', 'audit.note', 'ca.root', 'ca.x', 'vault', 'session'])(
    'leaves %s alone',
    (label) => {
      expect(() => freeLabel(label)).toThrow(/REQUEST_INVALID/)
    },
  )
  it.each(['export', 'export.2', 'audit.chain.x', 'cash'])('may use %s', (label) => {
    expect(freeLabel(label)).toBe(label)
  })
})
