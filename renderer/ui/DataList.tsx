import { Button } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import css from './parts.module.css'

export interface ListColumn<T> {
  id: string
  header: string
  /** A CSS grid track: `2fr`, `120px`. */
  width: string
  cell: (row: T) => ReactNode
}

/**
 * A long list as a table: rows of one height, drawn only where seen, more pages fetched on demand. The first column
 * links to the row's own page when `href` is given; the whole row is its target.
 */
export function DataList<T>(props: {
  label: string
  columns: readonly ListColumn<T>[]
  rows: readonly T[]
  rowKey: (row: T) => string
  href?: (row: T) => string
  /** Height of the scrolling part in CSS; the list is as tall as its rows below that. */
  maxHeight?: string
  hasMore?: boolean
  loading?: boolean
  onMore?: () => void
}) {
  const { t } = useTranslation('common')
  const box = useRef<HTMLDivElement>(null)
  // The list is drawn again on every scroll; it hands none of the virtualiser's functions on.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: props.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => 41,
    overscan: 12,
    getItemKey: (index) => props.rowKey(props.rows[index]!),
  })
  const tracks = props.columns.map((column) => column.width).join(' ')
  return (
    <div
      ref={box}
      className={css.listScroll}
      style={{ maxHeight: props.maxHeight ?? 'calc(100vh - 260px)' }}
      tabIndex={0}
      role="region"
      aria-label={props.label}
    >
      <div role="table" aria-label={props.label} aria-rowcount={props.rows.length + 1}>
        <div role="row" className={`${css.listRow} ${css.listHead}`} style={{ gridTemplateColumns: tracks }}>
          {props.columns.map((column) => (
            <div key={column.id} role="columnheader">
              {column.header}
            </div>
          ))}
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const row = props.rows[item.index]!
            return (
              <div
                key={item.key}
                role="row"
                aria-rowindex={item.index + 2}
                className={`${css.listRow} ${props.href === undefined ? '' : css.linked}`}
                style={{
                  gridTemplateColumns: tracks,
                  position: 'absolute',
                  inset: '0 0 auto',
                  height: item.size,
                  transform: `translateY(${item.start}px)`,
                }}
              >
                {props.columns.map((column, index) => (
                  <div key={column.id} role="cell">
                    {index === 0 && props.href !== undefined ? (
                      <a className={css.rowLink} href={props.href(row)}>
                        {column.cell(row)}
                      </a>
                    ) : (
                      column.cell(row)
                    )}
                  </div>
                ))}
              </div>
            )
          })}
        </div>
      </div>
      {props.hasMore === true ? (
        <div style={{ padding: 8, textAlign: 'center' }}>
          <Button variant="subtle" size="xs" loading={props.loading === true} onClick={props.onMore}>
            {t('loadMore')}
          </Button>
        </div>
      ) : null}
    </div>
  )
}
