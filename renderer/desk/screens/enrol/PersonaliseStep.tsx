import { Button, Progress } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../../shared/contract/result.ts'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatDuration, formatSerial } from '../../../ui/format.ts'
import { IconCreditCard, IconRotateClockwise } from '../../../ui/icons.ts'
import { goTo } from '../../../ui/route.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { desk } from '../../desk.ts'
import { CardChoice } from '../../parts/CardChoice.tsx'
import { keepEnrolment, progressOf, stepOf } from '../../stores/enrolments.ts'
import { useContradicted, useMay, useOfficerReader, useReaders } from '../../stores/desk-state.ts'
import { cardFit, fitTone, workReader } from '../../stores/reader-facts.ts'
import { RollBackDialog } from './RollBackDialog.tsx'
import { StepProgress } from './StepProgress.tsx'
import css from '../screens.module.css'

/** Makes the card, step by step, live; an interrupted run is resumed or rolled back. */
export function PersonaliseStep({ view, running, ms }: { view: EnrolmentView; running: boolean; ms: number }) {
  const { t, i18n } = useTranslation('desk')
  const officer = useOfficerReader()
  const readers = useReaders()
  const contradicted = useContradicted()
  const mayRun = useMay('card.personalise')
  const [asked, setAsked] = useState(false)
  const [chosen, setChosen] = useState<string | null>(null)
  const [failure, setFailure] = useState<Failure>()
  const [rollingBack, setRollingBack] = useState(false)
  const others = readers.filter((reader) => reader.name !== officer && reader.card !== null)
  const reader = others.find((candidate) => candidate.name === chosen) ?? workReader(readers, officer, view.cardSerial)
  const fit = cardFit(reader, view.cardSerial)
  const working = running || asked
  const progress = progressOf(view.steps)
  const begun = view.state === 'personalising' || view.state === 'interrupted'
  const run = async () => {
    if (reader === null) return
    setAsked(true)
    setFailure(undefined)
    try {
      const next = keepEnrolment(await desk.call('enrolments.personalise', { id: view.id, reader: reader.name }))
      if (next.state === 'issued') goTo(['enrol', next.id, stepOf(next)])
    } catch (error) {
      setFailure(failureOf(error))
      try {
        keepEnrolment(await desk.call('enrolments.get', { id: view.id }))
      } catch (second) {
        setFailure(failureOf(second))
      }
    } finally {
      setAsked(false)
    }
  }
  const interruption = view.interruption
  return (
    <div className={css.column}>
      {failure !== undefined && failure.code !== interruption?.code ? <FailureNotice failure={failure} /> : null}
      {!working && interruption !== null && view.state === 'interrupted' ? (
        <Notice
          tone="warn"
          title={t('personalise.interrupted', { what: t(`errors:${interruption.code}.what`) })}
          live
          testId="interruption"
        >
          <p>{t(`errors:${interruption.code}.todo`)}</p>
          <p>{t('personalise.kept', { done: progress.done, total: progress.total })}</p>
          <p className={css.muted} style={{ fontSize: 12 }}>
            {t('common:errorId', { code: interruption.code, id: failure?.id ?? view.id })}
          </p>
        </Notice>
      ) : null}
      {!working && failure === undefined && view.state === 'personalising' ? (
        <Notice tone="warn" title={t('personalise.unfinished')} testId="unfinished">
          <p>{t('personalise.unfinishedTodo')}</p>
          <p>{t('personalise.kept', { done: progress.done, total: progress.total })}</p>
        </Notice>
      ) : null}
      {!working && others.length > 1 && view.cardSerial === null ? (
        <CardChoice
          readers={others}
          chosen={reader?.name ?? null}
          onChoose={setChosen}
          label={t('personalise.which')}
        />
      ) : null}
      {working || fit === 'fits' ? null : (
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
      <Panel
        flush
        bounded={t('personalise.progressLabel')}
        title={
          begun || working
            ? t('personalise.progress', { done: progress.done, total: progress.total })
            : t('personalise.plan')
        }
        actions={working ? <span className={css.muted}>{formatDuration(ms, i18n.language)}</span> : null}
      >
        <Progress
          value={progress.total === 0 ? 0 : (progress.done / progress.total) * 100}
          radius={0}
          size={4}
          color="azure.6"
          aria-label={t('personalise.progressLabel')}
        />
        <StepProgress view={view} working={working} />
      </Panel>
      <ActionBar
        start={
          begun && !working && mayRun ? (
            <Button variant="subtle" color="red.9" onClick={() => setRollingBack(true)}>
              {t('personalise.rollBack')}
            </Button>
          ) : working ? (
            <span className={css.muted}>{t('personalise.leaveCard')}</span>
          ) : undefined
        }
      >
        {mayRun ? (
          <Button
            data-primary
            loading={working}
            disabled={fit !== 'fits' || contradicted}
            leftSection={
              begun ? <IconRotateClockwise size={18} aria-hidden /> : <IconCreditCard size={18} aria-hidden />
            }
            onClick={() => void run()}
          >
            {begun ? t('personalise.resume') : t('personalise.issue')}
          </Button>
        ) : null}
      </ActionBar>
      <RollBackDialog
        view={view}
        reader={reader?.name ?? null}
        opened={rollingBack}
        onClose={() => setRollingBack(false)}
      />
    </div>
  )
}
