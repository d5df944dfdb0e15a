import { Button } from '@mantine/core'
import { useCallback, useId, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../../shared/contract/result.ts'
import { HolderFields } from '../../../../shared/contract/views.ts'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useLoad, useSettled } from '../../../ui/use-load.ts'
import { desk } from '../../desk.ts'
import { HolderForm, wrongFields } from '../../parts/HolderForm.tsx'
import { MrzField } from '../../parts/MrzField.tsx'
import { useDraft } from '../../parts/use-draft.ts'
import { emptyHolder, HolderDraft, holderFieldsOf, holderFromMrz, likelyDuplicates } from '../../stores/identity.ts'
import { PersonRow } from './PersonRow.tsx'
import { onceKey, startEnrolment } from './start-enrolment.ts'
import css from '../screens.module.css'

/** A person not here yet: scan the document or type; people who look the same are shown before a second one is made. */
export function NewPerson(props: { familyName: string; onBack: () => void; onChosen: (id: string) => Promise<void> }) {
  const { t } = useTranslation('desk')
  const draft = useDraft('enrol:new-person', HolderDraft, emptyHolder)
  const form = useId()
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    const fields = HolderFields.safeParse(holderFieldsOf(draft.value))
    if (!fields.success) return
    setBusy(true)
    setFailure(undefined)
    try {
      const holder = await desk.call('holders.create', {
        fields: fields.data,
        key: onceKey(`person ${JSON.stringify(fields.data)}`),
      })
      const { mrz } = draft.value
      draft.clear()
      await startEnrolment(holder.id, mrz)
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (!draft.loaded) return <div />
  return (
    <form id={form} onSubmit={(event) => void submit(event)} noValidate>
      <div style={{ display: 'grid', gap: 12 }}>
        <Panel title={t('person.scan')}>
          <MrzField
            autoFocus
            value={draft.value.mrz}
            onText={(text, zone) =>
              draft.set((old) =>
                zone === null || zone.failed.length > 0 ? { ...old, mrz: text } : holderFromMrz(old, zone, text),
              )
            }
          />
        </Panel>
        <Panel title={t('person.data')}>
          <HolderForm draft={draft.value} onChange={draft.set} tried={tried} />
        </Panel>
        <Duplicates draft={draft.value} onChosen={props.onChosen} />
        {failure === undefined ? null : <FailureNotice failure={failure} />}
      </div>
      <ActionBar
        start={
          <Button variant="default" onClick={props.onBack}>
            {t('person.backToSearch')}
          </Button>
        }
      >
        {tried && wrongFields(draft.value).length > 0 ? (
          <span role="alert" style={{ color: 'var(--mantine-color-error)' }}>
            {t('person.correct')}
          </span>
        ) : null}
        <Button type="submit" form={form} data-primary loading={busy}>
          {t('person.create')}
        </Button>
      </ActionBar>
    </form>
  )
}

function Duplicates({ draft, onChosen }: { draft: HolderDraft; onChosen: (id: string) => Promise<void> }) {
  const { t } = useTranslation('desk')
  const text = useSettled(draft.familyName.trim(), 400)
  const found = useLoad(
    useCallback(
      async () => (text.length < 2 ? [] : (await desk.call('holders.search', { text, limit: 50 })).items),
      [text],
    ),
  )
  const alike = likelyDuplicates(draft, found.data ?? [])
  if (alike.length === 0) return null
  return (
    <Notice tone="warn" title={t('person.duplicate')} live testId="duplicates">
      <p>{t('person.duplicateHint')}</p>
      <ul className={css.queue}>
        {alike.map((row) => (
          <PersonRow key={row.id} row={row} onChoose={onChosen} />
        ))}
      </ul>
    </Notice>
  )
}
