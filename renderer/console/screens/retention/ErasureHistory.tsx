import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { ErasureState, ErasureView } from '../../../../shared/contract/routes/audit-retention.ts'
import { formatNumber } from '../../../ui/format.ts'
import { formatRoute } from '../../../ui/route.ts'
import { ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import type { PagedLoad } from '../../../ui/use-load.ts'
import { shownId } from '../../format/shown-id.ts'
import css from '../../parts/console.module.css'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { HistoryTable, type HistoryColumn } from '../../parts/HistoryTable.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { trailPath } from '../../route/location.ts'

const TONES: Readonly<Record<ErasureState, Tone>> = {
  requested: 'warn',
  refused: 'idle',
  approved: 'info',
  done: 'ok',
  failed: 'bad',
}

function State({ erasure }: { erasure: ErasureView }) {
  const { t } = useTranslation('console')
  return (
    <>
      <ToneBadge tone={TONES[erasure.state]}>{t(`erasure.state.${erasure.state}`)}</ToneBadge>
      {erasure.refusal === null ? null : <div>{erasure.refusal}</div>}
      {erasure.error === null ? null : (
        <div>
          <ErrorWords code={erasure.error} />
        </div>
      )}
    </>
  )
}

const columnsOf = (t: TFunction, language: string): readonly HistoryColumn<ErasureView>[] => {
  const objectOf = ({ objectType, objectId }: ErasureView) => `${objectTypeWord(t, objectType)} ${shownId(objectId)}`
  return [
    { header: t('cleaning.asked'), cell: (row) => <Instant at={row.requestedAt} /> },
    {
      header: t('audit.object'),
      isName: true,
      cell: (row) => (
        <a className={css.link} href={formatRoute(trailPath(row.objectType, row.objectId))} title={row.objectId}>
          {objectOf(row)}
        </a>
      ),
    },
    { header: t('erasure.ruleLabel'), cell: (row) => t(`erasure.rule.${row.rule}`) },
    { header: t('cleaning.state'), cell: (row) => <State erasure={row} /> },
    {
      header: t('cleaning.entries'),
      isNumber: true,
      cell: (row) => formatNumber(row.entries, language),
    },
    { header: t('erasure.askedBy'), cell: (row) => row.requestedBy?.name ?? t('cleaning.bySchedule') },
    { header: t('erasure.decidedBy'), cell: (row) => row.decidedBy?.name ?? '—' },
    {
      header: t('screen.trail'),
      cell: (row) => <TrailLink objectType="audit-erasure" objectId={row.id} name={objectOf(row)} />,
    },
  ]
}

/** Every erasure: who asked, who decided, what came of it. */
export function ErasureHistory({ load }: { load: PagedLoad<ErasureView> }) {
  const { t, i18n } = useTranslation('console')
  return (
    <HistoryTable
      title={t('erasure.history')}
      load={load}
      right="retention.read"
      none={t('erasure.none')}
      noneWhy={t('erasure.noneWhy')}
      rowId="erasure"
      columns={columnsOf(t, i18n.language)}
    />
  )
}
