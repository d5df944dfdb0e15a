import { Button, Checkbox, SegmentedControl, Textarea } from '@mantine/core'
import { useId, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import {
  Completeness,
  ExportFormat,
  PDF_ENTRIES_MAX,
  SignatureLevel,
  type ExportEstimate,
  type ExportSelection,
} from '../../../../shared/contract/routes/exports.ts'
import { selectionWords } from '../../../ui/selection-words.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { goTo } from '../../../ui/route.ts'
import { ActionBar, Facts, Panel } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import { IconPackageExport } from '../../parts/icons.ts'
import { once, useAction } from '../../stores/use-action.ts'
import { ChoiceList } from './ChoiceList.tsx'
import { isTooManyForPdf, settleChoices, type ExportChoices } from './export-choices.ts'
import css from './exports.module.css'

const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

function Counted({ selection, estimate }: { selection: ExportSelection; estimate: ExportEstimate }) {
  const { t, i18n } = useTranslation('exports')
  const count = formatNumber(estimate.entries, i18n.language)
  return (
    <Panel title={t('new.what')} testId="export-estimate">
      <div className={css.fields}>
        <Facts
          rows={[
            [t('new.selection'), selectionWords(t, selection, i18n.language)],
            [t('new.count'), <b key="count">{estimate.isMore ? t('new.atLeast', { n: count }) : count}</b>],
            [t('new.signer'), `${estimate.signer.name} (${t(`signerKind.${estimate.signer.kind}`)})`],
          ]}
        />
        {estimate.entries === 0 ? <Notice tone="warn" title={t('new.none')} /> : null}
        {estimate.signer.kind === 'software' ? (
          <Notice tone="warn" title={t('new.software')}>
            <p>{t('new.softwareMeans')}</p>
          </Notice>
        ) : null}
      </div>
    </Panel>
  )
}

/** How the entries are written, signed and proved, and why they are taken out. */
export function OrderForm({ selection, estimate }: { selection: ExportSelection; estimate: ExportEstimate }) {
  const { t, i18n } = useTranslation('exports')
  const { client } = useConsole()
  const form = useId()
  const action = useAction()
  const [choices, setChoices] = useState<ExportChoices>({ format: 'csv', level: null, completeness: null })
  const [language, setLanguage] = useState<'en' | 'it'>(i18n.language === 'it' ? 'it' : 'en')
  const [visible, setVisible] = useState(true)
  const [words, setWords] = useState('')
  // The same attempt, tried again after no answer came, makes one export.
  const [attempt] = useState(once)
  const { format, level, completeness } = settleChoices(choices, estimate)
  const reason = words.trim().replaceAll(/\s+/g, ' ')
  const max = formatNumber(PDF_ENTRIES_MAX, i18n.language)
  const tooMany = isTooManyForPdf(estimate)
  const count = formatNumber(estimate.entries, i18n.language)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const body = {
      selection,
      format,
      level,
      completeness,
      language,
      timeZone: TIME_ZONE,
      reason,
      ...(format === 'pdf' ? { visibleSignature: visible } : {}),
    }
    const made = await action.run(() => client.call('createExport', { body }, attempt))
    if (made !== undefined) goTo(['exports'], { query: { id: made.id } })
  }
  return (
    <form id={form} onSubmit={(event) => void submit(event)} className={css.form}>
      <div className={css.column}>
        <Counted selection={selection} estimate={estimate} />
        <Panel title={t('new.format')}>
          <div className={css.fields}>
            <ChoiceList
              label={t('new.format')}
              choices={ExportFormat.options.map((value) => ({
                value,
                name: t(`new.formats.${value}.name`),
                what: value === 'pdf' && tooMany ? t('new.tooMany', { max }) : t(`new.formats.${value}.what`, { max }),
                off: value === 'pdf' && tooMany,
              }))}
              value={format}
              onChange={(next) => setChoices({ ...choices, format: next })}
            />
            {format === 'pdf' ? (
              <Checkbox
                label={t('new.visible')}
                checked={visible}
                onChange={(event) => setVisible(event.currentTarget.checked)}
              />
            ) : null}
          </div>
        </Panel>
      </div>
      <div className={css.column}>
        <Panel title={t('new.level')}>
          <ChoiceList
            label={t('new.level')}
            choices={SignatureLevel.options.map((value) => {
              const off = !estimate.levels.includes(value)
              const name = `${t(`new.levels.${value}.name`)} (${value})`
              return { value, name, off, what: t(`new.${off ? `levelWhy.${value}` : `levels.${value}.what`}`) }
            })}
            value={level}
            onChange={(next) => setChoices({ ...choices, level: next })}
          />
        </Panel>
        <Panel title={t('new.language')}>
          <div className={css.fields}>
            <SegmentedControl
              aria-label={t('new.language')}
              value={language}
              data={[
                { value: 'en', label: t('new.languages.en') },
                { value: 'it', label: t('new.languages.it') },
              ]}
              onChange={(next) => setLanguage(next === 'it' ? 'it' : 'en')}
            />
            <span className={css.quiet}>{t('new.zone', { zone: TIME_ZONE })}</span>
          </div>
        </Panel>
      </div>
      <div className={css.column}>
        <Panel title={t('new.completeness')}>
          <ChoiceList
            label={t('new.completeness')}
            choices={Completeness.options.map((value) => {
              const off = !estimate.possible.includes(value)
              const usual = value === estimate.completeness ? ` (${t('new.usual')})` : ''
              return {
                value,
                name: `${t(`new.completenesses.${value}.name`)}${usual}`,
                what: t(off ? `new.completenessWhy.${value}` : `new.completenesses.${value}.what`),
                off,
              }
            })}
            value={completeness}
            onChange={(next) => setChoices({ ...choices, completeness: next })}
          />
        </Panel>
        <Panel>
          <Textarea
            label={t('new.reason')}
            description={t('new.reasonHow')}
            value={words}
            maxLength={500}
            autosize
            minRows={2}
            required
            onChange={(event) => setWords(event.currentTarget.value)}
          />
        </Panel>
        {action.failure === undefined ? null : <FailureNotice failure={action.failure} />}
      </div>
      <ActionBar>
        <Button
          type="submit"
          form={form}
          data-primary
          leftSection={<IconPackageExport size={18} aria-hidden />}
          loading={action.busy}
          disabled={reason === '' || estimate.entries === 0}
        >
          {estimate.isMore ? t('new.submit') : t('new.submitCount', { n: count })}
        </Button>
      </ActionBar>
    </form>
  )
}
