import type { ReactNode } from 'react'
import type { Right } from '../../../shared/contract/index.ts'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import type { PagedLoad } from '../../ui/use-load.ts'
import { MoreButton } from './MoreButton.tsx'
import tables from './tables.module.css'

export interface HistoryColumn<T> {
  readonly header: string
  readonly cell: (row: T) => ReactNode
  readonly isNumber?: true
  /** What the row is called. */
  readonly isName?: true
}

/** What was done so far, newest first, page by page; what will be here while there is nothing. */
export function HistoryTable<T extends { readonly id: string }>(props: {
  title: string
  load: PagedLoad<T>
  right: Right
  none: string
  noneWhy: string
  rowId: string
  columns: readonly HistoryColumn<T>[]
}) {
  const { columns } = props
  return (
    <Panel title={props.title} flush>
      <LoadView load={props.load} right={props.right}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title={props.none}>{props.noneWhy}</EmptyState>
          ) : (
            <>
              <table className={tables.table}>
                <thead>
                  <tr>
                    {columns.map(({ header, isNumber }) => (
                      <th key={header} scope="col" className={isNumber ? tables.number : undefined}>
                        {header}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => (
                    <tr key={row.id} data-testid={props.rowId}>
                      {columns.map(({ header, cell, isNumber, isName }) =>
                        isName ? (
                          <th key={header} scope="row">
                            {cell(row)}
                          </th>
                        ) : (
                          <td key={header} className={isNumber ? tables.number : undefined}>
                            {cell(row)}
                          </td>
                        ),
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
              <MoreButton load={props.load} />
            </>
          )
        }
      </LoadView>
    </Panel>
  )
}
