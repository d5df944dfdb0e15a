import { describe, expect, it } from 'vitest'
import type { EntryFilter } from '../../../../server/db/repositories/audit-filter.ts'
import { evaluatedSearch } from '../../../../server/exports/evaluated.ts'

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `operator_${at}`)

describe('when a selection is written into a manifest', () => {
  it.each<[string, EntryFilter | null, boolean, boolean]>([
    ['a span', { from: 1, to: 2 }, false, true],
    ['an operator', { operatorIds: ids(1) }, false, true],
    ['as many as it may hold', { operatorIds: ids(1000) }, false, true],
    ['more than it may hold', { operatorIds: ids(1001) }, false, false],
    ['words', { text: 'rossi' }, false, false],
    ['nothing', null, false, false],
    ['ids that whoever asked is not told', { operatorIds: ids(1) }, true, false],
  ])('judges: %s', (_, selected, isUntold, expected) => {
    const { evaluated, filter } = evaluatedSearch({ selected, isUntold })
    expect([evaluated, filter !== null]).toEqual([expected, expected])
  })
})
