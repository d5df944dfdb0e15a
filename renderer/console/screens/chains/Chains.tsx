import { Button } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '../../../ui/format.ts'
import { Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { alarmTodo, alarmWhat } from '../../parts/alarm-words.ts'
import { StaleNotice } from '../../parts/StaleNotice.tsx'
import { ReloadButton } from '../../parts/ReloadButton.tsx'
import { useOpenAlarms } from '../../stores/alarm-store.ts'
import { useHealth } from '../../stores/health-store.ts'
import { useMay } from '../../stores/session-store.ts'
import { usePolled } from '../../stores/use-polled.ts'
import { ChainPanel } from './ChainPanel.tsx'
import { readChains } from './known-chain.ts'

const EVERY_MS = 10_000

/** Contradictions come first: someone was shown two pasts. */
function Contradictions() {
  const { t } = useTranslation('console')
  const found = (useOpenAlarms().data ?? []).filter((alarm) => alarm.kind === 'witness-contradiction')
  return found.map((alarm) => (
    <Notice
      key={alarm.id}
      tone="bad"
      title={alarmWhat(t, alarm)}
      live
      actions={
        <Button component="a" href="#/alarms" variant="default" size="xs">
          {t('alarm.toAlarms')}
        </Button>
      }
    >
      <p>{alarmTodo(t, alarm)}</p>
    </Notice>
  ))
}

/** Each chain with its head, its last checkpoint, its time-stamp, and who else has seen it. */
export function Chains() {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const mayRead = useMay('audit.read')
  const own = useHealth().data?.chain.name
  const load = usePolled(
    useCallback(() => readChains(client, mayRead, own), [client, mayRead, own]),
    EVERY_MS,
  )
  const count = load.data?.length ?? 0
  return (
    <Screen
      title={t('screen.chains')}
      subtitle={count > 1 ? t('chain.several', { n: formatNumber(count, i18n.language) }) : t('chain.subtitle')}
      actions={<ReloadButton load={load} />}
    >
      <LoadView load={load} right="health.read">
        {(chains) => (
          <div className={css.stack}>
            <StaleNotice load={load} />
            <Contradictions />
            {chains.length === 0 ? (
              <EmptyState title={t('chain.none')}>{t('chain.noneWhy')}</EmptyState>
            ) : (
              chains.map((known) => <ChainPanel key={known.chain} known={known} />)
            )}
          </div>
        )}
      </LoadView>
    </Screen>
  )
}
