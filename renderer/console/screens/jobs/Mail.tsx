import { ActionIcon, Button, Group, Select, TextInput, Tooltip } from '@mantine/core'
import { useCallback, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { MailRecipient, type MailSettingsView } from '../../../../shared/contract/routes/alarms.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { LANGUAGES } from '../../../ui/preferences.ts'
import { Facts, Panel, Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import own from './jobs.module.css'
import { IconMail, IconTrash } from '../../parts/icons.ts'
import { QUIET } from '../../parts/quiet.ts'
import { once, useAction } from '../../stores/use-action.ts'
import { JobTabs } from './JobTabs.tsx'
import { TestMail } from './TestMail.tsx'

function AddRecipient(props: { busy: boolean; onAdd: (recipient: MailRecipient) => Promise<boolean> }) {
  const { t, i18n } = useTranslation('console')
  const [address, setAddress] = useState('')
  const [language, setLanguage] = useState(i18n.language)
  const parsed = MailRecipient.safeParse({ address: address.trim(), language })
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (parsed.success && (await props.onAdd(parsed.data))) setAddress('')
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Group gap="xs" align="end" wrap="nowrap">
        <TextInput
          type="email"
          style={{ flex: 1 }}
          label={t('mail.address')}
          value={address}
          maxLength={200}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <Select
          w={130}
          label={t('common:language.label')}
          data={LANGUAGES.map((value) => ({ value, label: t(`common:language.${value}`) }))}
          value={language}
          allowDeselect={false}
          onChange={(value) => setLanguage(value ?? 'en')}
        />
        <Button type="submit" disabled={!parsed.success} loading={props.busy}>
          {t('mail.add')}
        </Button>
      </Group>
    </form>
  )
}

function Recipients(props: { settings: MailSettingsView; onChanged: () => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const { settings } = props
  const change = useAction()
  const test = useAction()
  const [sent, setSent] = useState<{ job: string; address: string } | null>(null)
  const set = async (recipients: MailRecipient[]): Promise<boolean> => {
    const done = await change.run(() =>
      client.call('setMailSettings', { body: { recipients } }, { ifMatch: settings.etag }),
    )
    if (done !== undefined || change.failure?.code === 'REQUEST_PRECONDITION_FAILED') props.onChanged()
    return done !== undefined
  }
  const sendTest = async (address: string) => {
    setSent(null)
    const made = await test.run(() => client.call('sendTestMail', { body: { address } }, once()))
    if (made !== undefined) setSent({ job: made.job, address })
  }
  const { recipients } = settings
  return (
    <Panel title={t('mail.recipients')}>
      <div className={css.stack}>
        {recipients.length === 0 ? (
          <EmptyState icon={<IconMail size={32} aria-hidden />} title={t('mail.none')}>
            {t('mail.noneWhy')}
          </EmptyState>
        ) : (
          <ul className={own.recipients}>
            {recipients.map((recipient) => (
              <li key={recipient.address} data-testid="recipient">
                <span>{recipient.address}</span>
                <span className={css.quiet}>{t(`common:language.${recipient.language}`)}</span>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={settings.server === null || test.busy}
                  aria-label={t('mail.testTo', { address: recipient.address })}
                  onClick={() => void sendTest(recipient.address)}
                >
                  {t('mail.test')}
                </Button>
                <Tooltip label={t('mail.remove', { address: recipient.address })}>
                  <ActionIcon
                    {...QUIET}
                    disabled={change.busy}
                    aria-label={t('mail.remove', { address: recipient.address })}
                    onClick={() => void set(recipients.filter((one) => one.address !== recipient.address))}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Tooltip>
              </li>
            ))}
          </ul>
        )}
        {sent === null ? null : <TestMail key={sent.job} job={sent.job} address={sent.address} />}
        {test.failure === undefined ? null : <FailureNotice failure={test.failure} />}
        <AddRecipient busy={change.busy} onAdd={(recipient) => set([...recipients, recipient])} />
        {change.failure === undefined ? null : <FailureNotice failure={change.failure} onRetry={props.onChanged} />}
      </div>
    </Panel>
  )
}

function MailServer({ settings }: { settings: MailSettingsView }) {
  const { t, i18n } = useTranslation('console')
  const { server } = settings
  return (
    <Panel title={t('mail.server')}>
      {server === null ? (
        <Notice tone="warn" title={t('mail.noServer')}>
          <p>{t('mail.noServerTodo')}</p>
        </Notice>
      ) : (
        <Facts
          rows={[
            [t('mail.host'), `${server.host}:${server.port}`],
            [t('mail.security'), server.security === 'tls' ? 'TLS' : 'STARTTLS'],
            [t('mail.from'), server.from],
            [t('mail.waiting'), formatNumber(settings.waiting, i18n.language)],
            [t('mail.undeliverable'), formatNumber(settings.undeliverable, i18n.language)],
          ]}
        />
      )}
    </Panel>
  )
}

/** Who is told by mail of what goes wrong, and through which server. */
export function Mail() {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const load = useLoad(useCallback(() => valueOf(client.call('readMailSettings', {})), [client]))
  return (
    <Screen title={t('screen.mail')} subtitle={t('mail.subtitle')}>
      <JobTabs at="mail" />
      <LoadView load={load} right="mail.manage">
        {(settings) => (
          <div className={css.wide}>
            <Recipients settings={settings} onChanged={load.reload} />
            <MailServer settings={settings} />
          </div>
        )}
      </LoadView>
    </Screen>
  )
}
