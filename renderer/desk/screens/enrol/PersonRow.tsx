import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { HolderRow } from '../../../../shared/contract/views.ts'
import { formatCalendarDate, fullName } from '../../../ui/format.ts'
import { goTo } from '../../../ui/route.ts'
import { ToneBadge } from '../../../ui/Tone.tsx'
import css from '../screens.module.css'

/** A person found: who, what of theirs is alive, and the way on. An open enrolment is continued, not doubled. */
export function PersonRow({ row, onChoose }: { row: HolderRow; onChoose: (id: string) => Promise<void> }) {
  const { t, i18n } = useTranslation('desk')
  const [busy, setBusy] = useState(false)
  const choose = async () => {
    setBusy(true)
    if (row.openEnrolments > 0) goTo(['people', row.id])
    else await onChoose(row.id)
    setBusy(false)
  }
  const action = row.openEnrolments > 0 ? t('person.openOne') : t('person.enrol')
  return (
    <li>
      <span style={{ minWidth: 0 }}>
        <strong>{fullName(row)}</strong>{' '}
        {row.openEnrolments > 0 ? <ToneBadge tone="warn">{t('person.hasOpen')}</ToneBadge> : null}{' '}
        {row.activeCards > 0 ? (
          <ToneBadge tone="info">{t('person.cards', { count: row.activeCards })}</ToneBadge>
        ) : null}
        <br />
        <span className={css.muted}>
          {formatCalendarDate(row.birthDate, i18n.language)} · {row.nationality}
          {row.personalNumber === null ? '' : ` · ${row.personalNumber}`}
        </span>
      </span>
      <Button
        size="xs"
        variant="default"
        loading={busy}
        onClick={() => void choose()}
        aria-label={t('person.actionFor', { action, name: fullName(row) })}
      >
        {action}
      </Button>
    </li>
  )
}
