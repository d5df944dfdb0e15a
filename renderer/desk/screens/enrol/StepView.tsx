import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState } from '../../../ui/States.tsx'
import type { Step } from '../../stores/enrolments.ts'
import { CardStep } from './CardStep.tsx'
import { HandOverStep } from './HandOverStep.tsx'
import { IdentityStep } from './IdentityStep.tsx'
import { PersonaliseStep } from './PersonaliseStep.tsx'
import { PersonShown } from './PersonShown.tsx'
import { StatementStep } from './StatementStep.tsx'

interface StepProps {
  view: EnrolmentView
  running: boolean
  ms: number
}
const WORK: Readonly<Record<Step, ComponentType<StepProps>>> = {
  person: PersonShown,
  identity: IdentityStep,
  card: CardStep,
  statement: StatementStep,
  personalise: PersonaliseStep,
  'hand-over': HandOverStep,
}

/** The work of one step. */
export function StepView({ step, ...props }: StepProps & { step: Step }) {
  const { t } = useTranslation('desk')
  const { view } = props
  if (view.state === 'cancelled' || view.state === 'rejected')
    return (
      <Panel>
        <EmptyState title={t(`closed.${view.state}`)}>{t('closed.hint')}</EmptyState>
      </Panel>
    )
  const Work = WORK[step]
  return <Work {...props} />
}
