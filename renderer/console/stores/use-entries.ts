import { useCallback, useEffect, useRef, useState } from 'react'
import type { AuditEntryRow, Failure } from '../../../shared/contract/index.ts'
import { failureOf } from '../../ui/failure.ts'
import { onReachable } from '../../ui/reachable.ts'
import type { Client } from '../client/client.ts'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { formatEntryRef, toQuery, type AuditFilters } from '../route/audit-filters.ts'
import { growAbove, growBelow, seenAll, startFeed, type Feed } from './entry-feed.ts'

const PAGE = 100
const FOLLOW_MS = 2000

export interface Entries {
  /** Those of the filters before while the new ones are late; undefined until the first came. */
  readonly rows: readonly AuditEntryRow[] | undefined
  readonly hasMore: boolean
  readonly unseen: number
  readonly loading: boolean
  readonly failure: Failure | undefined
  readonly reload: () => void
  readonly loadMore: () => void
  /** What came at the top is in sight. */
  readonly onSeen: () => void
}

interface State {
  readonly feed: Feed<AuditEntryRow> | undefined
  readonly failure: Failure | undefined
  readonly busy: boolean
}

type Ask = ReturnType<typeof askerFor>
/** The calls of one question. A span that reaches back from now is fixed when it is asked first. */
const askerFor = (client: Client, filters: AuditFilters, now: number) => {
  const query = toQuery(filters, Math.round(now))
  return {
    page: (cursor: string | null) =>
      valueOf(client.call('listAudit', { query: { ...query, limit: PAGE, ...(cursor === null ? {} : { cursor }) } })),
    newer: (after: string | null) =>
      valueOf(client.call('followAudit', { query: { ...query, limit: 200, ...(after === null ? {} : { after }) } })),
  }
}

/** Where following goes on is asked before the list: what comes between is in both, and is shown once. */
const newSince = async (ask: Ask, after: string | null) => {
  if (after !== null) return ask.newer(after)
  const { cursor } = await ask.newer(null)
  return { items: (await ask.page(null)).items, cursor, more: false }
}

/**
 * The entries that the filters leave, newest first, page by page; with `follow` new ones come at the top by themselves.
 * An answer to an older question is dropped.
 */
export const useEntries = (filters: AuditFilters, follow: boolean): Entries => {
  const { client, clock } = useConsole()
  const [state, setState] = useState<State>({ feed: undefined, failure: undefined, busy: true })
  const [turn, setTurn] = useState(0)
  const asked = useRef<{ ask: Ask; after: string | null } | null>(null)
  const reload = useCallback(() => setTurn((n) => n + 1), [])

  useEffect(() => {
    const mine = { turn, ask: askerFor(client, filters, clock.now()), after: null as string | null }
    asked.current = mine
    const tell = (change: (old: State) => State) => {
      if (asked.current === mine) setState(change)
    }
    const start = async () => {
      const { items, next } = await mine.ask.page(null)
      tell(() => ({ feed: startFeed(items, next), failure: undefined, busy: false }))
    }
    tell((old) => ({ ...old, busy: true }))
    start().catch((error: unknown) => tell((old) => ({ ...old, failure: failureOf(error), busy: false })))
    return () => {
      asked.current = null
    }
  }, [client, clock, filters, turn])

  useEffect(() => {
    if (!follow) return undefined
    let waiting = false
    const look = async () => {
      const mine = asked.current
      if (mine === null || waiting || document.hidden) return
      waiting = true
      try {
        const { items, cursor, more } = await newSince(mine.ask, mine.after)
        if (asked.current !== mine) return
        mine.after = cursor
        if (more) return reload()
        setState((old) => ({
          ...old,
          failure: undefined,
          feed: old.feed === undefined ? old.feed : growAbove(old.feed, items, formatEntryRef),
        }))
      } catch (error) {
        if (asked.current === mine) setState((old) => ({ ...old, failure: failureOf(error) }))
      } finally {
        waiting = false
      }
    }
    void look()
    const timer = setInterval(() => void look(), FOLLOW_MS)
    return () => clearInterval(timer)
  }, [follow, reload])

  const offline = state.failure?.code === 'NETWORK_OFFLINE'
  useEffect(() => (offline ? onReachable(reload) : undefined), [offline, reload])

  const { feed, busy } = state
  const next = feed?.next ?? null
  const loadMore = useCallback(() => {
    const mine = asked.current
    if (next === null || busy || mine === null) return
    const tell = (change: (old: State) => State) => {
      if (asked.current === mine) setState(change)
    }
    const grow = async () => {
      const page = await mine.ask.page(next)
      tell(({ feed: old }) => ({
        feed: old === undefined ? old : growBelow(old, page),
        failure: undefined,
        busy: false,
      }))
    }
    tell((old) => ({ ...old, busy: true }))
    grow().catch((error: unknown) => tell((old) => ({ ...old, failure: failureOf(error), busy: false })))
  }, [next, busy])
  const onSeen = useCallback(
    () => setState((old) => (old.feed === undefined ? old : { ...old, feed: seenAll(old.feed) })),
    [],
  )
  return {
    rows: feed?.rows,
    hasMore: next !== null,
    unseen: feed?.unseen ?? 0,
    loading: busy,
    failure: state.failure,
    reload,
    loadMore,
    onSeen,
  }
}
