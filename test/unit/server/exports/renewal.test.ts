import { describe, expect, it } from 'vitest'
import { renewalOf } from '../../../../server/exports/renewal.ts'

const DAY = 86_400_000
const day = (count: number): Date => new Date(count * DAY)

describe('when a package is to be renewed', () => {
  it.each<[string, number | null, Date | null, number | null]>([
    ['nothing ends', null, null, null],
    ['the first time-stamp', null, day(1000), 910 * DAY],
    ['a second one that ends sooner', 910 * DAY, day(500), 410 * DAY],
    ['a second one that ends later', 910 * DAY, day(2000), 910 * DAY],
    ['a second one without time-stamp', 910 * DAY, null, 910 * DAY],
  ])('judges: %s', (_, known, end, expected) => {
    expect(renewalOf(known, end)).toBe(expected)
  })
})
