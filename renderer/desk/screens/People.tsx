import { Button, TextInput } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useCallback, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { HolderRow } from '../../../shared/contract/views.ts'
import { DataList, type ListColumn } from '../../ui/DataList.tsx'
import { formatCalendarDate, fullName } from '../../ui/format.ts'
import { IconSearch, IconUserPlus } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { formatRoute, goTo } from '../../ui/route.ts'
import { ActionBar, Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { usePagedLoad, useSettled } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import { useMay } from '../stores/desk-state.ts'
import { setPeopleSearch, usePeopleSearch } from '../stores/people-search.ts'
import { Holder } from './Holder.tsx'

/** People: search as you type; a row opens the holder's page. */
export function People({ path }: { path: readonly string[] }) {
  const id = path[0]
  return id === undefined ? <Search /> : <Holder key={id} id={id} />
}

/** The list's columns in one language. */
const columnsOf = (t: TFunction<'desk'>, locale: string): ListColumn<HolderRow>[] => [
  { id: 'name', header: t('people.name'), width: 'minmax(180px, 2fr)', cell: fullName },
  {
    id: 'birth',
    header: t('holder.birthDate'),
    width: '120px',
    cell: (row) => formatCalendarDate(row.birthDate, locale),
  },
  { id: 'nationality', header: t('holder.nationality'), width: '100px', cell: (row) => row.nationality },
  {
    id: 'number',
    header: t('holder.personalNumber'),
    width: 'minmax(140px, 1fr)',
    cell: (row) => <span className="cs-mono">{row.personalNumber}</span>,
  },
  {
    id: 'cards',
    header: t('people.cards'),
    width: '120px',
    cell: (row) =>
      row.activeCards > 0 ? (
        <ToneBadge tone="ok">{t('people.active', { count: row.activeCards })}</ToneBadge>
      ) : (
        t('common:none')
      ),
  },
  {
    id: 'open',
    header: t('people.open'),
    width: '130px',
    cell: (row) =>
      row.openEnrolments > 0 ? (
        <ToneBadge tone="warn">{t('people.openCount', { count: row.openEnrolments })}</ToneBadge>
      ) : (
        ''
      ),
  },
  {
    id: 'updated',
    header: t('holder.updated'),
    width: '120px',
    cell: (row) => <Moment at={row.updatedAt} show="day" />,
  },
]

function Search() {
  const { t, i18n } = useTranslation('desk')
  const text = usePeopleSearch((state) => state.text)
  const query = useSettled(text.trim())
  const field = useRef<HTMLInputElement>(null)
  const mayEnrol = useMay('enrolment.write')
  const list = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        desk.call('holders.search', { text: query, limit: 100, ...(cursor === undefined ? {} : { cursor }) }),
      [query],
    ),
  )
  useEffect(() => field.current?.focus(), [])
  const columns = columnsOf(t, i18n.language)
  return (
    <Screen title={t('screen.people')} ownFocus>
      <TextInput
        ref={field}
        mb="md"
        label={t('people.search')}
        placeholder={t('person.searchHint')}
        leftSection={<IconSearch size={18} aria-hidden />}
        value={text}
        onChange={(event) => setPeopleSearch(event.currentTarget.value)}
        maxLength={200}
        autoComplete="off"
        data-search
      />
      <Panel flush>
        <LoadView load={list} right="holder.read">
          {(rows) =>
            rows.length > 0 ? (
              <DataList
                label={t('screen.people')}
                columns={columns}
                maxHeight="max(240px, calc(100dvh - 316px))"
                rows={rows}
                rowKey={(row) => row.id}
                href={(row) => formatRoute(['people', row.id])}
                hasMore={list.hasMore}
                loading={list.loading}
                onMore={list.loadMore}
              />
            ) : query === '' ? (
              <EmptyState title={t('person.none')}>{t('person.noneHint')}</EmptyState>
            ) : (
              <EmptyState
                title={t('person.notFound', { text: query })}
                action={
                  <Button size="xs" variant="default" onClick={() => setPeopleSearch('')}>
                    {t('common:clearFilters')}
                  </Button>
                }
              >
                {t('person.notFoundHint')}
              </EmptyState>
            )
          }
        </LoadView>
      </Panel>
      {mayEnrol ? (
        <ActionBar>
          <Button data-primary leftSection={<IconUserPlus size={18} aria-hidden />} onClick={() => goTo(['enrol'])}>
            {t('today.enrol')}
          </Button>
        </ActionBar>
      ) : null}
    </Screen>
  )
}
