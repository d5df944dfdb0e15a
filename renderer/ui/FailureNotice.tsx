import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../shared/contract/result.ts'
import { CopyDetails, FailureSentence } from './States.tsx'
import { Notice } from './Tone.tsx'

/** A failed action inside a form or dialog: what happened, what to do, id, and a retry where one makes sense. */
export function FailureNotice(props: { failure: Failure; onRetry?: () => void }) {
  const { t } = useTranslation('errors')
  return (
    <Notice
      tone="bad"
      live
      testId="failure"
      title={t(`${props.failure.code}.what`, props.failure.detail)}
      actions={
        props.onRetry === undefined ? (
          <CopyDetails failure={props.failure} />
        ) : (
          <Button size="xs" variant="default" onClick={props.onRetry}>
            {t('common:retry')}
          </Button>
        )
      }
    >
      <FailureSentence failure={props.failure} />
    </Notice>
  )
}
