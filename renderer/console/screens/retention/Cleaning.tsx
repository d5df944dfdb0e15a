import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { CleaningPlan, CleaningVerdict, CleaningView } from '../../../../shared/contract/routes/audit-retention.ts'
import { formatNumber } from '../../../ui/format.ts'
import { IconRefresh } from '../../../ui/icons.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { Notice, ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import { useLoad, usePagedLoad, type PagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { formatBytes } from '../../format/bytes.ts'
import css from '../../parts/console.module.css'
import own from './retention.module.css'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { HistoryTable, type HistoryColumn } from '../../parts/HistoryTable.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { useMay } from '../../stores/session-store.ts'
import { once } from '../../stores/use-action.ts'
import { useReloadWhile } from '../../../ui/use-reload-while.ts'

const VERDICT_TONES: Readonly<Record<CleaningVerdict, Tone>> = {
  ready: 'warn',
  'window-unset': 'info',
  'nothing-old-enough': 'ok',
  'held-by-class': 'info',
  refused: 'bad',
}
const STATE_TONES: Readonly<Record<CleaningView['state'], Tone>> = {
  waiting: 'idle',
  running: 'info',
  done: 'ok',
  failed: 'bad',
}

/** What a cleaning of one chain would delete now, in words and counts; nothing is deleted by looking. */
function Plan({ plan, onClean }: { plan: CleaningPlan; onClean: (() => void) | null }) {
  const { t, i18n } = useTranslation('console')
  const count = (n: number) => formatNumber(n, i18n.language)
  return (
    <div className={own.plan} data-testid="cleaning-plan">
      <Notice
        tone={VERDICT_TONES[plan.verdict]}
        title={`${plan.chain}: ${t(`cleaning.verdict.${plan.verdict}.what`)}`}
        actions={
          onClean === null ? null : (
            <Button color="red.9" onClick={onClean}>
              {t('cleaning.clean', { chain: plan.chain })}
            </Button>
          )
        }
      >
        <p>{plan.error === null ? t(`cleaning.verdict.${plan.verdict}.means`) : <ErrorWords code={plan.error} />}</p>
        {plan.verdict === 'ready' ? (
          <p>
            <b>
              {t('cleaning.would', {
                entries: count(plan.entries),
                bytes: formatBytes(plan.bytes, i18n.language),
                cut: count(plan.cut),
              })}
            </b>{' '}
            {plan.until === null ? null : (
              <>
                {t('cleaning.until')} <Instant at={plan.until} />.
              </>
            )}
          </p>
        ) : null}
        {plan.heldBy === null ? null : (
          <p>
            {t('cleaning.heldBy', {
              sequence: count(plan.heldBy.sequence),
              class: t(`retention.classes.${plan.heldBy.class}.name`),
            })}{' '}
            {plan.heldBy.until === null ? (
              t('cleaning.heldOpen')
            ) : (
              <>
                {t('cleaning.heldUntil')} <Instant at={plan.heldBy.until} />.
              </>
            )}
          </p>
        )}
      </Notice>
    </div>
  )
}

function State({ cleaning }: { cleaning: CleaningView }) {
  const { t } = useTranslation('console')
  return (
    <>
      <ToneBadge tone={STATE_TONES[cleaning.state]}>{t(`cleaning.states.${cleaning.state}`)}</ToneBadge>
      {cleaning.error === null ? null : (
        <div>
          <ErrorWords code={cleaning.error} />
        </div>
      )}
    </>
  )
}

const columnsOf = (t: TFunction, language: string): readonly HistoryColumn<CleaningView>[] => [
  { header: t('cleaning.asked'), cell: (row) => <Instant at={row.requestedAt} /> },
  { header: t('audit.chain'), isName: true, cell: (row) => row.chain },
  { header: t('cleaning.state'), cell: (row) => <State cleaning={row} /> },
  { header: t('cleaning.entries'), isNumber: true, cell: (row) => formatNumber(row.entries, language) },
  { header: t('cleaning.bytes'), isNumber: true, cell: (row) => formatBytes(row.bytes, language) },
  { header: t('cleaning.upTo'), cell: (row) => (row.until === null ? '—' : <Instant at={row.until} />) },
  { header: t('cleaning.by'), cell: (row) => row.requestedBy?.name ?? t('cleaning.bySchedule') },
  {
    header: t('screen.trail'),
    cell: (row) => <TrailLink objectType="audit-cut" objectId={row.id} name={row.chain} />,
  },
]

function History({ load }: { load: PagedLoad<CleaningView> }) {
  const { t, i18n } = useTranslation('console')
  return (
    <HistoryTable
      title={t('cleaning.history')}
      load={load}
      right="retention.read"
      none={t('cleaning.none')}
      noneWhy={t('cleaning.noneWhy')}
      rowId="cleaning"
      columns={columnsOf(t, i18n.language)}
    />
  )
}

const isUnderWay = (row: CleaningView): boolean => row.state === 'waiting' || row.state === 'running'

/** Counts first, then deletes behind a signed cut once the chain's name was typed. */
export function Cleaning() {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const may = useMay('retention.manage')
  const [chosen, setChosen] = useState<CleaningPlan | null>(null)
  const plans = useLoad(useCallback(() => valueOf(client.call('planCleaning', {})), [client]))
  const history = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(client.call('listCleanings', { query: cursor === undefined ? {} : { cursor } })),
      [client],
    ),
  )
  const { reload } = plans
  useReloadWhile(history, isUnderWay, reload)
  return (
    <div className={css.stack}>
      <Panel
        title={t('cleaning.plan')}
        actions={
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={plans.loading}
            onClick={plans.reload}
          >
            {t('cleaning.count')}
          </Button>
        }
      >
        <LoadView load={plans} right="retention.read">
          {({ items }) => (
            <div className={css.stack}>
              {items.map((plan) => (
                <Plan
                  key={plan.chain}
                  plan={plan}
                  onClean={may && plan.verdict === 'ready' ? () => setChosen(plan) : null}
                />
              ))}
            </div>
          )}
        </LoadView>
      </Panel>
      <History load={history} />
      {chosen === null ? null : (
        <ReasonDialog
          title={t('cleaning.confirm')}
          action={t('cleaning.delete', { entries: formatNumber(chosen.entries, i18n.language) })}
          label={t('retention.reason')}
          hint={t('retention.reasonHow')}
          typed={chosen.chain}
          run={(reason) =>
            client.call('startCleaning', { body: { chain: chosen.chain, cut: chosen.cut, reason } }, once())
          }
          onClose={() => setChosen(null)}
          onDone={() => {
            setChosen(null)
            history.reload()
            plans.reload()
          }}
        >
          <span>
            {t('cleaning.confirmMeans', {
              entries: formatNumber(chosen.entries, i18n.language),
              bytes: formatBytes(chosen.bytes, i18n.language),
            })}
          </span>
        </ReasonDialog>
      )}
    </div>
  )
}
