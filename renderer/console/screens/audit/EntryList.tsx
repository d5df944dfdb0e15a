import { Button, Loader } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntryRow } from '../../../../shared/contract/index.ts'
import { ActionBadge } from '../../parts/ActionBadge.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { ObjectName } from '../../parts/ObjectName.tsx'
import css from '../../parts/console.module.css'

const COLUMNS = ['time', 'action', 'operator', 'object', 'where', 'sequence'] as const
const ROW_PX = 40

const Row = memo(function Row(props: {
  entry: AuditEntryRow
  index: number
  top: number
  open: boolean
  tabStop: boolean
  href: string
}) {
  const { t } = useTranslation('console')
  const { entry } = props
  return (
    <div
      role="row"
      aria-rowindex={props.index + 2}
      className={`${css.row} ${css.item}`}
      data-testid="audit-row"
      data-open={props.open}
      data-index={props.index}
      data-sequence={entry.sequence}
      style={{ transform: `translateY(${props.top}px)` }}
    >
      <div role="cell">
        <a href={props.href} tabIndex={props.tabStop ? 0 : -1} aria-current={props.open ? 'true' : undefined}>
          <Instant at={entry.time} />
        </a>
      </div>
      <div role="cell">
        <ActionBadge action={entry.action} />
      </div>
      <div role="cell">{entry.operatorName ?? entry.operatorId ?? t('audit.nobody')}</div>
      <div role="cell" title={entry.objectName ?? entry.objectId}>
        <ObjectName entry={entry} />
      </div>
      <div role="cell" title={placeOf(entry) ?? undefined}>
        {placeOf(entry) ?? '—'}
      </div>
      <div role="cell" style={{ textAlign: 'right' }}>
        #{entry.sequence}
      </div>
    </div>
  )
})

/**
 * The rows, drawn only where seen. One tab stop: up, down, j and k go from row to row, so that Tab leads on to the open
 * entry. `current` is the row that has it.
 */
export function EntryList(props: {
  entries: readonly AuditEntryRow[]
  current: number
  openKey: string | null
  entryKey: (entry: AuditEntryRow) => string
  href: (entry: AuditEntryRow) => string
  onMove: (delta: 1 | -1) => void
  /** Each new turn puts the keyboard on the row at `index`. */
  focus: { readonly turn: number; readonly index: number }
  hasMore: boolean
  loading: boolean
  /** The rows are of the question before; the new ones are late. */
  late: boolean
  onMore: () => void
}) {
  const { t } = useTranslation('console')
  const { entries, current, focus, hasMore, loading, onMore } = props
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
    if (hasMore && !loading && entries.length > 0 && last >= entries.length - 15) onMore()
  }, [hasMore, loading, last, entries.length, onMore])

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
    props.onMove(event.key === 'ArrowDown' ? 1 : -1)
  }
  return (
    <div ref={box} className={css.list} data-late={props.late} onKeyDown={onKeyDown}>
      <div role="table" aria-label={t('audit.entries')} aria-rowcount={hasMore ? -1 : entries.length + 1}>
        <div role="rowgroup" className={css.head}>
          <div role="row" aria-rowindex={1} className={css.row}>
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
            const key = props.entryKey(entry)
            return (
              <Row
                key={key}
                entry={entry}
                index={item.index}
                top={item.start}
                open={key === props.openKey}
                tabStop={item.index === current}
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
  )
}

/** Where it was done: the station, or the office where no station was. */
const placeOf = (entry: AuditEntryRow): string | null =>
  entry.stationName ?? entry.station ?? entry.officeName ?? entry.office
