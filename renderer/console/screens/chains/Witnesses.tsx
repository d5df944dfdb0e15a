import { Button, Group } from '@mantine/core'
import { useCallback, useState } from 'react'
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
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { useMay } from '../../stores/session-store.ts'
import { once } from '../../stores/use-action.ts'
import { usePolled } from '../../stores/use-polled.ts'

const EVERY_MS = 10_000

/** Where a witness stands: up to date, behind, stale, silent. */
const standingOf = (witness: WitnessView, size: number): { tone: Tone; word: string } => {
  if (witness.stale) return { tone: 'warn', word: 'stale' }
  if (witness.size === null) return { tone: 'idle', word: 'none' }
  return witness.size >= size ? { tone: 'ok', word: 'current' } : { tone: 'info', word: 'behind' }
}

function Row(props: { witness: WitnessView; size: number; onRelease: (() => void) | null }) {
  const { t, i18n } = useTranslation('console')
  const { witness, size } = props
  const standing = standingOf(witness, size)
  const name = witness.stationName ?? (witness.kind === 'desk' ? t('audit.unknownStation') : witness.name)
  return (
    <tr data-testid="witness">
      <th scope="row" title={witness.name}>
        {name}
      </th>
      <td>{t(`chain.witnessKind.${witness.kind}`)}</td>
      <td className={tables.number}>{witness.size === null ? '—' : formatNumber(witness.size, i18n.language)}</td>
      <td>{witness.time === null ? t('stations.never') : <Instant at={witness.time} />}</td>
      <td>
        <ToneBadge tone={standing.tone}>{t(`chain.standing.${standing.word}`)}</ToneBadge>
        {witness.failure === null ? null : <div className={css.quiet}>{witness.failure}</div>}
      </td>
      <td>
        <Group gap={8} justify="flex-end" wrap="nowrap">
          {witness.station === null ? null : (
            <TrailLink objectType="audit-witness" objectId={witness.station} name={name} />
          )}
          {props.onRelease === null ? null : (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('chain.releaseOf', { name })}
              onClick={props.onRelease}
            >
              {t('chain.release')}
            </Button>
          )}
        </Group>
      </td>
    </tr>
  )
}

/** A station that was set up anew has a new witness key: the old one has to be let go first, by its station's name. */
function ReleaseKey(props: { witness: WitnessView; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const { witness } = props
  return (
    <ReasonDialog
      title={t('chain.releaseTitle')}
      action={t('chain.release')}
      label={t('retention.reason')}
      hint={t('retention.reasonHow')}
      typed={witness.stationName ?? witness.name}
      run={(reason) =>
        client.call(
          'releaseWitnessKey',
          { params: { station: witness.station ?? '' }, body: { vkey: witness.vkey, reason } },
          once(),
        )
      }
      onClose={props.onClose}
      onDone={props.onDone}
    >
      <span>{t('chain.releaseMeans')}</span>
      <span className={`cs-mono ${css.long}`}>{witness.vkey}</span>
    </ReasonDialog>
  )
}

/** Who else has seen the chain, which size of it, and when: what nobody else has seen, nobody else can vouch for. */
export function Witnesses({ chain }: { chain: string }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const may = useMay('witness.manage')
  const [releasing, setReleasing] = useState<WitnessView | null>(null)
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
                  <th scope="col">
                    <span className="cs-hidden">{t('chain.release')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((witness) => (
                  <Row
                    key={witness.name}
                    witness={witness}
                    size={size}
                    onRelease={may && witness.kind === 'desk' ? () => setReleasing(witness) : null}
                  />
                ))}
              </tbody>
            </table>
            {releasing === null ? null : (
              <ReleaseKey
                witness={releasing}
                onClose={() => setReleasing(null)}
                onDone={() => {
                  setReleasing(null)
                  load.reload()
                }}
              />
            )}
          </section>
        )
      }}
    </LoadView>
  )
}
