import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { formatSerial, fullName } from '../../../ui/format.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { desk, sendSealed } from '../../desk.ts'
import { NewPinForm } from '../../parts/NewPinForm.tsx'
import { keepEnrolment } from '../../stores/enrolments.ts'
import { useMay, useOfficerReader, useReaders } from '../../stores/desk-state.ts'
import { cardFit, workReader } from '../../stores/reader-facts.ts'
import { Receipt } from './Receipt.tsx'

/** The holder chooses a PIN on the card that was made; then the receipt. */
export function HandOverStep({ view }: { view: EnrolmentView }) {
  const { t } = useTranslation('desk')
  const reader = workReader(useReaders(), useOfficerReader(), view.cardSerial)
  const mayRun = useMay('card.personalise')
  if (view.state === 'handed-over')
    return (
      <div style={{ display: 'grid', gap: 16 }}>
        <Notice tone="ok" title={t('handOver.done', { name: fullName(view.holder) })} testId="handed-over" live>
          <p>{t('handOver.doneHint')}</p>
        </Notice>
        <Receipt view={view} />
      </div>
    )
  const fit = cardFit(reader, view.cardSerial)
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      <Notice
        tone="ok"
        title={t('handOver.made', { serial: view.cardSerial === null ? '' : formatSerial(view.cardSerial) })}
      >
        <p>{t('handOver.madeHint', { count: view.certificates.length })}</p>
      </Notice>
      {fit === 'fits' ? null : (
        <Notice tone={fit === 'empty' ? 'info' : 'warn'} title={t(`fit.${fit}`)} live testId="card-fit">
          <p>
            {t(`fit.${fit}Todo`, {
              context: view.cardSerial === null ? 'new' : 'begun',
              serial: view.cardSerial === null ? '' : formatSerial(view.cardSerial),
              reader: reader?.name ?? '',
            })}
          </p>
        </Notice>
      )}
      {mayRun ? (
        <Panel title={t('handOver.pin')}>
          <NewPinForm
            action={t('handOver.action')}
            disabled={fit !== 'fits'}
            onPin={async (newPin) => {
              if (reader === null) return
              keepEnrolment(
                await sendSealed('new-pin', { newPin }, { card: view.cardSerial }, (sealed) =>
                  desk.call('enrolments.handOver', { id: view.id, reader: reader.name, newPin: sealed }),
                ),
              )
            }}
          >
            <p style={{ margin: 0 }}>{t('handOver.turn', { name: fullName(view.holder) })}</p>
          </NewPinForm>
        </Panel>
      ) : null}
    </div>
  )
}
