import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { formatCalendarDate, formatSerial, fullName } from '../../../ui/format.ts'
import { Moment } from '../../../ui/Moment.tsx'
import { ActionBar, Facts, Panel } from '../../../ui/Screen.tsx'
import { ToneBadge } from '../../../ui/Tone.tsx'
import { ReaderFacts } from '../../parts/ReaderButton.tsx'
import { TrailButton } from '../../parts/Trail.tsx'
import { isCancellable } from '../../stores/enrolments.ts'
import { useMay, useOfficerReader, useReaders } from '../../stores/desk-state.ts'
import { ENROLMENT_TONES } from '../../stores/queue.ts'
import { workReader } from '../../stores/reader-facts.ts'
import { CancelDialog } from './CancelDialog.tsx'
import css from '../screens.module.css'

/** Always in view: the person, and the card in the other reader. */
export function EnrolmentAside({ view }: { view: EnrolmentView | null }) {
  const { t, i18n } = useTranslation('desk')
  const reader = workReader(useReaders(), useOfficerReader(), view?.cardSerial ?? null)
  const mayWrite = useMay('enrolment.write')
  const [cancelling, setCancelling] = useState(false)
  return (
    <aside className={css.aside} aria-label={t('enrol.aside')}>
      <Panel
        title={view === null ? t('enrol.noPerson') : fullName(view.holder)}
        actions={
          view === null ? null : (
            <ToneBadge tone={ENROLMENT_TONES[view.state]} testId="enrolment-badge">
              {t(`common:enrolmentState.${view.state}`)}
            </ToneBadge>
          )
        }
      >
        {view === null ? (
          <p className={css.muted}>{t('enrol.noPersonHint')}</p>
        ) : (
          <>
            <Facts
              rows={[
                [t('holder.birthDate'), formatCalendarDate(view.holder.birthDate, i18n.language)],
                [t('holder.nationality'), view.holder.nationality],
                [t('holder.personalNumber'), view.holder.personalNumber],
                [
                  t('enrol.document'),
                  view.proofing === null
                    ? null
                    : `${t(`documentType.${view.proofing.documentType}`)} ${view.proofing.documentNumber}`,
                ],
                [t('enrol.profile'), view.profile?.name[i18n.language === 'it' ? 'it' : 'en'] ?? null],
                [
                  t('enrol.card'),
                  view.cardSerial === null ? null : (
                    <span key="card" className="cs-mono">
                      {formatSerial(view.cardSerial)}
                    </span>
                  ),
                ],
                [t('enrol.signedAt'), view.signedAt === null ? null : <Moment key="signed" at={view.signedAt} />],
                [t('enrol.officer'), view.officer.name],
              ]}
            />
            <div style={{ margin: '4px 0 -4px -8px' }}>
              <TrailButton
                objectType="enrolment"
                objectId={view.id}
                name={t('trail.what.enrolment', { name: fullName(view.holder) })}
              />
            </div>
            {mayWrite && isCancellable(view) ? (
              <>
                <ActionBar
                  start={
                    <Button variant="subtle" color="red.9" onClick={() => setCancelling(true)}>
                      {t('enrol.cancel')}
                    </Button>
                  }
                />
                <CancelDialog view={view} opened={cancelling} onClose={() => setCancelling(false)} />
              </>
            ) : null}
          </>
        )}
      </Panel>
      <Panel title={t('enrol.otherReader')}>
        {reader === null ? (
          <p className={css.muted}>{t('enrol.noOtherReader')}</p>
        ) : (
          <ReaderFacts reader={reader} brief />
        )}
      </Panel>
    </aside>
  )
}
