import { useCallback, useEffect, useState } from 'react'
import type { Failure } from '../../shared/contract/result.ts'
import { failureOf } from './failure.ts'
import { onReachable } from './reachable.ts'

/** What a view knows of something it asked for. Old data stays while new is fetched, so that nothing jumps. */
export interface Load<T> {
  data: T | undefined
  failure: Failure | undefined
  loading: boolean
  reload: () => void
}

interface Answer<T> {
  ask: () => Promise<T>
  turn: number
  data: T | undefined
  failure: Failure | undefined
}

/**
 * Asks when mounted and whenever `ask` changes (memoise it); an answer that comes after a newer question is dropped. What
 * could not be had because the server was out of reach is asked for again by itself when it is back.
 */
export function useLoad<T>(ask: () => Promise<T>): Load<T> {
  const [turn, setTurn] = useState(0)
  const [answer, setAnswer] = useState<Answer<T> | null>(null)
  useEffect(() => {
    let current = true
    const settle = (data: T | undefined, failure: Failure | undefined) => {
      if (current) setAnswer({ ask, turn, data, failure })
    }
    ask().then(
      (data) => settle(data, undefined),
      (error: unknown) => settle(undefined, failureOf(error)),
    )
    return () => {
      current = false
    }
  }, [ask, turn])
  const reload = useCallback(() => setTurn((n) => n + 1), [])
  const offline = answer?.failure?.code === 'NETWORK_OFFLINE'
  useEffect(() => (offline ? onReachable(reload) : undefined), [offline, reload])
  return {
    data: answer?.data,
    failure: answer?.failure,
    loading: answer === null || answer.ask !== ask || answer.turn !== turn,
    reload,
  }
}

/** A page as every list call answers it. */
export interface Paged<T> {
  items: T[]
  next: string | null
}
export interface PagedLoad<T> extends Load<T[]> {
  hasMore: boolean
  loadMore: () => void
}

/** A list that grows page by page. `ask` gets the cursor of the next page, undefined for the first. */
export function usePagedLoad<T>(ask: (cursor: string | undefined) => Promise<Paged<T>>): PagedLoad<T> {
  const first = useLoad(useCallback(() => ask(undefined), [ask]))
  const [more, setMore] = useState<{ of: Paged<T> | undefined; items: T[]; next: string | null }>({
    of: undefined,
    items: [],
    next: null,
  })
  const [failure, setFailure] = useState<Failure>()
  const [busy, setBusy] = useState(false)
  const grown = more.of === first.data
  const next = grown ? more.next : (first.data?.next ?? null)
  const grow = async (cursor: string) => {
    setBusy(true)
    try {
      const page = await ask(cursor)
      setFailure(undefined)
      setMore((old) => ({
        of: first.data,
        items: [...(old.of === first.data ? old.items : []), ...page.items],
        next: page.next,
      }))
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  const loadMore = () => {
    if (next !== null && !busy) void grow(next)
  }
  return {
    data: first.data === undefined ? undefined : grown ? [...first.data.items, ...more.items] : first.data.items,
    failure: first.failure ?? failure,
    loading: first.loading || busy,
    reload: first.reload,
    hasMore: next !== null,
    loadMore,
  }
}

/** True once `waiting` has lasted `afterMs`: a skeleton or spinner is shown only then. */
export function useDelayed(waiting: boolean, afterMs = 300): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!waiting) return undefined
    const timer = setTimeout(() => setLate(true), afterMs)
    return () => {
      clearTimeout(timer)
      setLate(false)
    }
  }, [waiting, afterMs])
  return waiting && late
}

/** The value as it was before the person stopped typing for `ms`. */
export function useSettled<T>(value: T, ms = 200): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
