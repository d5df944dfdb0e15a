import { useSyncExternalStore } from 'react'

const STEP_MS = 30_000
const subscribe = (changed: () => void): (() => void) => {
  const timer = setInterval(changed, STEP_MS)
  return () => clearInterval(timer)
}
const now = (): number => Math.floor(Date.now() / STEP_MS) * STEP_MS

/** The time, to half a minute: for what expires while looked at. */
export const useNow = (): number => useSyncExternalStore(subscribe, now)
