import { Button } from '@mantine/core'
import { useCallback, useMemo, useRef, type CSSProperties } from 'react'
import { useTranslation } from 'react-i18next'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { IconPlayerPlay, IconRefresh } from '../../../ui/icons.ts'
import { useShortcuts, type Shortcut } from '../../../ui/keys.ts'
import { usePreferences } from '../../../ui/preferences.ts'
import { formatRoute, goTo, parseRoute } from '../../../ui/route.ts'
import { Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView, SkeletonRows } from '../../../ui/States.tsx'
import { useDelayed } from '../../../ui/use-load.ts'
import { CopyText } from '../../parts/CopyText.tsx'
import css from '../../parts/console.module.css'
import own from './audit.module.css'
import { IconPackageExport, IconPlayerPause } from '../../parts/icons.ts'
import {
  formatEntryRef,
  formatFilters,
  isFiltered,
  parseEntryRef,
  parseFilters,
  type AuditFilters,
  type EntryRef,
} from '../../route/audit-filters.ts'
import { exportSearchLink } from '../../route/export-selection.ts'
import { useMay } from '../../stores/session-store.ts'
import { useTop } from '../../stores/use-top.ts'
import { useEntries } from '../../stores/use-entries.ts'
import { EntryList } from './EntryList.tsx'
import { EntryPanel } from './EntryPanel.tsx'
import { FilterBar } from './FilterBar.tsx'
import { FilterChips } from './FilterChips.tsx'
import { SavedFilters } from './SavedFilters.tsx'
import { useRows } from './use-rows.ts'

/** What the URL says beside the filters. */
interface View {
  readonly entry: EntryRef | null
  readonly follow: boolean
}
const queryOf = (filters: AuditFilters, view: View): Record<string, string> => ({
  ...Object.fromEntries(formatFilters(filters)),
  ...(view.follow ? { follow: 'on' } : {}),
  ...(view.entry === null ? {} : { entry: formatEntryRef(view.entry) }),
})
const viewOf = (search: URLSearchParams): View => ({
  entry: parseEntryRef(search),
  follow: search.get('follow') === 'on',
})
/** What the URL says now: a field that settles late changes only what it is for. */
const readUrl = () => {
  const search = new URLSearchParams(parseRoute(location.hash).query)
  return { filters: parseFilters(search), view: viewOf(search) }
}
const go = (filters: AuditFilters, view: View) => goTo(['audit'], { query: queryOf(filters, view), replace: true })
const change = (part: Partial<AuditFilters>) => {
  const { filters, view } = readUrl()
  go({ ...filters, ...part }, view)
}
const changeView = (part: Partial<View>) => {
  const { filters, view } = readUrl()
  go(filters, { ...view, ...part })
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

function FollowButton({ on }: { on: boolean }) {
  const { t } = useTranslation('console')
  return (
    <Button
      variant={on ? 'light' : 'default'}
      aria-pressed={on}
      leftSection={on ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
      onClick={() => changeView({ follow: !on })}
    >
      {t(on ? 'audit.following' : 'audit.follow')}
    </Button>
  )
}

/** The audit explorer: filters, entries newest first, the open entry beside them. The URL says it all. */
export function Audit({ query }: { query: Readonly<Record<string, string>> }) {
  const { t, i18n } = useTranslation('console')
  const search = useMemo(() => new URLSearchParams(query), [query])
  const wanted = formatFilters(parseFilters(search)).toString()
  const filters = useMemo(() => parseFilters(new URLSearchParams(wanted)), [wanted])
  const view = viewOf(search)
  const load = useEntries(filters, view.follow)
  const entries = load.rows ?? []
  const show = useCallback((entry: EntryRef | null) => changeView({ entry }), [])
  const rows = useRows(entries, view.entry, show)
  const close = () => {
    rows.refocus()
    show(null)
  }

  const letters = usePreferences((preferences) => preferences.letterKeys)
  const shortcuts: Shortcut[] = [
    { keys: 'j', label: t('keys.next'), run: () => rows.move(1) },
    { keys: 'k', label: t('keys.previous'), run: () => rows.move(-1) },
    { keys: 'r', label: t('keys.reload'), run: load.reload },
    { keys: 'f', label: t('keys.follow'), run: () => changeView({ follow: !view.follow }) },
    { keys: '/', label: t('keys.search'), run: () => document.getElementById('audit-text')?.focus() },
    ...(view.entry === null ? [] : [{ keys: 'escape', label: t('keys.close'), run: close }]),
  ]
  useShortcuts(shortcuts, letters)

  const mayExport = useMay('audit.export')
  const explorer = useRef<HTMLDivElement>(null)
  const top = useTop(explorer)
  const known = load.rows !== undefined
  const late = useDelayed(load.loading && known)
  const count = formatNumber(entries.length, i18n.language)
  const note = late
    ? t('common:loading')
    : known
      ? t(load.hasMore ? 'audit.countMore' : 'audit.count', { n: count })
      : ''
  return (
    <Screen
      title={t('screen.audit')}
      subtitle={t('audit.subtitle')}
      actions={
        <>
          <FollowButton on={view.follow} />
          {mayExport && known && entries.length > 0 ? (
            <Button
              component="a"
              href={exportSearchLink(filters)}
              variant="default"
              leftSection={<IconPackageExport size={16} aria-hidden />}
            >
              {t('audit.export')}
            </Button>
          ) : null}
          <SavedFilters filters={filters} onApply={(saved) => go(saved, view)} />
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={load.loading && known && entries.length === 0}
            onClick={load.reload}
          >
            {t('reload')}
          </Button>
        </>
      }
    >
      <FilterBar filters={filters} onChange={change} />
      <FilterChips filters={filters} onChange={(next) => go(next, readUrl().view)}>
        <span className={`${css.quiet} ${css.barEnd}`} role="status">
          {note}
        </span>
        <CopyText text={location.href} what={t('audit.link')} />
      </FilterChips>
      {load.failure !== undefined && known ? <FailureNotice failure={load.failure} onRetry={load.reload} /> : null}
      <div
        ref={explorer}
        className={`${own.explorer} ${view.entry === null ? '' : own.withEntry}`}
        style={{ '--explorer-top': `${top}px` } as CSSProperties}
      >
        <LoadView
          load={{ data: load.rows, failure: load.failure, loading: load.loading, reload: load.reload }}
          right="audit.read"
          skeleton={<SkeletonRows rows={12} />}
        >
          {(found) =>
            found.length === 0 ? (
              <Nothing filtered={isFiltered(filters)} />
            ) : (
              <EntryList
                entries={found}
                rows={rows}
                openKey={view.entry === null ? null : formatEntryRef(view.entry)}
                href={(entry) => formatRoute(['audit'], queryOf(filters, { ...view, entry }))}
                hasMore={load.hasMore}
                loading={load.loading}
                late={late}
                unseen={load.unseen}
                onSeen={load.onSeen}
                onMore={load.loadMore}
              />
            )
          }
        </LoadView>
        {view.entry === null ? null : <EntryPanel entry={view.entry} onMove={rows.move} onClose={close} />}
      </div>
    </Screen>
  )
}
