import { Button, Group, Select } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AccessReviewView, HttpAnswer } from '../../../../shared/contract/index.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatCalendarDate, formatNumber } from '../../../ui/format.ts'
import { IconClipboardCheck, IconDownload } from '../../../ui/icons.ts'
import { goTo } from '../../../ui/route.ts'
import { Panel, Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { saveFile } from '../../../ui/save-file.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import tables from '../../parts/tables.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { useMay } from '../../stores/session-store.ts'
import { once, useAction } from '../../stores/use-action.ts'
import { AccessTabs } from './AccessTabs.tsx'

const FIGURES = ['signIns', 'signOuts', 'failures', 'outOfHours'] as const

function Totals({ review }: { review: AccessReviewView }) {
  const { t, i18n } = useTranslation('console')
  return (
    <Panel title={t('access.review.totals', { year: review.year })}>
      <dl className={css.four}>
        {FIGURES.map((name) => (
          <div key={name}>
            <dt>{t(`access.review.${name}`)}</dt>
            <dd>{formatNumber(review.totals[name], i18n.language)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

function Months({ review }: { review: AccessReviewView }) {
  const { t, i18n } = useTranslation('console')
  const month = (text: string) =>
    new Intl.DateTimeFormat(i18n.language, { month: 'long', timeZone: 'UTC' }).format(Date.parse(`${text}-01`))
  if (review.months.length === 0) return <EmptyState title={t('access.review.quiet')}>{t('access.noneWhy')}</EmptyState>
  return (
    <Panel title={t('access.review.byMonth')} flush>
      <table className={tables.table}>
        <thead>
          <tr>
            <th scope="col">{t('access.review.month')}</th>
            <th scope="col">{t('access.who')}</th>
            <th scope="col">{t('access.means')}</th>
            {FIGURES.map((name) => (
              <th scope="col" key={name} className={tables.number}>
                {t(`access.review.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {review.months.map((row) => (
            <tr key={`${row.month} ${row.operatorId} ${row.name} ${row.means}`} data-testid="access-month">
              <td>{month(row.month)}</td>
              <th scope="row">{row.name ?? t('access.unknown')}</th>
              <td>{t(`access.by.${row.means}`)}</td>
              {FIGURES.map((name) => (
                <td key={name} className={tables.number} data-mark={name === 'failures' && row[name] > 0}>
                  {formatNumber(row[name], i18n.language)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

function Mark({ review, onMark }: { review: AccessReviewView; onMark: () => void }) {
  const { t } = useTranslation('console')
  const may = useMay('access.review')
  const { reviewed } = review
  if (reviewed !== null)
    return (
      <Notice tone="ok" title={t('access.review.done', { year: review.year, name: reviewed.by.name })}>
        <p>
          <Instant at={reviewed.at} /> · {reviewed.note} ·{' '}
          <TrailLink objectType="access-review" objectId={reviewed.id} name={String(review.year)} />
        </p>
      </Notice>
    )
  return (
    <Notice
      tone={review.isOver ? 'warn' : 'idle'}
      title={t(review.isOver ? 'access.review.due' : 'access.review.notOver', { year: review.year })}
      actions={
        may && review.isOver ? (
          <Button leftSection={<IconClipboardCheck size={16} aria-hidden />} onClick={onMark}>
            {t('access.review.mark')}
          </Button>
        ) : null
      }
    >
      <p>{t('access.review.law')}</p>
    </Notice>
  )
}

function Year({ year }: { year: number }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const [marking, setMarking] = useState(false)
  const saving = useAction()
  const load = useLoad(
    useCallback(() => valueOf(client.call('readAccessReview', { params: { year } })), [client, year]),
  )
  const save = async () => {
    const file = await saving.run(() =>
      client.call('exportAccessReview', { params: { year }, body: { format: 'csv' } }),
    )
    if (file !== undefined) saveFile(file.name, file.mediaType, file.content)
  }
  return (
    <LoadView load={load} right="access.read">
      {(review) => (
        <div className={css.stack}>
          <Mark review={review} onMark={() => setMarking(true)} />
          {review.missingBefore === null ? null : (
            <Notice
              tone="warn"
              title={t('access.review.missing', { day: formatCalendarDate(review.missingBefore, i18n.language) })}
            />
          )}
          <Totals review={review} />
          <Group justify="space-between">
            <span className={css.quiet}>
              {t('access.review.hours', { from: review.hours.from, to: review.hours.to, zone: review.hours.zone })}
            </span>
            <Button
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
              loading={saving.busy}
              onClick={() => void save()}
            >
              {t('access.review.csv')}
            </Button>
          </Group>
          {saving.failure === undefined ? null : <FailureNotice failure={saving.failure} />}
          <Months review={review} />
          {marking ? (
            <ReasonDialog
              title={t('access.review.markTitle', { year })}
              action={t('access.review.mark')}
              label={t('access.review.note')}
              hint={t('access.review.noteHow')}
              run={(note) => client.call('markAccessReviewed', { params: { year }, body: { note } }, once())}
              onClose={() => setMarking(false)}
              onDone={() => {
                setMarking(false)
                load.reload()
              }}
            />
          ) : null}
        </div>
      )}
    </LoadView>
  )
}

/** The yearly look at what administrators did to get in, and the mark that it was done. */
export function AccessReview({ year }: { year: number | null }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const years = useLoad(useCallback(() => valueOf(client.call('listAccessYears', {})), [client]))
  const label = (one: HttpAnswer<'listAccessYears'>['items'][number]) =>
    `${one.year} · ${t(one.reviewed !== null ? 'access.review.isDone' : one.isOver ? 'access.review.isDue' : 'access.review.isRunning')}`
  const items = years.data?.items ?? []
  // What is to be done comes first: the newest year that is over and was not looked at.
  const shown = year ?? (items.find((one) => one.isOver && one.reviewed === null) ?? items[0])?.year ?? null
  return (
    <Screen
      title={t('screen.access')}
      subtitle={t('access.subtitle')}
      actions={
        items.length === 0 ? null : (
          <Select
            aria-label={t('access.review.year')}
            data={items.map((one) => ({ value: String(one.year), label: label(one) }))}
            value={shown === null ? null : String(shown)}
            allowDeselect={false}
            w={240}
            onChange={(next) => goTo(['access', 'review'], { query: { year: next ?? '' }, replace: true })}
          />
        )
      }
    >
      <AccessTabs at="review" />
      <LoadView load={years} right="access.read">
        {() =>
          shown === null ? (
            <EmptyState title={t('access.none')}>{t('access.noneWhy')}</EmptyState>
          ) : (
            <Year key={shown} year={shown} />
          )
        }
      </LoadView>
    </Screen>
  )
}
