import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { WitnessView } from '../../../../shared/contract/routes/audit-witness.ts'
import { formatNumber } from '../../../ui/format.ts'
import { LoadView } from '../../../ui/States.tsx'
import { Notice, ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import tables from '../../parts/tables.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 10_000

/** Where a witness stands: up to date, behind, stale, silent. */
const standingOf = (witness: WitnessView, size: number): { tone: Tone; word: string } => {
  if (witness.stale) return { tone: 'warn', word: 'stale' }
  if (witness.size === null) return { tone: 'idle', word: 'none' }
  return witness.size >= size ? { tone: 'ok', word: 'current' } : { tone: 'info', word: 'behind' }
}

function Row({ witness, size }: { witness: WitnessView; size: number }) {
  const { t, i18n } = useTranslation('console')
  const standing = standingOf(witness, size)
  return (
    <tr data-testid="witness">
      <th scope="row" title={witness.name}>
        {witness.stationName ?? (witness.kind === 'desk' ? t('audit.unknownStation') : witness.name)}
      </th>
      <td>{t(`chain.witnessKind.${witness.kind}`)}</td>
      <td className={tables.number}>{witness.size === null ? '—' : formatNumber(witness.size, i18n.language)}</td>
      <td>{witness.time === null ? t('stations.never') : <Instant at={witness.time} />}</td>
      <td>
        <ToneBadge tone={standing.tone}>{t(`chain.standing.${standing.word}`)}</ToneBadge>
        {witness.failure === null ? null : <div className={css.quiet}>{witness.failure}</div>}
      </td>
    </tr>
  )
}

/** Who else has seen the chain, which size of it, and when: what nobody else has seen, nobody else can vouch for. */
export function Witnesses({ chain }: { chain: string }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const load = usePolled(
    useCallback(() => valueOf(client.call('listWitnesses', { params: { chain } })), [client, chain]),
    EVERY_MS,
  )
  return (
    <LoadView load={load} right="health.read">
      {({ size, items }) => {
        if (items.length === 0)
          return (
            <Notice tone="warn" title={t('chain.noWitness')}>
              <p>{t('chain.noWitnessWhy')}</p>
            </Notice>
          )
        const current = items.filter((one) => one.size !== null && one.size >= size).length
        return (
          <section>
            <h3 className={css.sub}>
              {t('chain.witnesses', {
                current: formatNumber(current, i18n.language),
                all: formatNumber(items.length, i18n.language),
                size: formatNumber(size, i18n.language),
              })}
            </h3>
            <table className={tables.table}>
              <thead>
                <tr>
                  <th scope="col">{t('chain.witness')}</th>
                  <th scope="col">{t('chain.kind')}</th>
                  <th scope="col" className={tables.number}>
                    {t('chain.seen')}
                  </th>
                  <th scope="col">{t('chain.seenAt')}</th>
                  <th scope="col">{t('chain.stands')}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((witness) => (
                  <Row key={witness.name} witness={witness} size={size} />
                ))}
              </tbody>
            </table>
          </section>
        )
      }}
    </LoadView>
  )
}
