import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView, StepView } from '../../../../shared/contract/views.ts'
import { formatDuration } from '../../../ui/format.ts'
import { IconCircleCheck, IconCircleDashed, IconCircleX, IconLoader2 } from '../../../ui/icons.ts'
import { progressOf, stepMs } from '../../stores/enrolments.ts'
import css from '../screens.module.css'

const ICONS = { waiting: IconCircleDashed, running: IconLoader2, done: IconCircleCheck, failed: IconCircleX } as const
const COLOURS = {
  waiting: 'var(--mantine-color-dimmed)',
  running: 'var(--cs-accent)',
  done: 'var(--cs-ok)',
  failed: 'var(--cs-bad)',
} as const

/** The steps of personalisation as they happen, with their times; only the one under way is announced. */
export function StepProgress({ view, working }: { view: EnrolmentView; working: boolean }) {
  const { t } = useTranslation('desk')
  const { current } = progressOf(view.steps)
  const words = (step: StepView) =>
    t(`work.${step.kind}`, { slot: step.slot === null ? '' : t(`common:slot.${step.slot}`) })
  return (
    <>
      <span className="cs-hidden" role="status">
        {working && current !== null ? words(current) : ''}
      </span>
      {view.steps.length === 0 ? (
        <p className={css.muted} style={{ padding: 16 }}>
          {t('personalise.planHint')}
        </p>
      ) : (
        <ol className={css.live} style={{ padding: '6px 0' }}>
          {view.steps.map((step) => (
            <Row key={step.id} step={step} words={words(step)} />
          ))}
        </ol>
      )}
    </>
  )
}

function Row({ step, words }: { step: StepView; words: string }) {
  const { t, i18n } = useTranslation('desk')
  const row = useRef<HTMLLIElement>(null)
  const matters = step.state === 'running' || step.state === 'failed'
  useEffect(() => {
    if (matters) row.current?.scrollIntoView({ block: 'nearest' })
  }, [matters])
  const Icon = ICONS[step.state]
  const took = stepMs(step)
  return (
    <li ref={row} data-testid={`step-${step.id}`} data-state={step.state}>
      <Icon
        size={18}
        aria-hidden
        color={COLOURS[step.state]}
        className={step.state === 'running' ? css.spin : undefined}
      />
      <span>
        {words}
        <span className="cs-hidden">: {t(`workState.${step.state}`)}</span>
        {step.error === null ? null : (
          <span style={{ color: 'var(--cs-bad)' }}> · {t(`errors:${step.error}.what`)}</span>
        )}
      </span>
      <span className={css.stepState}>{took === null ? '' : formatDuration(took, i18n.language)}</span>
    </li>
  )
}
