import { Button, Group, NumberInput, Radio, Stack, Textarea } from '@mantine/core'
import { useCallback, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import {
  WINDOW_MONTHS_MIN,
  type RetentionClass,
  type RetentionView,
} from '../../../../shared/contract/routes/audit-retention.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { Facts, Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import tables from '../../parts/tables.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { useMay } from '../../stores/session-store.ts'
import { useAction } from '../../stores/use-action.ts'

type Classes = Record<RetentionClass, number>
const classesOf = (view: RetentionView): Classes =>
  Object.fromEntries(view.classes.map((one) => [one.class, one.months])) as Classes

function Extents({ view }: { view: RetentionView }) {
  const { t, i18n } = useTranslation('console')
  return (
    <Panel title={t('retention.extent')}>
      <div className={css.stack}>
        {view.chains.map((chain) => (
          <Facts
            key={chain.chain}
            rows={[
              [t('audit.chain'), chain.chain],
              [t('retention.first'), `#${formatNumber(chain.first, i18n.language)}`],
              [t('retention.head'), chain.head < 0 ? null : `#${formatNumber(chain.head, i18n.language)}`],
              [t('retention.oldest'), chain.oldestAt === null ? null : <Instant key="oldest" at={chain.oldestAt} />],
            ]}
          />
        ))}
      </div>
    </Panel>
  )
}

function ClassTable(props: {
  view: RetentionView
  classes: Classes
  may: boolean
  onChange: (classes: Classes) => void
}) {
  const { t } = useTranslation('console')
  return (
    <table className={tables.table}>
      <thead>
        <tr>
          <th scope="col">{t('retention.class')}</th>
          <th scope="col" className={tables.number}>
            {t('retention.atLeast')}
          </th>
          <th scope="col" style={{ width: 132 }}>
            {t('retention.months')}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.view.classes.map(({ class: name, defaultMonths }) => (
          <tr key={name}>
            <th scope="row">
              {t(`retention.classes.${name}.name`)}
              <div className={css.quiet}>{t(`retention.classes.${name}.what`)}</div>
            </th>
            <td className={tables.number}>{defaultMonths}</td>
            <td>
              {props.may ? (
                <NumberInput
                  size="xs"
                  aria-label={t(`retention.classes.${name}.name`)}
                  min={defaultMonths}
                  max={1200}
                  value={props.classes[name]}
                  error={props.classes[name] < defaultMonths}
                  onChange={(months) => props.onChange({ ...props.classes, [name]: Number(months) || defaultMonths })}
                />
              ) : (
                props.classes[name]
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Form({ view, onSaved }: { view: RetentionView; onSaved: () => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const may = useMay('retention.manage')
  const action = useAction()
  const [whole, setWhole] = useState(view.windowMonths === null)
  const [months, setMonths] = useState(view.windowMonths ?? 24)
  const [classes, setClasses] = useState(() => classesOf(view))
  const [reason, setReason] = useState('')
  const words = reason.trim().replaceAll(/\s+/g, ' ')
  const isShort = view.classes.some((one) => classes[one.class] < one.defaultMonths)
  const isSame =
    (whole ? null : months) === view.windowMonths && JSON.stringify(classes) === JSON.stringify(classesOf(view))
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const body = { windowMonths: whole ? null : months, classes, reason: words }
    if ((await action.run(() => client.call('setRetention', { body }, { ifMatch: view.etag }))) !== undefined) onSaved()
  }
  return (
    <form onSubmit={(event) => void submit(event)} className={css.stack}>
      <Panel title={t('retention.window')}>
        <Stack gap="sm">
          <Radio.Group
            aria-label={t('retention.window')}
            value={whole ? 'whole' : 'months'}
            onChange={(value) => setWhole(value === 'whole')}
          >
            <Stack gap="xs">
              <Radio value="whole" disabled={!may} label={t('retention.whole')} />
              <Radio value="months" disabled={!may} label={t('retention.lastMonths')} />
            </Stack>
          </Radio.Group>
          {whole ? (
            <Notice tone="info" title={t('retention.unset')}>
              <p>{t('retention.unsetMeans')}</p>
            </Notice>
          ) : (
            <>
              <NumberInput
                w={180}
                label={t('retention.months')}
                min={1}
                max={1200}
                disabled={!may}
                value={months}
                onChange={(value) => setMonths(Math.max(1, Number(value) || 1))}
              />
              {months < WINDOW_MONTHS_MIN ? (
                <Notice tone="warn" title={t('retention.raised', { given: months, min: WINDOW_MONTHS_MIN })} live>
                  <p>{t('retention.raisedMeans')}</p>
                </Notice>
              ) : null}
            </>
          )}
          {view.notes
            .filter((note) => note !== 'window-unset')
            .map((note) => (
              <Notice key={note} tone="info" title={t(`retention.note.${note}`)} />
            ))}
        </Stack>
      </Panel>
      <Panel title={t('retention.evidence')} flush>
        <ClassTable view={view} classes={classes} may={may} onChange={setClasses} />
      </Panel>
      {may ? (
        <Panel title={t('retention.change')}>
          <Stack gap="sm">
            <Textarea
              label={t('retention.reason')}
              description={t('retention.reasonHow')}
              value={reason}
              maxLength={500}
              autosize
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            {action.failure === undefined ? null : <FailureNotice failure={action.failure} onRetry={onSaved} />}
            <Group justify="flex-end">
              <Button type="submit" loading={action.busy} disabled={isSame || isShort || words === ''}>
                {t('retention.save')}
              </Button>
            </Group>
          </Stack>
        </Panel>
      ) : null}
    </form>
  )
}

/** The window, and how long each class of evidence is kept. */
export function Window() {
  const { client } = useConsole()
  const load = useLoad(useCallback(() => valueOf(client.call('readRetention', {})), [client]))
  return (
    <LoadView load={load} right="retention.read">
      {(view) => (
        <div className={css.wide}>
          <Form key={view.etag} view={view} onSaved={load.reload} />
          <Extents view={view} />
        </div>
      )}
    </LoadView>
  )
}
