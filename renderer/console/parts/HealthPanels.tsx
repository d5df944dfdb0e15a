import { useTranslation } from 'react-i18next'
import type { HealthView } from '../../../shared/contract/index.ts'
import { formatNumber } from '../../ui/format.ts'
import { Facts, Panel } from '../../ui/Screen.tsx'
import { Notice, ToneBadge } from '../../ui/Tone.tsx'
import { formatDuration } from '../format/time.ts'
import css from './console.module.css'
import tables from './tables.module.css'
import { HealthBadge } from './HealthBadge.tsx'
import { Instant } from './Instant.tsx'

interface Props {
  readonly health: HealthView
}

/** Keys kept in software are for development: said on every screen about the server. */
export function KeyStoreNotice({ health }: Props) {
  const { t } = useTranslation('console')
  if (health.keys === 'hsm') return null
  return (
    <Notice tone="warn" title={t('common:keyStore.software')}>
      <p>{t('keyStore.warning')}</p>
    </Notice>
  )
}

export function ServerPanel({ health }: Props) {
  const { t, i18n } = useTranslation('console')
  return (
    <Panel title={t('health.server')} actions={<HealthBadge state={health.state} />}>
      <Facts
        rows={[
          [t('health.node'), health.node],
          [t('health.version'), health.version],
          [t('health.keys'), t(`health.keysKind.${health.keys}`)],
          [t('health.since'), <Instant key="since" at={health.startedAt} />],
          [t('health.uptime'), formatDuration(health.time - health.startedAt, i18n.language)],
        ]}
      />
    </Panel>
  )
}

export function ChainPanel({ health }: Props) {
  const { t, i18n } = useTranslation('console')
  const { chain } = health
  const running = chain.state === 'running'
  return (
    <Panel
      title={t('health.chain')}
      actions={<ToneBadge tone={running ? 'ok' : 'bad'}>{t(`health.chainState.${chain.state}`)}</ToneBadge>}
    >
      <Facts
        rows={[
          [t('health.chainName'), chain.name],
          [t('health.lastEntry'), <span key="n">#{formatNumber(chain.sequence, i18n.language)}</span>],
          [t('health.waiting'), formatNumber(chain.waiting, i18n.language)],
        ]}
      />
      {running ? null : (
        <Notice tone="bad" title={t('health.chainStopped')} live>
          <p>{t('health.chainStoppedTodo')}</p>
        </Notice>
      )}
    </Panel>
  )
}

export function LoadPanel({ health }: Props) {
  const { t, i18n } = useTranslation('console')
  const { requestsPerMinute, memoryMb, eventLoopMs } = health.load
  const round = (value: number) => formatNumber(Math.round(value * 10) / 10, i18n.language)
  return (
    <Panel title={t('health.load')}>
      <dl className={css.figures}>
        <div>
          <dt>{t('health.requests')}</dt>
          <dd>{round(requestsPerMinute)}</dd>
        </div>
        <div>
          <dt>{t('health.memory')}</dt>
          <dd>{round(memoryMb)} MB</dd>
        </div>
        <div>
          <dt>{t('health.eventLoop')}</dt>
          <dd>{round(eventLoopMs)} ms</dd>
        </div>
      </dl>
    </Panel>
  )
}

/** The checks as words alone, for where there is little room. */
export function ChecksList({ health }: Props) {
  const { t } = useTranslation('console')
  return (
    <Panel
      title={t('health.checks')}
      actions={
        <a className={css.link} href="#/health">
          {t('health.toHealth')}
        </a>
      }
    >
      <ul className={css.checkList}>
        {health.checks.map((check) => (
          <li key={check.name}>
            <span title={check.detail ?? ''}>{t(`check.${check.name}`, { defaultValue: check.name })}</span>
            <HealthBadge state={check.state} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

export function ChecksPanel({ health }: Props) {
  const { t, i18n } = useTranslation('console')
  const word = (name: string) => t(`check.${name}`, { defaultValue: name })
  return (
    <Panel title={t('health.checks')} flush>
      <table className={tables.table}>
        <thead>
          <tr>
            <th scope="col">{t('health.check')}</th>
            <th scope="col">{t('health.state')}</th>
            <th scope="col">{t('health.detail')}</th>
            <th scope="col" className={tables.number}>
              {t('health.took')}
            </th>
          </tr>
        </thead>
        <tbody>
          {health.checks.map((check) => (
            <tr key={check.name}>
              <th scope="row">{word(check.name)}</th>
              <td>
                <HealthBadge state={check.state} />
              </td>
              <td>{check.detail ?? '—'}</td>
              <td className={tables.number}>{formatNumber(Math.round(check.ms * 10) / 10, i18n.language)} ms</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
