/** Rows newest first, grown at the bottom by pages and at the top by what is new; no row is there twice. */
export interface Feed<T> {
  readonly rows: readonly T[]
  /** Cursor of the page below; null at the end. */
  readonly next: string | null
  /** Rows that came at the top and were not looked at yet. */
  readonly unseen: number
}

/** New rows overlap with the top of the list alone: pages below it never come a second time. */
const OVERLAP = 500

export const startFeed = <T>(rows: readonly T[], next: string | null): Feed<T> => ({ rows, next, unseen: 0 })

export const growBelow = <T>(
  feed: Feed<T>,
  page: { readonly items: readonly T[]; readonly next: string | null },
): Feed<T> => ({ ...feed, rows: [...feed.rows, ...page.items], next: page.next })

/** `items` newest first. The same feed when nothing of it is new. */
export const growAbove = <T>(feed: Feed<T>, items: readonly T[], keyOf: (row: T) => string): Feed<T> => {
  const known = new Set(feed.rows.slice(0, items.length + OVERLAP).map(keyOf))
  const rows = items.filter((row) => !known.has(keyOf(row)))
  if (rows.length === 0) return feed
  return { ...feed, rows: [...rows, ...feed.rows], unseen: feed.unseen + rows.length }
}

export const seenAll = <T>(feed: Feed<T>): Feed<T> => (feed.unseen === 0 ? feed : { ...feed, unseen: 0 })
