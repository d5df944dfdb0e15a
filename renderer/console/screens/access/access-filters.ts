import { AccessEvent, AccessMeans, Text, type HttpInput } from '../../../../shared/contract/index.ts'
import { parseRange, resolveRange, writeRange, type TimeRange } from '../../route/time-range.ts'

/** Which accesses are looked for; the URL carries it whole. */
export interface AccessFilters {
  readonly range: TimeRange | null
  readonly event: AccessEvent | null
  readonly means: AccessMeans | null
  readonly text: string | null
}

/** Never throws: what is not a filter's value is left out. */
export const parseAccess = (search: URLSearchParams): AccessFilters => ({
  range: parseRange(search),
  event: AccessEvent.safeParse(search.get('event')).data ?? null,
  means: AccessMeans.safeParse(search.get('means')).data ?? null,
  text: Text(200).safeParse(search.get('text')).data ?? null,
})

export const formatAccess = (filters: AccessFilters): URLSearchParams => {
  const search = new URLSearchParams()
  writeRange(search, filters.range)
  for (const name of ['event', 'means', 'text'] as const) if (filters[name] !== null) search.set(name, filters[name])
  return search
}

/** For the server; a span that reaches back from now is fixed at `now`. */
export const accessQuery = (
  { range, event, means, text }: AccessFilters,
  now: number,
): HttpInput<'listAccess'>['query'] => ({
  ...resolveRange(range, Math.round(now)),
  ...(event === null ? {} : { event: [event] }),
  ...(means === null ? {} : { means: [means] }),
  ...(text === null ? {} : { text }),
})
