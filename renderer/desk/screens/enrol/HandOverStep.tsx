import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../../shared/contract/result.ts'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatSerial, fullName } from '../../../ui/format.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { desk, sendSealed } from '../../desk.ts'
import { NewPinForm } from '../../parts/NewPinForm.tsx'
import { keepEnrolment } from '../../stores/enrolments.ts'
import { useMay, useOfficerReader, useReaders } from '../../stores/desk-state.ts'
import { cardFit, fitTone, workReader } from '../../stores/reader-facts.ts'
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
        <Notice tone={fitTone(fit)} title={t(`fit.${fit}`)} live testId="card-fit">
          <p>
            {t(`fit.${fit}Todo`, {
              context: view.cardSerial === null ? 'new' : 'begun',
              serial: view.cardSerial === null ? '' : formatSerial(view.cardSerial),
              reader: reader?.name ?? '',
            })}
          </p>
        </Notice>
      )}
      {mayRun ? <ChoosePin view={view} reader={fit === 'fits' ? (reader?.name ?? null) : null} /> : null}
    </div>
  )
}

/** The holder's PIN, or the way on where they chose it before an interruption. `reader` null: the card is not there. */
function ChoosePin({ view, reader }: { view: EnrolmentView; reader: string | null }) {
  const { t } = useTranslation('desk')
  const { id, cardSerial } = view
  const name = fullName(view.holder)
  const load = useLoad(
    useCallback(
      async () =>
        cardSerial === null
          ? ('no' as const)
          : (await desk.call('enrolments.pinChosen', { id, serial: cardSerial })).chosen,
      [id, cardSerial],
    ),
  )
  const handOver = async (newPin: string) => {
    if (reader === null) return
    try {
      keepEnrolment(
        await sendSealed('new-pin', { newPin }, { card: cardSerial }, (sealed) =>
          desk.call('enrolments.handOver', { id, reader, newPin: sealed }),
        ),
      )
    } catch (error) {
      // The card has a PIN now and nothing else is missing but the server's word: the form must not ask for another.
      if (failureOf(error).detail['pinChanged'] === true) load.reload()
      throw error
    }
  }
  return (
    <LoadView load={load} right="card.personalise">
      {(chosen) =>
        chosen === 'yes' ? (
          <FinishHandOver view={view} reader={reader} />
        ) : (
          <Panel title={t('handOver.pin')}>
            <NewPinForm inBar action={t('handOver.action')} disabled={reader === null} onPin={handOver}>
              {chosen === 'maybe' ? (
                <Notice tone="warn" title={t('handOver.maybe', { name })}>
                  <p>{t('handOver.maybeHint', { name })}</p>
                </Notice>
              ) : null}
              <p style={{ margin: 0 }}>{t('handOver.turn', { name })}</p>
            </NewPinForm>
          </Panel>
        )
      }
    </LoadView>
  )
}

function FinishHandOver({ view, reader }: { view: EnrolmentView; reader: string | null }) {
  const { t } = useTranslation('desk')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const name = fullName(view.holder)
  const finish = async () => {
    if (reader === null) return
    setBusy(true)
    setFailure(undefined)
    try {
      keepEnrolment(await desk.call('enrolments.handOver', { id: view.id, reader, newPin: null }))
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Panel title={t('handOver.pin')}>
      <div style={{ display: 'grid', gap: 16 }}>
        <Notice tone="info" title={t('handOver.chosen', { name })} live testId="pin-chosen">
          <p>{t('handOver.chosenHint', { name })}</p>
        </Notice>
        {failure === undefined ? null : <FailureNotice failure={failure} />}
      </div>
      <ActionBar>
        <Button data-primary loading={busy} disabled={reader === null} onClick={() => void finish()}>
          {t('handOver.finish')}
        </Button>
      </ActionBar>
    </Panel>
  )
}
