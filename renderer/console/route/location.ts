import type { Route } from '../../ui/route.ts'

/**
 * Where in the console we are. It is read from the URL's fragment, so that what is searched for (names of people) never
 * reaches a server's access log, and any static hosting will do.
 */
export const PLAIN_SCREENS = ['overview', 'chains', 'check', 'keys', 'health', 'operators', 'stations', 'mail'] as const
export type PlainScreen = (typeof PLAIN_SCREENS)[number]
/** Screens whose question stands in the address. */
export const ASKING_SCREENS = [
  'audit',
  'verification',
  'exports',
  'export-new',
  'alarms',
  'jobs',
  'access',
  'access-review',
] as const
export type AskingScreen = (typeof ASKING_SCREENS)[number]
export const RETENTION_PARTS = ['window', 'cleaning', 'erasure'] as const
export type RetentionPart = (typeof RETENTION_PARTS)[number]

type Query = Readonly<Record<string, string>>
export type Place =
  | { readonly screen: 'unknown' }
  | { readonly screen: PlainScreen }
  | { readonly screen: AskingScreen; readonly query: Query }
  | { readonly screen: 'retention'; readonly part: RetentionPart; readonly query: Query }
  | { readonly screen: 'trail'; readonly objectType: string; readonly objectId: string }
export type ScreenName = Place['screen']

/** Addresses of screens that are not their name. */
const PATHS: Partial<Record<ScreenName, readonly string[]>> = {
  overview: [],
  mail: ['jobs', 'mail'],
  'access-review': ['access', 'review'],
  'export-new': ['exports', 'new'],
}
export const pathOf = (screen: Exclude<ScreenName, 'unknown' | 'trail'>): readonly string[] => PATHS[screen] ?? [screen]
export const trailPath = (objectType: string, objectId: string): readonly string[] => ['trail', objectType, objectId]

const isAt = (screen: PlainScreen | AskingScreen, path: readonly string[]): boolean =>
  pathOf(screen).join('/') === path.join('/')

/** Never throws: what is not a place is `unknown`. */
export const parsePlace = ({ path, query }: Route): Place => {
  const plain = PLAIN_SCREENS.find((screen) => isAt(screen, path))
  if (plain !== undefined) return { screen: plain }
  const asking = ASKING_SCREENS.find((screen) => isAt(screen, path))
  if (asking !== undefined) return { screen: asking, query }
  const [first, second, third] = path
  if (first === 'trail' && path.length === 3 && second && third)
    return { screen: 'trail', objectType: second, objectId: third }
  if (first === 'retention' && path.length <= 2) {
    const part = second === undefined ? 'window' : RETENTION_PARTS.find((one) => one === second && one !== 'window')
    if (part !== undefined) return { screen: 'retention', part, query }
  }
  return { screen: 'unknown' }
}

/** The time range of the address, which goes along to other screens that have one. */
export const rangeOf = (query: Query): Record<string, string> =>
  Object.fromEntries(Object.entries(query).filter(([name]) => name === 'last' || name === 'from' || name === 'to'))
