import { describe, expect, it } from 'vitest'
import { stillReaches } from '../../../../server/services/exports-selection.ts'

const reach = (widest: object, isAll = false): string => JSON.stringify([widest, isAll])

describe('when an export is asked for after the reach changed', () => {
  it.each<[string, string, string, boolean]>([
    ['the same', reach({ tenant: 'a' }), reach({ tenant: 'a' }), true],
    ['a tenant that came since', reach({ tenants: ['a', 'b'] }), reach({ tenant: 'a' }, true), true],
    ['a tenant that is out of sight', reach({ tenant: 'a' }), reach({ tenants: ['a', 'b'] }), false],
    ['an office more', reach({ tenant: 'a', offices: ['x', 'y'] }), reach({ tenant: 'a', offices: ['x'] }), true],
    ['an office less', reach({ tenant: 'a', offices: ['x'] }), reach({ tenant: 'a', offices: ['x', 'y'] }), false],
    ['all offices now', reach({ tenant: 'a' }), reach({ tenant: 'a', offices: ['x'] }), true],
    ['some offices now', reach({ tenant: 'a', offices: ['x'] }), reach({ tenant: 'a' }), false],
  ])('judges: %s', (_, now, before, expected) => {
    expect(stillReaches(now, before)).toBe(expected)
  })
})
