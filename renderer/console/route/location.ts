import type { Route } from '../../ui/route.ts'

/**
 * Where in the console we are. It is read from the URL's fragment, so that what is searched for (names of people) never
 * reaches a server's access log, and any static hosting will do.
 */
export const PLAIN_SCREENS = ['overview', 'verification', 'health', 'operators', 'stations'] as const
export type PlainScreen = (typeof PLAIN_SCREENS)[number]
export type Place =
  | { readonly screen: 'unknown' }
  | { readonly screen: PlainScreen }
  | { readonly screen: 'audit'; readonly query: Readonly<Record<string, string>> }
  | { readonly screen: 'trail'; readonly objectType: string; readonly objectId: string }
export type ScreenName = Place['screen']

const isPlain = (name: string): name is PlainScreen => (PLAIN_SCREENS as readonly string[]).includes(name)

/** Never throws: what is not a place is `unknown`. */
export const parsePlace = ({ path, query }: Route): Place => {
  const [first, ...rest] = path
  if (first === undefined) return { screen: 'overview' }
  if (first === 'audit' && rest.length === 0) return { screen: 'audit', query }
  const [objectType, objectId] = rest
  if (first === 'trail' && rest.length === 2 && objectType && objectId) return { screen: 'trail', objectType, objectId }
  return isPlain(first) && rest.length === 0 ? { screen: first } : { screen: 'unknown' }
}

export const pathOf = (screen: PlainScreen | 'audit'): readonly string[] => (screen === 'overview' ? [] : [screen])
export const trailPath = (objectType: string, objectId: string): readonly string[] => ['trail', objectType, objectId]
