/** Who waits for the server to be back. */
const waiting = new Set<() => void>()

/** Calls `listener` each time the server is back; returns what ends it. */
export function onReachable(listener: () => void): () => void {
  waiting.add(listener)
  return () => waiting.delete(listener)
}

/** To be told by whoever watches the connection. */
export function tellReachable(): void {
  for (const listener of waiting) listener()
}
