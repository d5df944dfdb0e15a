import type { CardPort } from './ports.ts'

/**
 * The same port, with a stopwatch: time during which at least one call was being answered. Overlapping calls count once.
 */
export function timeCards(port: CardPort): { cards: CardPort; spent: () => { ms: number; calls: number } } {
  let open = 0
  let calls = 0
  let sinceMs = 0
  let totalMs = 0
  const end = () => {
    open -= 1
    if (open === 0) totalMs += performance.now() - sinceMs
  }
  const cards = new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args)
        if (!(result instanceof Promise)) return result
        calls += 1
        if (open++ === 0) sinceMs = performance.now()
        return result.finally(end)
      }
    },
  })
  return { cards, spent: () => ({ ms: totalMs + (open > 0 ? performance.now() - sinceMs : 0), calls }) }
}
