import { NativeSelect, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CertificateView } from '../../../shared/contract/views.ts'
import { RevocationReason } from '../../../shared/contract/words.ts'
import { ConfirmTyped } from '../../ui/Dialog.tsx'
import { desk } from '../desk.ts'

/** What is typed to confirm: the last eight digits of the serial, readable on screen. */
export const confirmationOf = (serial: string): string => serial.slice(-8)

/** Revokes a certificate, for ever. */
export function RevokeDialog(props: {
  certificate: CertificateView
  opened: boolean
  onClose: () => void
  onChanged: () => void
}) {
  const { t } = useTranslation('desk')
  const [reason, setReason] = useState<RevocationReason | null>(null)
  const [note, setNote] = useState('')
  const { certificate } = props
  return (
    <ConfirmTyped
      opened={props.opened}
      onClose={props.onClose}
      title={t('revoke.title')}
      name={confirmationOf(certificate.serial)}
      action={t('revoke.action')}
      disabled={reason === null || note.trim() === ''}
      run={async () => {
        if (reason === null) return
        await desk.call('certificates.revoke', { serial: certificate.serial, reason, note })
        props.onChanged()
      }}
    >
      <Text>{t('revoke.loses', { slot: t(`common:slot.${certificate.slot}`), subject: certificate.subject })}</Text>
      <NativeSelect
        label={t('revoke.reason')}
        data-autofocus
        value={reason ?? ''}
        onChange={(event) => {
          const chosen = RevocationReason.safeParse(event.currentTarget.value)
          setReason(chosen.success ? chosen.data : null)
        }}
        data={[
          { value: '', label: t('revoke.choose') },
          ...RevocationReason.options
            .filter((option) => option !== 'certificateHold')
            .map((option) => ({ value: option, label: t(`common:revocationReason.${option}`) })),
        ]}
      />
      <Textarea
        label={t('revoke.note')}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        maxLength={500}
        rows={2}
      />
    </ConfirmTyped>
  )
}
