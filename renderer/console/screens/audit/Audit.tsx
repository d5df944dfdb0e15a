import { Button } from '@mantine/core'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntryRow } from '../../../../shared/contract/index.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { IconRefresh } from '../../../ui/icons.ts'
import { useShortcuts, type Shortcut } from '../../../ui/keys.ts'
import { usePreferences } from '../../../ui/preferences.ts'
import { formatRoute, goTo } from '../../../ui/route.ts'
import { Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView, SkeletonRows } from '../../../ui/States.tsx'
import { useDelayed, usePagedLoad, type PagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import {
  activeFilters,
  formatEntryRef,
  formatFilters,
  parseEntryRef,
  parseFilters,
  toQuery,
  type AuditFilters,
  type EntryRef,
} from '../../route/audit-filters.ts'
import { EntryList } from './EntryList.tsx'
import { EntryPanel } from './EntryPanel.tsx'
import { FilterBar, FilterChips } from './FilterBar.tsx'

const PAGE = 100

const queryOf = (filters: AuditFilters, entry: EntryRef | null): Record<string, string> => ({
  ...Object.fromEntries(formatFilters(filters)),
  ...(entry === null ? {} : { entry: formatEntryRef(entry) }),
})

/** The entries that the filters leave. A span that reaches back from now is fixed when the first page is asked for. */
const useEntries = (filters: AuditFilters): PagedLoad<AuditEntryRow> => {
  const { client, clock } = useConsole()
  const asked = useRef(0)
  return usePagedLoad(
    useCallback(
      (cursor: string | undefined) => {
        if (cursor === undefined) asked.current = clock.now()
        const query = { ...toQuery(filters, Math.round(asked.current)), limit: PAGE }
        return valueOf(client.call('listAudit', { query: cursor === undefined ? query : { ...query, cursor } }))
      },
      [client, clock, filters],
    ),
  )
}

/** Which row the keys are on, and how to go from one to the next; an open entry goes along. */
const useRows = (entries: readonly AuditEntryRow[], open: EntryRef | null, show: (entry: EntryRef | null) => void) => {
  const [at, setAt] = useState(0)
  const [focus, setFocus] = useState({ turn: 0, index: 0 })
  const openKey = open === null ? null : formatEntryRef(open)
  const openAt = entries.findIndex((entry) => formatEntryRef(entry) === openKey)
  const current = openAt >= 0 ? openAt : Math.min(at, Math.max(0, entries.length - 1))
  const move = (delta: 1 | -1) => {
    const first = focus.turn === 0 && openAt < 0 && delta === 1
    const next = first ? 0 : Math.max(0, Math.min(entries.length - 1, current + delta))
    const entry = entries[next]
    if (entry === undefined) return
    setAt(next)
    setFocus(({ turn }) => ({ turn: turn + 1, index: next }))
    if (open !== null) show(entry)
  }
  const refocus = () => setFocus(({ turn }) => ({ turn: turn + 1, index: current }))
  return { current, openKey, focus, move, refocus }
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation('console')
  if (!filtered) return <EmptyState title={t('audit.empty')}>{t('audit.emptyWhy')}</EmptyState>
  return (
    <EmptyState
      title={t('audit.filteredToNothing')}
      action={
        <Button variant="default" onClick={() => goTo(['audit'])}>
          {t('common:clearFilters')}
        </Button>
      }
    >
      {t('audit.filteredWhy')}
    </EmptyState>
  )
}

/** The audit explorer: filters, entries newest first, the open entry beside them. The URL says it all. */
export function Audit({ query }: { query: Readonly<Record<string, string>> }) {
  const { t, i18n } = useTranslation('console')
  const search = useMemo(() => new URLSearchParams(query), [query])
  const wanted = formatFilters(parseFilters(search)).toString()
  const filters = useMemo(() => parseFilters(new URLSearchParams(wanted)), [wanted])
  const open = parseEntryRef(search)
  const load = useEntries(filters)
  const entries = load.data ?? []

  const setFilters = useCallback(
    (next: AuditFilters) => goTo(['audit'], { query: queryOf(next, null), replace: true }),
    [],
  )
  const show = (entry: EntryRef | null) => goTo(['audit'], { query: queryOf(filters, entry), replace: true })
  const rows = useRows(entries, open, show)
  const close = () => {
    rows.refocus()
    show(null)
  }

  const letters = usePreferences((preferences) => preferences.letterKeys)
  const shortcuts: Shortcut[] = [
    { keys: 'j', label: t('keys.next'), run: () => rows.move(1) },
    { keys: 'k', label: t('keys.previous'), run: () => rows.move(-1) },
    { keys: 'r', label: t('keys.reload'), run: load.reload },
    { keys: '/', label: t('keys.search'), run: () => document.getElementById('audit-text')?.focus() },
    ...(open === null ? [] : [{ keys: 'escape', label: t('keys.close'), run: close }]),
  ]
  useShortcuts(shortcuts, letters)

  const count = formatNumber(entries.length, i18n.language)
  const late = useDelayed(load.loading && load.data !== undefined)
  const note = late
    ? t('common:loading')
    : load.data === undefined
      ? ''
      : t(load.hasMore ? 'audit.countMore' : 'audit.count', { n: count })
  return (
    <Screen
      title={t('screen.audit')}
      subtitle={t('audit.subtitle')}
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={load.loading && load.data !== undefined}
          onClick={load.reload}
        >
          {t('reload')}
        </Button>
      }
    >
      <FilterBar filters={filters} onChange={setFilters} />
      <FilterChips filters={filters} onChange={setFilters} note={note} />
      {load.failure !== undefined && load.data !== undefined ? (
        <FailureNotice failure={load.failure} onRetry={load.loadMore} />
      ) : null}
      <div className={`${css.explorer} ${open === null ? '' : css.withEntry}`}>
        <LoadView load={load} right="audit.read" skeleton={<SkeletonRows rows={12} />}>
          {(found) =>
            found.length === 0 ? (
              <Nothing filtered={activeFilters(filters).length > 0} />
            ) : (
              <EntryList
                entries={found}
                current={rows.current}
                openKey={rows.openKey}
                entryKey={formatEntryRef}
                href={(entry) => formatRoute(['audit'], queryOf(filters, entry))}
                onMove={rows.move}
                focus={rows.focus}
                hasMore={load.hasMore}
                loading={load.loading}
                late={late}
                onMore={load.loadMore}
              />
            )
          }
        </LoadView>
        {open === null ? null : <EntryPanel entry={open} onMove={rows.move} onClose={close} />}
      </div>
    </Screen>
  )
}
