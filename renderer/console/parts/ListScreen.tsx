import type { Right } from '../../../shared/contract/index.ts'
import { DataList, type ListColumn } from '../../ui/DataList.tsx'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { IconSearch } from '../../ui/icons.ts'
import { Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import type { PagedLoad } from '../../ui/use-load.ts'
import { ClearSearch } from './ClearSearch.tsx'
import { SearchInput } from './SearchInput.tsx'

/** A screen that is one list with a field to find rows in it. `find.holds` sorts out here what the server does not search. */
export function ListScreen<T>(props: {
  title: string
  subtitle: string
  right: Right
  load: PagedLoad<T>
  columns: readonly ListColumn<T>[]
  rowKey: (row: T) => string
  find: {
    readonly label: string
    readonly text: string | null
    readonly onText: (text: string | null) => void
    readonly holds?: (row: T, text: string) => boolean
  }
  /** A row's own page, for who may see it. */
  href?: ((row: T) => string) | undefined
  empty: string
  notFound: string
}) {
  const { load, find } = props
  const { text } = find
  const shown = (rows: T[]): T[] =>
    text === null || find.holds === undefined ? rows : rows.filter((row) => find.holds?.(row, text))
  return (
    <Screen
      title={props.title}
      subtitle={props.subtitle}
      actions={
        <SearchInput
          w={260}
          aria-label={find.label}
          placeholder={find.label}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onSettled={find.onText}
        />
      }
    >
      {load.failure !== undefined && load.data !== undefined ? (
        <FailureNotice failure={load.failure} onRetry={load.loadMore} />
      ) : null}
      <LoadView load={load} right={props.right}>
        {(all) => {
          const rows = shown(all)
          if (rows.length === 0)
            return (
              <EmptyState
                title={text === null ? props.empty : props.notFound}
                action={text === null ? null : <ClearSearch onClear={() => find.onText(null)} />}
              />
            )
          return (
            <Panel flush>
              <DataList
                label={props.title}
                columns={props.columns}
                rows={rows}
                rowKey={props.rowKey}
                {...(props.href === undefined ? {} : { href: props.href })}
                hasMore={load.hasMore}
                loading={load.loading}
                onMore={load.loadMore}
              />
            </Panel>
          )
        }}
      </LoadView>
    </Screen>
  )
}
