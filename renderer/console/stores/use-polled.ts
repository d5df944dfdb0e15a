import { useCallback, useEffect, useRef, useState } from 'react'
import type { Failure } from '../../../shared/contract/index.ts'
import { failureOf } from '../../ui/failure.ts'
import type { Load } from '../../ui/use-load.ts'

/**
 * Asks again and again while the page is visible; `everyMs` null asks once. What was last known stays beside the
 * failure, so that a screen can say "as of" instead of going blank. Memoise `ask`.
 */
export const usePolled = <T>(ask: () => Promise<T>, everyMs: number | null): Load<T> => {
  const [state, setState] = useState<{ data: T | undefined; failure: Failure | undefined; loading: boolean }>({
    data: undefined,
    failure: undefined,
    loading: true,
  })
  const turn = useRef(0)
  const run = useCallback(async () => {
    const mine = ++turn.current
    try {
      const data = await ask()
      if (mine === turn.current) setState({ data, failure: undefined, loading: false })
    } catch (error) {
      if (mine === turn.current) setState((old) => ({ ...old, failure: failureOf(error), loading: false }))
    }
  }, [ask])
  useEffect(() => {
    void run()
    return () => void turn.current++
  }, [run])
  useEffect(() => {
    if (everyMs === null) return undefined
    const timer = setInterval(() => {
      if (!document.hidden) void run()
    }, everyMs)
    return () => clearInterval(timer)
  }, [run, everyMs])
  const reload = useCallback(() => {
    setState((old) => ({ ...old, loading: true }))
    void run()
  }, [run])
  return { ...state, reload }
}

/** The time now, told again every `everyMs`: for countdowns and "3 minutes ago". */
export const useNow = (everyMs: number, now: () => number = Date.now): number => {
  const [time, setTime] = useState(now)
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, now])
  return time
}
