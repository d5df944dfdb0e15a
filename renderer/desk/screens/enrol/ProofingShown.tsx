import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { formatCalendarDate } from '../../../ui/format.ts'
import { Moment } from '../../../ui/Moment.tsx'
import { formatRoute } from '../../../ui/route.ts'
import { ActionBar, Facts, Panel } from '../../../ui/Screen.tsx'
import { stepOf } from '../../stores/enrolments.ts'
import css from '../screens.module.css'

/** The identity proof as it was recorded. */
export function ProofingShown({ view, onRedo }: { view: EnrolmentView; onRedo: (() => void) | null }) {
  const { t, i18n } = useTranslation('desk')
  const { proofing } = view
  if (proofing === null) return null
  return (
    <div>
      <Panel title={t('identity.done')}>
        <Facts
          rows={[
            [t('identity.documentType'), t(`documentType.${proofing.documentType}`)],
            [
              t('identity.documentNumber'),
              <span className="cs-mono" key="number">
                {proofing.documentNumber}
              </span>,
            ],
            [t('identity.issuer'), proofing.issuer],
            [t('identity.expiresOn'), formatCalendarDate(proofing.expiresOn, i18n.language)],
            [
              t('mrz.label'),
              proofing.mrz === null ? null : (
                <pre key="mrz" className="cs-mono" style={{ margin: 0 }}>
                  {proofing.mrz}
                </pre>
              ),
            ],
            [t('identity.face'), proofing.faceFeatures.map((feature) => t(`face.${feature}`)).join(', ')],
            [t('identity.note'), proofing.note],
            [t('identity.by'), proofing.comparedBy.name],
            [t('identity.at'), <Moment key="at" at={proofing.comparedAt} />],
          ]}
        />
      </Panel>
      <ActionBar
        start={
          onRedo === null ? (
            <span className={css.muted}>{t('identity.fixed')}</span>
          ) : (
            <Button variant="default" onClick={onRedo}>
              {t('identity.redo')}
            </Button>
          )
        }
      >
        <Button component="a" data-primary href={formatRoute(['enrol', view.id, stepOf(view)])}>
          {t('enrol.goOn', { step: t(`step.${stepOf(view)}`) })}
        </Button>
      </ActionBar>
    </div>
  )
}
