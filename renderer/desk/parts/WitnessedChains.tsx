import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { IconRefresh } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState } from '../../ui/States.tsx'
import { Notice, ToneBadge } from '../../ui/Tone.tsx'
import { desk } from '../desk.ts'
import css from '../screens/screens.module.css'
import { useDeskState } from '../stores/desk-state.ts'
import { chainWord } from '../stores/witness-facts.ts'

/** What this desk keeps of each audit chain: how long it was, when it was seen, whether the desk signed for it. */
export function WitnessedChains() {
  const { t } = useTranslation('desk')
  const witness = useDeskState((state) => state.witness)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const look = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      useDeskState.setState({ witness: await desk.call('witness.check', {}) })
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  if (witness === null) return null
  return (
    <Panel
      flush
      bounded={t('witness.title')}
      title={t('witness.title')}
      testId="witnessed-chains"
      actions={
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={busy}
          onClick={() => void look()}
        >
          {t('witness.now')}
        </Button>
      }
    >
      {failure === undefined ? null : <FailureNotice failure={failure} />}
      {witness.failure === null ? null : (
        <p style={{ margin: 0, padding: '8px 16px' }}>{t(`errors:${witness.failure}.what`)}</p>
      )}
      {witness.keyRefused ? (
        <div style={{ padding: '8px 16px' }}>
          <Notice tone="warn" title={t('witness.refused.what')} testId="witness-key-refused">
            <p>{t('witness.refused.todo')}</p>
          </Notice>
        </div>
      ) : null}
      {witness.chains.length === 0 ? (
        <EmptyState title={t('witness.empty')}>{t('witness.emptyHint')}</EmptyState>
      ) : (
        <ul className={css.queue}>
          {witness.chains.map((chain) => {
            const { word, tone } = chainWord(witness, chain)
            return (
              <li key={chain.chain}>
                <span>
                  <strong>{chain.chain}</strong> · {t('witness.entries', { count: chain.size })}
                  <br />
                  <span className={css.muted}>
                    {t('witness.seen')} <Moment at={chain.seenAt} /> ({t('witness.since')}{' '}
                    <Moment at={chain.firstSeenAt} show="day" />)
                    <br />
                    {chain.cosignedAt === null ? (
                      t(witness.keyRefused ? 'witness.refused.chain' : 'witness.notCosigned')
                    ) : (
                      <>
                        {t('witness.cosigned')} <Moment at={chain.cosignedAt} />
                      </>
                    )}
                  </span>
                  {chain.unproved === null ? null : (
                    <>
                      <br />
                      {t(`witness.wayOn.${chain.unproved.why}`, { id: chain.unproved.id })}
                    </>
                  )}
                </span>
                <ToneBadge tone={tone}>{t(`witness.${word}`)}</ToneBadge>
              </li>
            )
          })}
        </ul>
      )}
    </Panel>
  )
}
