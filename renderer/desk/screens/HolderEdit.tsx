import { Button, Group, Stack } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import { HolderFields, type HolderView } from '../../../shared/contract/views.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { Notice } from '../../ui/Tone.tsx'
import { desk } from '../desk.ts'
import { HolderForm } from '../parts/HolderForm.tsx'
import { holderFieldsOf, type HolderDraft } from '../stores/identity.ts'

const draftOf = (holder: HolderView): HolderDraft => ({
  givenNames: holder.givenNames,
  familyName: holder.familyName,
  birthDate: holder.birthDate,
  nationality: holder.nationality,
  personalNumber: holder.personalNumber ?? '',
  email: holder.email ?? '',
  mrz: '',
})

/** Changes a person's data. When somebody else changed it meanwhile, theirs is loaded and shown before anything is sent. */
export function HolderEdit(props: { holder: HolderView; onClose: () => void; onChanged: () => void }) {
  const { t } = useTranslation('desk')
  const [base, setBase] = useState(props.holder)
  const [draft, setDraft] = useState(() => draftOf(props.holder))
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const conflict = failure?.code === 'REQUEST_PRECONDITION_FAILED'
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    const fields = HolderFields.safeParse(holderFieldsOf(draft))
    if (!fields.success) return
    setBusy(true)
    setFailure(undefined)
    try {
      await desk.call('holders.update', { id: base.id, etag: base.etag, fields: fields.data })
      props.onChanged()
      props.onClose()
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  const takeNewest = async () => {
    try {
      const { holder } = await desk.call('holders.get', { id: base.id })
      setBase(holder)
      setDraft(draftOf(holder))
      setFailure(undefined)
      props.onChanged()
    } catch (error) {
      setFailure(failureOf(error))
    }
  }
  return (
    <Dialog opened onClose={props.onClose} title={t('people.edit')} size={640} busy={busy}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack gap="md">
          <HolderForm draft={draft} onChange={setDraft} tried={tried} autoFocus />
          {failure === undefined ? null : conflict ? (
            <Notice
              tone="warn"
              live
              testId="conflict"
              title={t('errors:REQUEST_PRECONDITION_FAILED.what')}
              actions={
                <Button size="xs" variant="default" onClick={() => void takeNewest()}>
                  {t('people.takeNewest')}
                </Button>
              }
            >
              <p>{t('people.conflict')}</p>
            </Notice>
          ) : (
            <FailureNotice failure={failure} />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={props.onClose} disabled={busy}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={conflict}>
              {t('common:save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
