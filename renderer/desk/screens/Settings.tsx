import { Button, Group, SegmentedControl, Stack, Switch } from '@mantine/core'
import { useCallback, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { formatDuration } from '../../ui/format.ts'
import { IconDownload, IconRefresh } from '../../ui/icons.ts'
import { LANGUAGES, setPreference, usePreferences, type Language } from '../../ui/preferences.ts'
import { ActionBar, Column, Columns, Facts, Panel, Screen } from '../../ui/Screen.tsx'
import { LoadView } from '../../ui/States.tsx'
import { ToneBadge, type Tone } from '../../ui/Tone.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import { WitnessedChains } from '../parts/WitnessedChains.tsx'
import { saveFile } from '../parts/save-file.ts'
import { useDeskState } from '../stores/desk-state.ts'
import css from './screens.module.css'

const TONES: Readonly<Record<'ok' | 'warning' | 'failed', Tone>> = { ok: 'ok', warning: 'warn', failed: 'bad' }

/** How this desk is: checks, versions, language, and a report without secrets. */
export function Settings() {
  const { t } = useTranslation('desk')
  return (
    <Screen title={t('screen.settings')}>
      <Columns>
        <Column span={7}>
          <div className={css.column}>
            <Checks />
            <WitnessedChains />
          </div>
        </Column>
        <Column span={5}>
          <div style={{ display: 'grid', gap: 16 }}>
            <Likes />
            <About />
          </div>
        </Column>
      </Columns>
      <ActionBar>
        <Report />
      </ActionBar>
    </Screen>
  )
}

function Checks() {
  const { t, i18n } = useTranslation('desk')
  const checks = useLoad(useCallback(() => desk.call('diagnostics.checks', {}), []))
  return (
    <Panel
      flush
      title={t('settings.checks')}
      actions={
        <Button
          size="xs"
          variant="subtle"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={checks.loading && checks.data !== undefined}
          onClick={checks.reload}
        >
          {t('settings.checkAgain')}
        </Button>
      }
    >
      <LoadView load={checks}>
        {(rows) => (
          <ul className={css.queue}>
            {rows.map((row) => (
              <li key={row.name}>
                <span>
                  <strong>{t(`checkName.${row.name}`, { defaultValue: row.name })}</strong>
                  {row.detail === null ? null : <span className={css.muted}> {row.detail}</span>}
                </span>
                <Group gap="xs" wrap="nowrap">
                  <span className={css.stepState}>{formatDuration(row.ms, i18n.language)}</span>
                  <ToneBadge tone={TONES[row.state]}>{t(`common:health.${row.state}`)}</ToneBadge>
                </Group>
              </li>
            ))}
          </ul>
        )}
      </LoadView>
    </Panel>
  )
}

function Likes() {
  const { t } = useTranslation('desk')
  const id = useId()
  const { language, letterKeys } = usePreferences()
  return (
    <Panel title={t('settings.likes')}>
      <Stack gap="md">
        <div>
          <div id={id} style={{ marginBottom: 4 }}>
            {t('common:language.label')}
          </div>
          <SegmentedControl
            aria-labelledby={id}
            value={language}
            onChange={(value) => setPreference('language', value as Language)}
            data={LANGUAGES.map((code) => ({ value: code, label: t(`common:language.${code}`) }))}
          />
        </div>
        <Switch
          label={t('settings.letterKeys')}
          description={t('settings.letterKeysHint')}
          checked={letterKeys}
          onChange={(event) => setPreference('letterKeys', event.currentTarget.checked)}
        />
      </Stack>
    </Panel>
  )
}

function About() {
  const { t } = useTranslation('desk')
  const info = useDeskState((state) => state.info)
  const connection = useDeskState((state) => state.connection)
  if (info === null) return null
  return (
    <Panel title={t('settings.about')}>
      <Facts
        rows={[
          [t('settings.version'), info.version],
          [t('settings.host'), t(`settings.hosts.${info.host}`)],
          [t('settings.platform'), info.platform],
          [t('settings.server'), `${info.server.name} (${info.server.url})`],
          [t('me.station'), info.station.name],
          [
            t('settings.stationId'),
            <span className="cs-mono" key="id">
              {info.station.id}
            </span>,
          ],
          [t('settings.keyPaths'), info.keyPaths.map((path) => t(`keyPath.${path}`)).join(', ')],
          [t('settings.keys'), connection?.keys == null ? null : t(`common:keyStore.${connection.keys}`)],
        ]}
      />
    </Panel>
  )
}

function Report() {
  const { t } = useTranslation('desk')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const make = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      const { fileName, text } = await desk.call('diagnostics.report', {})
      saveFile(fileName, new Blob([text], { type: 'text/plain' }))
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      {failure === undefined ? null : <FailureNotice failure={failure} />}
      <Button
        data-primary
        loading={busy}
        leftSection={<IconDownload size={18} aria-hidden />}
        onClick={() => void make()}
      >
        {t('settings.report')}
      </Button>
    </>
  )
}
