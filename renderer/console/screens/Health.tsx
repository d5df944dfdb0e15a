import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { IconRefresh } from '../../ui/icons.ts'
import { Screen } from '../../ui/Screen.tsx'
import { LoadView } from '../../ui/States.tsx'
import css from '../parts/console.module.css'
import { ChainPanel, ChecksPanel, KeyStoreNotice, LoadPanel, ServerPanel } from '../parts/HealthPanels.tsx'
import { Instant } from '../parts/Instant.tsx'
import { StaleNotice } from '../parts/StaleNotice.tsx'
import { useHealth } from '../stores/health-store.ts'

/** Everything the server checks about itself; asked again every ten seconds. */
export function Health() {
  const { t } = useTranslation('console')
  const load = useHealth()
  return (
    <Screen
      title={t('screen.health')}
      subtitle={
        load.data === undefined ? (
          t('health.subtitle')
        ) : (
          <>
            {t('health.asOf')} <Instant at={load.data.time} />
          </>
        )
      }
      actions={
        <Button leftSection={<IconRefresh size={16} aria-hidden />} loading={load.loading} onClick={load.reload}>
          {t('health.checkNow')}
        </Button>
      }
    >
      <LoadView load={load} right="health.read">
        {(health) => (
          <div className={css.stack}>
            <StaleNotice load={load} asOf={health.time} />
            <KeyStoreNotice health={health} />
            <div className={css.three}>
              <ServerPanel health={health} />
              <ChainPanel health={health} />
              <LoadPanel health={health} />
            </div>
            <ChecksPanel health={health} />
          </div>
        )}
      </LoadView>
    </Screen>
  )
}
