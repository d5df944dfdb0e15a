import { useTranslation } from 'react-i18next'
import type { ErasureState, ErasureView } from '../../../../shared/contract/routes/audit-retention.ts'
import { formatNumber } from '../../../ui/format.ts'
import { formatRoute } from '../../../ui/route.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import type { PagedLoad } from '../../../ui/use-load.ts'
import { shownId } from '../../format/shown-id.ts'
import css from '../../parts/console.module.css'
import tables from '../../parts/tables.module.css'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { Instant } from '../../parts/Instant.tsx'
import { MoreButton } from '../../parts/MoreButton.tsx'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { trailPath } from '../../route/location.ts'

const TONES: Readonly<Record<ErasureState, Tone>> = {
  requested: 'warn',
  refused: 'idle',
  approved: 'info',
  done: 'ok',
  failed: 'bad',
}

function Row({ erasure }: { erasure: ErasureView }) {
  const { t, i18n } = useTranslation('console')
  return (
    <tr data-testid="erasure">
      <td>
        <Instant at={erasure.requestedAt} />
      </td>
      <th scope="row">
        <a
          className={css.link}
          href={formatRoute(trailPath(erasure.objectType, erasure.objectId))}
          title={erasure.objectId}
        >
          {objectTypeWord(t, erasure.objectType)} {shownId(erasure.objectId)}
        </a>
      </th>
      <td>{t(`erasure.rule.${erasure.rule}`)}</td>
      <td>
        <ToneBadge tone={TONES[erasure.state]}>{t(`erasure.state.${erasure.state}`)}</ToneBadge>
        {erasure.refusal === null ? null : <div>{erasure.refusal}</div>}
        {erasure.error === null ? null : (
          <div>
            <ErrorWords code={erasure.error} />
          </div>
        )}
      </td>
      <td className={tables.number}>{formatNumber(erasure.entries, i18n.language)}</td>
      <td>{erasure.requestedBy?.name ?? t('cleaning.bySchedule')}</td>
      <td>{erasure.decidedBy?.name ?? '—'}</td>
    </tr>
  )
}

/** Every erasure: who asked, who decided, what came of it. */
export function ErasureHistory({ load }: { load: PagedLoad<ErasureView> }) {
  const { t } = useTranslation('console')
  return (
    <Panel title={t('erasure.history')} flush>
      <LoadView load={load} right="retention.read">
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title={t('erasure.none')}>{t('erasure.noneWhy')}</EmptyState>
          ) : (
            <>
              <table className={tables.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('cleaning.asked')}</th>
                    <th scope="col">{t('audit.object')}</th>
                    <th scope="col">{t('erasure.ruleLabel')}</th>
                    <th scope="col">{t('cleaning.state')}</th>
                    <th scope="col" className={tables.number}>
                      {t('cleaning.entries')}
                    </th>
                    <th scope="col">{t('erasure.askedBy')}</th>
                    <th scope="col">{t('erasure.decidedBy')}</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((erasure) => (
                    <Row key={erasure.id} erasure={erasure} />
                  ))}
                </tbody>
              </table>
              <MoreButton load={load} />
            </>
          )
        }
      </LoadView>
    </Panel>
  )
}
