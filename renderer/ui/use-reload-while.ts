import { useEffect, useRef } from 'react'
import type { Load } from './use-load.ts'

const EVERY_MS = 2000

/** Asks for a list again while something in it is under way, and tells when the last of it has ended. */
export const useReloadWhile = <T>(load: Load<T[]>, isUnderWay: (row: T) => boolean, onEnded: () => void): void => {
  const { data, reload } = load
  const busy = data?.some(isUnderWay) === true
  const was = useRef(false)
  useEffect(() => {
    if (was.current && !busy) onEnded()
    was.current = busy
    if (!busy) return undefined
    const timer = setInterval(reload, EVERY_MS)
    return () => clearInterval(timer)
  }, [busy, reload, onEnded])
}
