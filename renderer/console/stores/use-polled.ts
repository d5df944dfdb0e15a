import { useCallback, useEffect, useRef, useState } from 'react'
import { failureOf } from '../../ui/failure.ts'
import type { Load } from '../../ui/use-load.ts'

type Known<T> = Omit<Load<T>, 'reload'>

/**
 * Asks again and again while the page is visible; `everyMs` null asks once. What was last known stays beside the
 * failure, so that a screen can say "as of" instead of going blank. Memoise `ask`.
 */
export const usePolled = <T>(ask: () => Promise<T>, everyMs: number | null): Load<T> => {
  const [state, setState] = useState<Known<T>>({
    data: undefined,
    failure: undefined,
    loading: true,
  })
  const turn = useRef(0)
  const run = useCallback(() => {
    const mine = ++turn.current
    const tell = (change: (old: Known<T>) => Known<T>) => {
      if (mine === turn.current) setState(change)
    }
    ask().then(
      (data) => tell(() => ({ data, failure: undefined, loading: false })),
      (error: unknown) => tell((old) => ({ ...old, failure: failureOf(error), loading: false })),
    )
  }, [ask])
  useEffect(() => {
    const turns = turn
    run()
    return () => void turns.current++
  }, [run])
  useEffect(() => {
    if (everyMs === null) return undefined
    const timer = setInterval(() => {
      if (!document.hidden) run()
    }, everyMs)
    return () => clearInterval(timer)
  }, [run, everyMs])
  const reload = useCallback(() => {
    setState((old) => ({ ...old, loading: true }))
    run()
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
