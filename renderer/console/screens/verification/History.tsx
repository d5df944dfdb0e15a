import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { VerificationView } from '../../../../shared/contract/index.ts'
import { formatNumber } from '../../../ui/format.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { EmptyState } from '../../../ui/States.tsx'
import { ToneBadge } from '../../../ui/Tone.tsx'
import type { PagedLoad } from '../../../ui/use-load.ts'
import { formatDuration } from '../../format/time.ts'
import tables from '../../parts/tables.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { VERDICT_TONES } from '../../parts/VerdictNotice.tsx'

function Row(props: { verification: VerificationView; chosen: boolean; onChoose: () => void }) {
  const { t, i18n } = useTranslation('console')
  const { verification } = props
  const { state, startedAt, endedAt } = verification
  return (
    <tr data-testid="verification">
      <td>
        <Instant at={startedAt} />
      </td>
      <td>{verification.chain}</td>
      <td>{t(`verification.depth.${verification.depth}.name`)}</td>
      <td>
        <ToneBadge tone={VERDICT_TONES[state]}>{t(`verification.state.${state}`)}</ToneBadge>
      </td>
      <td className={tables.number}>{formatNumber(verification.checked, i18n.language)}</td>
      <td className={tables.number}>{formatNumber(verification.faults.length, i18n.language)}</td>
      <td className={tables.number}>{endedAt === null ? '—' : formatDuration(endedAt - startedAt, i18n.language)}</td>
      <td>
        {verification.startedBy?.name ?? t(verification.scheduled ? 'verification.bySchedule' : 'verification.byShell')}
      </td>
      <td>
        <Button size="compact-xs" variant="subtle" aria-pressed={props.chosen} onClick={props.onChoose}>
          {t('verification.show')}
        </Button>
      </td>
    </tr>
  )
}

/** Earlier verifications, newest first. */
export function History(props: {
  load: PagedLoad<VerificationView>
  chosen: string | null
  onChoose: (id: string) => void
}) {
  const { t } = useTranslation('console')
  const { load } = props
  const rows = load.data ?? []
  return (
    <Panel title={t('verification.history')} flush>
      {rows.length === 0 ? (
        <EmptyState title={t('verification.none')}>{t('verification.noneWhy')}</EmptyState>
      ) : (
        <table className={tables.table}>
          <thead>
            <tr>
              <th scope="col">{t('verification.column.started')}</th>
              <th scope="col">{t('audit.chain')}</th>
              <th scope="col">{t('verification.column.depth')}</th>
              <th scope="col">{t('verification.column.verdict')}</th>
              <th scope="col" className={tables.number}>
                {t('verification.column.checked')}
              </th>
              <th scope="col" className={tables.number}>
                {t('verification.column.faults')}
              </th>
              <th scope="col" className={tables.number}>
                {t('verification.column.took')}
              </th>
              <th scope="col">{t('verification.column.by')}</th>
              <th scope="col">
                <span className="cs-hidden">{t('verification.show')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <Row
                key={one.id}
                verification={one}
                chosen={one.id === props.chosen}
                onChoose={() => props.onChoose(one.id)}
              />
            ))}
          </tbody>
        </table>
      )}
      {load.hasMore ? (
        <Button variant="subtle" m="xs" loading={load.loading} onClick={load.loadMore}>
          {t('common:loadMore')}
        </Button>
      ) : null}
    </Panel>
  )
}
