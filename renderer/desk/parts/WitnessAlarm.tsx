import { useTranslation } from 'react-i18next'
import type { Contradiction, WitnessState } from '../../../shared/contract/desk.ts'
import { formatDateTime } from '../../ui/format.ts'
import { ToneIcon } from '../../ui/Tone.tsx'
import { useDeskState } from '../stores/desk-state.ts'
import { shownLosses, staleSince } from '../stores/witness-facts.ts'
import css from './card-bar.module.css'
import { useNow } from './use-now.ts'

/**
 * What this desk found as a witness of the audit, on every screen, signed in or not. A contradiction cannot be put away:
 * whoever holds the server would want just that.
 */
export function WitnessAlarm() {
  const witness = useDeskState((state) => state.witness)
  if (witness === null) return null
  return (
    <>
      {witness.contradictions.length === 0 ? null : <Alarm contradictions={witness.contradictions} />}
      <Doubts witness={witness} />
    </>
  )
}

function Alarm({ contradictions }: { contradictions: readonly Contradiction[] }) {
  const { t, i18n } = useTranslation('desk')
  const [first] = contradictions
  return (
    <div className={css.alarm} role="alert" data-testid="witness-alarm">
      <ToneIcon tone="bad" size={24} />
      <div>
        <p className={css.alarmTitle}>{t('witness.alarm')}</p>
        <p>
          {t('witness.means')} <strong>{t('witness.todo', { id: first?.id ?? '' })}</strong>
        </p>
        <ul>
          {contradictions.map((found) => (
            <li key={found.id}>
              {t('witness.found', {
                id: found.id,
                chain: found.chain,
                kind: t(`witness.kind.${found.kind}`),
                kept: found.keptSize ?? t('witness.nothing'),
                seen: found.seenSize ?? t('witness.nothing'),
                when: formatDateTime(found.foundAt, i18n.language),
                told: t(found.reported ? 'witness.told' : 'witness.notTold'),
              })}
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

function Doubts({ witness }: { witness: WitnessState }) {
  const { t, i18n } = useTranslation('desk')
  const now = useNow()
  const losses = shownLosses(witness, now)
  const stale = staleSince(witness, now)
  const unproved = witness.chains.filter((chain) => chain.unproved !== null)
  if (losses.length === 0 && unproved.length === 0 && stale === null) return null
  return (
    <div role="status" data-testid="witness-doubts">
      {losses.map(({ chain, why }) => (
        <p key={`${chain ?? ''} ${why}`} className={css.warning}>
          <ToneIcon tone="warn" />
          {t(`witness.lost.${why}`, { chain: chain ?? '' })}
        </p>
      ))}
      {stale === null ? null : (
        <p className={css.warning}>
          <ToneIcon tone="warn" />
          {t('witness.stale', { when: formatDateTime(stale, i18n.language) })}
        </p>
      )}
      {unproved.map(({ chain, unproved: doubt }) => (
        <p key={chain} className={css.warning}>
          <ToneIcon tone="warn" />
          {t(`witness.unproved.${doubt?.why ?? 'none'}`, { chain, id: doubt?.id ?? '' })}
        </p>
      ))}
    </div>
  )
}
