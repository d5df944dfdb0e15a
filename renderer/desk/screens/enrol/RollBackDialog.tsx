import { Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { ConfirmTyped } from '../../../ui/Dialog.tsx'
import { desk } from '../../desk.ts'
import { keepEnrolment } from '../../stores/enrolments.ts'

/** Gives the card up: certificates issued so far are revoked, the card is wiped where it is in the reader. */
export function RollBackDialog(props: {
  view: EnrolmentView
  reader: string | null
  opened: boolean
  onClose: () => void
}) {
  const { t } = useTranslation('desk')
  const [reason, setReason] = useState('')
  return (
    <ConfirmTyped
      opened={props.opened}
      onClose={props.onClose}
      title={t('personalise.rollBackTitle')}
      name={props.view.holder.familyName}
      action={t('personalise.rollBack')}
      disabled={reason.trim() === ''}
      run={async () => {
        keepEnrolment(await desk.call('enrolments.rollBack', { id: props.view.id, reader: props.reader, reason }))
      }}
    >
      <Text>{t('personalise.rollBackLoses')}</Text>
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
