import { useSyncExternalStore } from 'react'

/** Where we are, from the URL's hash: `#/enrol/enr_1/identity?reader=x` → path `['enrol','enr_1','identity']`. Never a secret. */
export interface Route {
  path: readonly string[]
  query: Readonly<Record<string, string>>
}

/** Reads a hash; anything broken is the empty path, which every application sends to its first screen. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  try {
    return {
      path: path
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent),
      query: Object.fromEntries(new URLSearchParams(query)),
    }
  } catch {
    return { path: [], query: {} }
  }
}

export function formatRoute(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}

const subscribe = (changed: () => void): (() => void) => {
  window.addEventListener('hashchange', changed)
  return () => window.removeEventListener('hashchange', changed)
}
let last: { hash: string; route: Route } = { hash: '', route: parseRoute('') }
const snapshot = (): Route => {
  if (last.hash !== location.hash) last = { hash: location.hash, route: parseRoute(location.hash) }
  return last.route
}

export const useRoute = (): Route => useSyncExternalStore(subscribe, snapshot)

/** Goes to a screen; `replace` leaves no step in the history. */
export function goTo(
  path: readonly string[],
  options: { query?: Readonly<Record<string, string>>; replace?: boolean } = {},
): void {
  const hash = formatRoute(path, options.query)
  if (options.replace === true) location.replace(hash)
  else location.hash = hash
}
