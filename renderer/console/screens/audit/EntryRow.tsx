import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntryRow } from '../../../../shared/contract/index.ts'
import { ActionBadge } from '../../parts/ActionBadge.tsx'
import { Actor, placeWord } from '../../parts/Actor.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { ObjectName } from '../../parts/ObjectName.tsx'
import own from './audit.module.css'

export const ROW_PX = 40
export const COLUMNS = ['time', 'action', 'operator', 'object', 'where', 'sequence'] as const

/** One entry of the list; the whole row is the target of its link. */
export const EntryRow = memo(function EntryRow(props: {
  entry: AuditEntryRow
  index: number
  top: number
  open: boolean
  tabStop: boolean
  href: string
}) {
  const { t } = useTranslation('console')
  const { entry } = props
  const place = placeWord(t, entry)
  return (
    <div
      role="row"
      aria-rowindex={props.index + 2}
      className={`${own.row} ${own.item}`}
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
      <div role="cell">
        <Actor entry={entry} />
      </div>
      <div role="cell" title={entry.objectName ?? entry.objectId}>
        <ObjectName entry={entry} />
      </div>
      <div role="cell" title={place ?? undefined}>
        {place ?? '—'}
      </div>
      <div role="cell" style={{ textAlign: 'right' }} title={entry.chain}>
        #{entry.sequence}
      </div>
    </div>
  )
})
