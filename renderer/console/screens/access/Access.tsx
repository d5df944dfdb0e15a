import { Button, Select } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useCallback, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { AccessEvent, AccessMeans, isErrorCode, type AccessRow } from '../../../../shared/contract/index.ts'
import { DataList, type ListColumn } from '../../../ui/DataList.tsx'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconRefresh, IconSearch } from '../../../ui/icons.ts'
import { formatRoute, goTo, parseRoute } from '../../../ui/route.ts'
import { Panel, Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import { usePagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { ClearSearch } from '../../parts/ClearSearch.tsx'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { SearchInput } from '../../parts/SearchInput.tsx'
import { TimeRangeControl } from '../../parts/TimeRangeControl.tsx'
import { formatEntryRef } from '../../route/audit-filters.ts'
import { useTop } from '../../stores/use-top.ts'
import { accessQuery, formatAccess, parseAccess, type AccessFilters } from './access-filters.ts'
import { AccessTabs } from './AccessTabs.tsx'

const TONES: Readonly<Record<AccessEvent, Tone>> = { 'sign-in': 'ok', 'sign-out': 'idle', failed: 'bad' }

/** May be longer than its column: told in full on hover. */
function Cut({ text }: { text: string }) {
  return <span title={text}>{text}</span>
}

const detailOf = (t: TFunction, detail: string): string =>
  isErrorCode(detail) ? t(`errors:${detail}.what`) : t(`access.details.${detail}`, { defaultValue: detail })

const columnsOf = (t: TFunction): ListColumn<AccessRow>[] => [
  { id: 'time', header: t('access.time'), width: '178px', cell: (row) => <Instant at={row.time} /> },
  {
    id: 'event',
    header: t('access.event'),
    width: '118px',
    cell: (row) => <ToneBadge tone={TONES[row.event]}>{t(`access.events.${row.event}`)}</ToneBadge>,
  },
  {
    id: 'name',
    header: t('access.who'),
    width: 'minmax(110px, 1.1fr)',
    cell: (row) =>
      row.name === null ? (
        <span className={css.quiet}>{t('access.unknown')}</span>
      ) : (
        <b>
          <Cut text={row.name} />
        </b>
      ),
  },
  {
    id: 'means',
    header: t('access.means'),
    width: '104px',
    cell: (row) => <Cut text={t(`access.by.${row.means}`)} />,
  },
  {
    id: 'where',
    header: t('access.where'),
    width: 'minmax(100px, 1fr)',
    cell: (row) => <Cut text={[row.stationName, row.address].filter((word) => word !== null).join(' · ') || '—'} />,
  },
  {
    id: 'hours',
    header: t('access.hours'),
    width: '124px',
    cell: (row) => (row.outOfHours ? <ToneBadge tone="warn">{t('access.outOfHours')}</ToneBadge> : null),
  },
  {
    id: 'detail',
    header: t('access.detail'),
    width: 'minmax(110px, 1.3fr)',
    cell: (row) => (row.detail === null ? null : <Cut text={detailOf(t, row.detail)} />),
  },
]

const go = (filters: AccessFilters) =>
  goTo(['access'], { query: Object.fromEntries(formatAccess(filters)), replace: true })
const change = (part: Partial<AccessFilters>) =>
  go({ ...parseAccess(new URLSearchParams(parseRoute(location.hash).query)), ...part })

function Filters({ filters }: { filters: AccessFilters }) {
  const { t } = useTranslation('console')
  const onText = useCallback((text: string | null) => change({ text }), [])
  return (
    <search className={css.fields} aria-label={t('filter.label')}>
      <SearchInput
        label={t('access.find')}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={filters.text}
        onSettled={onText}
      />
      <TimeRangeControl value={filters.range} onChange={(range) => change({ range })} />
      <Select
        label={t('access.event')}
        placeholder={t('filter.any')}
        clearable
        clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: t('access.event') }) }}
        data={AccessEvent.options.map((value) => ({ value, label: t(`access.events.${value}`) }))}
        value={filters.event}
        onChange={(event) => change({ event: event as AccessEvent | null })}
      />
      <Select
        label={t('access.means')}
        placeholder={t('filter.any')}
        clearable
        clearButtonProps={{ 'aria-label': t('filter.clearOne', { name: t('access.means') }) }}
        data={AccessMeans.options.map((value) => ({ value, label: t(`access.by.${value}`) }))}
        value={filters.means}
        onChange={(means) => change({ means: means as AccessMeans | null })}
      />
    </search>
  )
}

/** When administrators came and went, and when they were refused. */
export function Access({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('console')
  const { client, clock } = useConsole()
  const wanted = formatAccess(parseAccess(new URLSearchParams(query))).toString()
  const filters = useMemo(() => parseAccess(new URLSearchParams(wanted)), [wanted])
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(
          client.call('listAccess', {
            query: { ...accessQuery(filters, clock.now()), limit: 100, ...(cursor === undefined ? {} : { cursor }) },
          }),
        ),
      [client, clock, filters],
    ),
  )
  const columns = useMemo(() => columnsOf(t), [t])
  const list = useRef<HTMLDivElement>(null)
  const top = useTop(list)
  return (
    <Screen
      title={t('screen.access')}
      subtitle={t('access.subtitle')}
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={load.reload}>
          {t('reload')}
        </Button>
      }
    >
      <AccessTabs at="list" />
      <Filters filters={filters} />
      <div className={css.below} ref={list}>
        {load.failure !== undefined && load.data !== undefined ? (
          <FailureNotice failure={load.failure} onRetry={load.loadMore} />
        ) : null}
        <LoadView load={load} right="access.read">
          {(rows) =>
            rows.length === 0 ? (
              <EmptyState
                title={t(wanted === '' ? 'access.none' : 'access.notFound')}
                action={wanted === '' ? null : <ClearSearch onClear={() => goTo(['access'])} />}
              >
                {wanted === '' ? t('access.noneWhy') : undefined}
              </EmptyState>
            ) : (
              <Panel flush>
                <DataList
                  label={t('screen.access')}
                  columns={columns}
                  rows={rows}
                  rowKey={formatEntryRef}
                  href={(row) => formatRoute(['audit'], { entry: formatEntryRef(row) })}
                  maxHeight={`max(260px, calc(100vh - ${top}px - 76px))`}
                  hasMore={load.hasMore}
                  loading={load.loading}
                  onMore={load.loadMore}
                />
              </Panel>
            )
          }
        </LoadView>
      </div>
    </Screen>
  )
}
