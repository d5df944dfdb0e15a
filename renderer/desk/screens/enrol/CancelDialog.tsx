import { Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { ConfirmTyped } from '../../../ui/Dialog.tsx'
import { desk } from '../../desk.ts'
import { keepEnrolment } from '../../stores/enrolments.ts'

/** Ends an enrolment that has touched no card yet. */
export function CancelDialog(props: { view: EnrolmentView; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('desk')
  const [reason, setReason] = useState('')
  return (
    <ConfirmTyped
      opened={props.opened}
      onClose={props.onClose}
      title={t('enrol.cancel')}
      name={props.view.holder.familyName}
      action={t('enrol.cancel')}
      disabled={reason.trim() === ''}
      run={async () => {
        keepEnrolment(await desk.call('enrolments.cancel', { id: props.view.id, reason }))
      }}
    >
      <Text>{t('enrol.cancelLoses')}</Text>
      <Textarea
        label={t('enrol.reason')}
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        rows={2}
      />
    </ConfirmTyped>
  )
}
