import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { formatRoute } from '../../../ui/route.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { HolderFacts } from '../../parts/HolderFacts.tsx'
import { stepOf } from '../../stores/enrolments.ts'

/** The person step once a person was chosen. */
export function PersonShown({ view }: { view: EnrolmentView }) {
  const { t } = useTranslation('desk')
  return (
    <div>
      <Panel>
        <HolderFacts holder={view.holder} />
      </Panel>
      <ActionBar
        start={
          <Button component="a" variant="default" href={formatRoute(['people', view.holder.id])}>
            {t('person.openPage')}
          </Button>
        }
      >
        <Button component="a" data-primary href={formatRoute(['enrol', view.id, stepOf(view)])}>
          {t('enrol.goOn', { step: t(`step.${stepOf(view)}`) })}
        </Button>
      </ActionBar>
    </div>
  )
}
