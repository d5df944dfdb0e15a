const SESSIONS_MAX = 500
const NAMES_MAX = 1000

/**
 * What was told of each session already. Bounded: of too many the oldest are forgotten, and would be told once more.
 * Who comes while the first is being told waits for it; what failed is told by the next.
 */
export class ToldOnce {
  readonly #sessions = new Map<string, Map<string, Promise<void>>>()

  run(session: string, name: string, tell: () => Promise<void>): Promise<void> {
    const names = this.#namesOf(session)
    const known = names.get(name)
    if (known) return known
    const telling = tell()
    forgetOldest(names, NAMES_MAX)
    names.set(name, telling)
    telling.catch(() => names.delete(name))
    return telling
  }

  #namesOf(session: string): Map<string, Promise<void>> {
    const known = this.#sessions.get(session)
    if (known) return known
    forgetOldest(this.#sessions, SESSIONS_MAX)
    const names = new Map<string, Promise<void>>()
    this.#sessions.set(session, names)
    return names
  }
}

const forgetOldest = (map: Map<string, unknown>, most: number): void => {
  const [oldest] = map.keys()
  if (map.size >= most && oldest !== undefined) map.delete(oldest)
}
