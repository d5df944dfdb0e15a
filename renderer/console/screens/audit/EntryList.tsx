import { Button, Loader } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntryRow } from '../../../../shared/contract/index.ts'
import { formatNumber } from '../../../ui/format.ts'
import own from './audit.module.css'
import { formatEntryRef } from '../../route/audit-filters.ts'
import { COLUMNS, EntryRow, ROW_PX } from './EntryRow.tsx'
import type { Rows } from './use-rows.ts'

/** The next page is asked for when so few rows are left below. */
const AHEAD = 30

/** Keeps what is being read where it is when rows come above it; at the top, they are shown. Returns the way up. */
const useAnchor = (
  box: React.RefObject<HTMLDivElement | null>,
  entries: readonly AuditEntryRow[],
  onSeen: () => void,
) => {
  const top = useRef<AuditEntryRow | undefined>(undefined)
  useLayoutEffect(() => {
    const list = box.current
    const was = top.current
    top.current = entries[0]
    if (list === null || was === undefined || was === entries[0]) return
    const came = entries.indexOf(was)
    if (came < 0) list.scrollTo({ top: 0 })
    else if (list.scrollTop > 0) list.scrollBy({ top: came * ROW_PX })
    else onSeen()
  }, [box, entries, onSeen])
  return () => {
    box.current?.scrollTo({ top: 0 })
    onSeen()
  }
}

/**
 * The rows, drawn only where seen. One tab stop: up, down, j and k go from row to row, so that Tab leads on to the open
 * entry.
 */
export function EntryList(props: {
  entries: readonly AuditEntryRow[]
  rows: Rows
  openKey: string | null
  href: (entry: AuditEntryRow) => string
  hasMore: boolean
  loading: boolean
  /** The rows are of the question before; the new ones are late. */
  late: boolean
  /** Rows that came at the top while one was reading further down. */
  unseen: number
  onSeen: () => void
  onMore: () => void
}) {
  const { t, i18n } = useTranslation('console')
  const { entries, rows, hasMore, loading, unseen, onMore, onSeen } = props
  const { focus } = rows
  const box = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
    scrollPaddingStart: ROW_PX,
    scrollPaddingEnd: ROW_PX,
  })
  const shown = virtual.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && !loading && entries.length > 0 && last >= entries.length - AHEAD) onMore()
  }, [hasMore, loading, last, entries.length, onMore])
  const toTop = useAnchor(box, entries, onSeen)

  const turned = useRef(focus.turn)
  useEffect(() => {
    if (turned.current === focus.turn) return
    turned.current = focus.turn
    virtual.scrollToIndex(focus.index)
    // The row may be drawn only after the list has scrolled.
    requestAnimationFrame(() =>
      box.current?.querySelector<HTMLElement>(`[data-index="${focus.index}"] a`)?.focus({ preventScroll: true }),
    )
  }, [focus, virtual])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    event.preventDefault()
    rows.move(event.key === 'ArrowDown' ? 1 : -1)
  }
  return (
    <div className={own.listFrame}>
      {unseen === 0 ? null : (
        <button type="button" className={own.unseen} onClick={toTop} data-testid="unseen">
          {t('audit.unseen', { n: formatNumber(unseen, i18n.language) })}
        </button>
      )}
      <div
        ref={box}
        className={own.list}
        data-late={props.late}
        data-testid="audit-list"
        onKeyDown={onKeyDown}
        onScroll={(event) => {
          if (unseen > 0 && event.currentTarget.scrollTop === 0) onSeen()
        }}
      >
        <div role="table" aria-label={t('audit.entries')} aria-rowcount={hasMore ? -1 : entries.length + 1}>
          <div role="rowgroup" className={own.head}>
            <div role="row" aria-rowindex={1} className={own.row}>
              {COLUMNS.map((column) => (
                <div
                  role="columnheader"
                  key={column}
                  {...(column === 'sequence' ? { style: { textAlign: 'right' as const } } : {})}
                >
                  {t(`audit.column.${column}`)}
                </div>
              ))}
            </div>
          </div>
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {shown.map((item) => {
              const entry = entries[item.index]
              if (entry === undefined) return null
              const key = formatEntryRef(entry)
              return (
                <EntryRow
                  key={key}
                  entry={entry}
                  index={item.index}
                  top={item.start}
                  open={key === props.openKey}
                  tabStop={item.index === rows.current}
                  href={props.href(entry)}
                />
              )
            })}
          </div>
        </div>
        {hasMore ? (
          <div style={{ padding: 8, textAlign: 'center', minHeight: 44 }}>
            {loading ? (
              <Loader size="xs" aria-label={t('common:loading')} />
            ) : (
              <Button variant="subtle" size="xs" onClick={onMore}>
                {t('common:loadMore')}
              </Button>
            )}
          </div>
        ) : null}
      </div>
    </div>
  )
}
