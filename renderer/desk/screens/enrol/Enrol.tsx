import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { Screen } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { desk } from '../../desk.ts'
import { isReachable, isStep, keepEnrolment, stepOf, useEnrolments, type Step } from '../../stores/enrolments.ts'
import { EnrolmentAside } from './EnrolmentAside.tsx'
import { PersonStep } from './PersonStep.tsx'
import { StepList } from './StepList.tsx'
import { StepView } from './StepView.tsx'
import css from '../screens.module.css'

/** The guided flow: steps at the left, the step's work, the person and card at the right. */
export function Enrol({ path, query }: { path: readonly string[]; query: Readonly<Record<string, string>> }) {
  const id = path[0]
  return id === undefined ? <NewEnrolment query={query} /> : <OpenEnrolment key={id} id={id} step={path[1]} />
}

function NewEnrolment({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('desk')
  return (
    <Screen title={t('enrol.title')} ownFocus>
      <div className={css.flow}>
        <StepList view={null} shown="person" />
        <PersonStep holder={query['holder'] ?? null} />
        <EnrolmentAside view={null} />
      </div>
    </Screen>
  )
}

function OpenEnrolment({ id, step }: { id: string; step: string | undefined }) {
  const { t } = useTranslation('desk')
  const load = useLoad(useCallback(async () => keepEnrolment(await desk.call('enrolments.get', { id })), [id]))
  const entry = useEnrolments((state) => state.byId[id])
  return (
    <LoadView load={entry === undefined ? load : { ...load, data: entry.view }} right="enrolment.read">
      {(view) => {
        const shown: Step = isStep(step) && isReachable(view, step) ? step : stepOf(view)
        return (
          <Screen
            key={shown}
            title={t(`step.${shown}`)}
            subtitle={t('enrol.for', { name: `${view.holder.givenNames} ${view.holder.familyName}` })}
          >
            <div className={css.flow}>
              <StepList view={view} shown={shown} />
              <StepView view={view} step={shown} running={entry?.running ?? false} ms={entry?.ms ?? 0} />
              <EnrolmentAside view={view} />
            </div>
          </Screen>
        )
      }}
    </LoadView>
  )
}
