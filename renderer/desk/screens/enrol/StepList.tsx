import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { formatRoute } from '../../../ui/route.ts'
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconPlayerPlay } from '../../../ui/icons.ts'
import { isReachable, STEPS, stepMark, type Step, type StepMark } from '../../stores/enrolments.ts'
import css from '../screens.module.css'

const ICONS = {
  done: IconCircleCheck,
  current: IconPlayerPlay,
  waiting: IconCircleDashed,
  interrupted: IconAlertTriangle,
} as const
const COLOURS: Readonly<Record<StepMark, string>> = {
  done: 'var(--cs-ok)',
  current: 'var(--cs-accent)',
  waiting: 'var(--mantine-color-dimmed)',
  interrupted: 'var(--cs-bad)',
}

/** Where the enrolment stands; steps already reached can be opened again. */
export function StepList({ view, shown }: { view: EnrolmentView | null; shown: Step }) {
  const { t } = useTranslation('desk')
  return (
    <nav aria-label={t('enrol.steps')}>
      <ol className={css.steps} data-testid="enrolment-state" data-state={view?.state ?? 'new'}>
        {STEPS.map((step, index) => {
          const mark = stepMark(view, step)
          const Icon = ICONS[mark]
          const inner = (
            <>
              <Icon size={20} aria-hidden color={COLOURS[mark]} />
              <span>
                {t('enrol.numbered', { number: index + 1, step: t(`step.${step}`) })}
                <span className="cs-hidden">, </span>
                <br />
                <span className={css.stepState}>{t(`stepMark.${mark}`)}</span>
              </span>
            </>
          )
          const current = step === shown ? ('step' as const) : undefined
          return (
            <li key={step} data-testid={`step-${step}`} data-mark={mark}>
              {view !== null && isReachable(view, step) ? (
                <a className={css.step} href={formatRoute(['enrol', view.id, step])} aria-current={current}>
                  {inner}
                </a>
              ) : (
                <span className={css.step} aria-current={current}>
                  {inner}
                </span>
              )}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}
