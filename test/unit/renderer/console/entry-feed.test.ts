import { describe, expect, it } from 'vitest'
import { growAbove, growBelow, seenAll, startFeed } from '../../../../renderer/console/stores/entry-feed.ts'

const keyOf = (row: number) => String(row)
const start = startFeed([5, 4, 3], 'page-2')

describe('when a list of entries grows', () => {
  it('takes the page below as it comes, and where the next one begins', () => {
    const grown = growBelow(start, { items: [2, 1], next: null })
    expect(grown).toEqual({ rows: [5, 4, 3, 2, 1], next: null, unseen: 0 })
  })
  it('puts what is new at the top and counts it until it was seen', () => {
    const grown = growAbove(growAbove(start, [6], keyOf), [8, 7], keyOf)
    expect(grown.rows).toEqual([8, 7, 6, 5, 4, 3])
    expect(grown.unseen).toBe(3)
    expect(seenAll(grown).unseen).toBe(0)
    expect(growBelow(grown, { items: [2], next: null }).unseen).toBe(3)
  })
  it('shows nothing twice, in whatever overlap it is told', () => {
    const grown = growAbove(start, [7, 6, 5, 4], keyOf)
    expect(grown.rows).toEqual([7, 6, 5, 4, 3])
    expect(grown.unseen).toBe(2)
  })
  it('is the same list when nothing of it is new', () => {
    expect(growAbove(start, [5, 4], keyOf)).toBe(start)
    expect(growAbove(start, [], keyOf)).toBe(start)
    expect(seenAll(start)).toBe(start)
  })
  it('looks at the top alone, however long the list is', () => {
    const feed = startFeed(
      Array.from({ length: 200_000 }, (_, n) => 200_000 - n),
      'more',
    )
    let looks = 0
    const grown = growAbove(feed, [200_001], (row) => `${(looks++, row)}`)
    expect(grown.rows).toHaveLength(200_001)
    expect(looks).toBeLessThan(1000)
  })
})
