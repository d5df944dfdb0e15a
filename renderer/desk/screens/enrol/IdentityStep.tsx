import { Button, Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useId, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { normaliseMrz, parseMrz } from '../../../../shared/contract/mrz.ts'
import type { Failure } from '../../../../shared/contract/result.ts'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { DocumentType } from '../../../../shared/contract/words.ts'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { localDate } from '../../../ui/format.ts'
import { goTo } from '../../../ui/route.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { desk } from '../../desk.ts'
import { FaceChecklist } from '../../parts/FaceChecklist.tsx'
import { useNow } from '../../parts/use-now.ts'
import { MrzField } from '../../parts/MrzField.tsx'
import { useDraft, type Draft } from '../../parts/use-draft.ts'
import { isBeforeSigning, keepEnrolment, stepOf } from '../../stores/enrolments.ts'
import {
  disagreements,
  emptyProofing,
  missingFor,
  proofingFromMrz,
  proofingOf,
  ProofingDraft,
  type Missing,
} from '../../stores/identity.ts'
import { ProofingShown } from './ProofingShown.tsx'
import { identityDraft } from './start-enrolment.ts'
import css from '../screens.module.css'

/** The document and the face (ETSI TS 119 461 §8.3). Once proved it is shown; before the signature it may be redone. */
export function IdentityStep({ view }: { view: EnrolmentView }) {
  const [redo, setRedo] = useState(false)
  if (view.proofing !== null && !redo)
    return <ProofingShown view={view} onRedo={isBeforeSigning(view) ? () => setRedo(true) : null} />
  return <IdentityForm view={view} onProved={() => setRedo(false)} />
}

function IdentityForm({ view, onProved }: { view: EnrolmentView; onProved: () => void }) {
  const { t } = useTranslation('desk')
  const draft = useDraft(identityDraft(view.id), ProofingDraft, emptyProofing)
  const form = useId()
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const today = localDate(useNow())
  const zone = parseMrz(draft.value.mrz, today)
  const sound = zone.ok && zone.value.failed.length === 0 ? zone.value : null
  const differs = sound === null ? [] : disagreements(sound, view.holder, draft.value)
  const missing = missingFor(draft.value, today)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (missing.length > 0 || differs.length > 0) return
    setBusy(true)
    setFailure(undefined)
    try {
      const mrz = draft.value.mrz.trim() === '' ? null : normaliseMrz(draft.value.mrz)
      const proofing = proofingOf(draft.value, mrz)
      const proved = await desk.call('enrolments.prove', { id: view.id, etag: view.etag, proofing })
      draft.clear()
      keepEnrolment(proved)
      onProved()
      goTo(['enrol', view.id, stepOf(proved)])
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (!draft.loaded) return <div />
  const shown: readonly Missing[] = tried ? missing : []
  return (
    <form id={form} onSubmit={(event) => void submit(event)} noValidate>
      <div style={{ display: 'grid', gap: 12 }}>
        <Panel title={t('identity.document')}>
          <MrzField
            autoFocus
            value={draft.value.mrz}
            onText={(text, read) =>
              draft.set((old) =>
                read === null || read.failed.length > 0 ? { ...old, mrz: text } : proofingFromMrz(old, read, text),
              )
            }
          />
          <DocumentFields draft={draft} shown={shown} />
          {differs.length === 0 ? null : (
            <div style={{ marginTop: 12 }}>
              <Notice tone="bad" title={t('identity.differs')} live testId="disagreements">
                <p>{differs.map((field) => t(`identity.differ.${field}`)).join(' · ')}</p>
                <p>{t('identity.differsTodo')}</p>
              </Notice>
            </div>
          )}
        </Panel>
        <Panel title={t('identity.face')}>
          <FaceChecklist
            checked={draft.value.faceFeatures}
            onChange={(faceFeatures) => draft.set((old) => ({ ...old, faceFeatures }))}
            {...(shown.includes('faceFeatures') ? { error: t('identity.missing.faceFeatures') } : {})}
          />
          <Checkbox
            mt="xs"
            label={t('identity.genuine')}
            checked={draft.value.documentGenuine}
            error={shown.includes('documentGenuine') ? t('identity.missing.documentGenuine') : undefined}
            onChange={(event) => {
              const documentGenuine = event.currentTarget.checked
              draft.set((old) => ({ ...old, documentGenuine }))
            }}
          />
          <Textarea
            mt="xs"
            label={t('identity.note')}
            value={draft.value.note}
            maxLength={500}
            rows={1}
            autosize
            onChange={(event) => {
              const note = event.currentTarget.value
              draft.set((old) => ({ ...old, note }))
            }}
          />
        </Panel>
        {failure === undefined ? null : <FailureNotice failure={failure} />}
      </div>
      <ActionBar
        start={
          <span aria-live="polite" className={css.muted}>
            {tried && missing.length > 0
              ? t('identity.stillMissing', { what: missing.map((m) => t(`identity.short.${m}`)).join(', ') })
              : ''}
          </span>
        }
      >
        <Button type="submit" form={form} data-primary loading={busy}>
          {t('identity.confirm')}
        </Button>
      </ActionBar>
    </form>
  )
}

function DocumentFields({ draft, shown }: { draft: Draft<ProofingDraft>; shown: readonly Missing[] }) {
  const { t } = useTranslation('desk')
  const wrong = (field: Missing) => (shown.includes(field) ? t(`identity.missing.${field}`) : undefined)
  return (
    <div className={css.fields} style={{ marginTop: 8 }}>
      <NativeSelect
        style={{ gridColumn: 'span 3' }}
        label={t('identity.documentType')}
        value={draft.value.documentType ?? ''}
        error={wrong('documentType')}
        withAsterisk
        onChange={(event) => {
          const chosen = DocumentType.safeParse(event.currentTarget.value)
          draft.set((old) => ({ ...old, documentType: chosen.success ? chosen.data : null }))
        }}
        data={[
          { value: '', label: t('identity.chooseType') },
          ...DocumentType.options.map((type) => ({ value: type, label: t(`documentType.${type}`) })),
        ]}
      />
      <TextInput
        style={{ gridColumn: 'span 3' }}
        label={t('identity.documentNumber')}
        value={draft.value.documentNumber}
        error={wrong('documentNumber')}
        withAsterisk
        maxLength={40}
        autoComplete="off"
        onChange={(event) => {
          const documentNumber = event.currentTarget.value.toUpperCase()
          draft.set((old) => ({ ...old, documentNumber }))
        }}
      />
      <TextInput
        style={{ gridColumn: 'span 3' }}
        label={t('identity.issuer')}
        placeholder={t('holder.countryHint')}
        value={draft.value.issuer}
        error={wrong('issuer')}
        withAsterisk
        maxLength={3}
        autoComplete="off"
        onChange={(event) => {
          const issuer = event.currentTarget.value.toUpperCase()
          draft.set((old) => ({ ...old, issuer }))
        }}
      />
      <TextInput
        style={{ gridColumn: 'span 3' }}
        type="date"
        label={t('identity.expiresOn')}
        value={draft.value.expiresOn}
        error={wrong('expiresOn') ?? wrong('expired')}
        withAsterisk
        onChange={(event) => {
          const expiresOn = event.currentTarget.value
          draft.set((old) => ({ ...old, expiresOn }))
        }}
      />
    </div>
  )
}
