import { Button, TextInput } from '@mantine/core'
import { useId, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import type { ConsoleRequestView } from '../../../shared/contract/session.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { Moment } from '../../ui/Moment.tsx'
import { ActionBar, Column, Columns, Facts, Panel, Screen } from '../../ui/Screen.tsx'
import { Notice } from '../../ui/Tone.tsx'
import { desk, sendSealed } from '../desk.ts'
import { PinDialog } from '../parts/PinDialog.tsx'
import { readUserAgent } from '../../ui/user-agent.ts'
import { formatConsoleCode, isConsoleCode } from '../stores/console-code.ts'
import { useOfficerReader, useReaders, useSession } from '../stores/desk-state.ts'

/** A console shows a code; the operator types it here, sees who asks, and signs it in with their own card. */
export function ConsoleApproval() {
  const { t } = useTranslation('desk')
  const form = useId()
  const [code, setCode] = useState('')
  const [request, setRequest] = useState<ConsoleRequestView | null>(null)
  const [asking, setAsking] = useState(false)
  const [done, setDone] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const session = useSession()
  const name = useOfficerReader()
  const reader = useReaders().find((candidate) => candidate.name === name) ?? null
  const find = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setFailure(undefined)
    setDone(false)
    try {
      setRequest(await desk.call('console.find', { code }))
    } catch (error) {
      setRequest(null)
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Screen title={t('screen.console')} subtitle={t('console.subtitle')} ownFocus>
      <Columns>
        <Column span={6}>
          <div style={{ display: 'grid', gap: 16 }}>
            <Panel>
              <form id={form} onSubmit={(event) => void find(event)}>
                <TextInput
                  label={t('console.code')}
                  description={t('console.codeHint')}
                  value={code}
                  onChange={(event) => {
                    setCode(formatConsoleCode(event.currentTarget.value))
                    setRequest(null)
                    setFailure(undefined)
                  }}
                  maxLength={9}
                  autoComplete="off"
                  autoFocus
                  styles={{
                    input: {
                      fontFamily: 'var(--mantine-font-family-monospace)',
                      fontSize: 18,
                      letterSpacing: '0.15em',
                      height: 40,
                    },
                  }}
                />
              </form>
            </Panel>
            {failure === undefined ? null : <FailureNotice failure={failure} />}
            {done ? <Notice tone="ok" live title={t('console.done')} testId="console-approved" /> : null}
            {request === null ? null : (
              <Panel title={t('console.who')}>
                <Facts
                  rows={[
                    [t('console.browser'), <BrowserWords key="browser" text={request.browser} />],
                    [t('console.address'), request.address],
                    [t('console.server'), request.serverName],
                    [t('console.asked'), <Moment key="asked" at={request.createdAt} />],
                    [t('console.expires'), <Moment key="expires" at={request.expiresAt} show="time" />],
                  ]}
                />
                <div style={{ marginTop: 16 }}>
                  <Notice tone="warn" title={t('console.warning')}>
                    <p>{t('console.warningTodo')}</p>
                  </Notice>
                </div>
              </Panel>
            )}
          </div>
        </Column>
        <Column span={6}>
          <Panel title={t('console.how')}>
            <p style={{ margin: 0 }}>{t('console.howHint')}</p>
          </Panel>
        </Column>
      </Columns>
      <ActionBar>
        {request === null ? (
          <Button type="submit" form={form} data-primary loading={busy} disabled={!isConsoleCode(code)}>
            {t('console.find')}
          </Button>
        ) : (
          <Button data-primary onClick={() => setAsking(true)}>
            {t('console.approve')}
          </Button>
        )}
      </ActionBar>
      <PinDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('console.approve')}
        reader={reader}
        action={t('console.approve')}
        onPin={async (pin) => {
          await sendSealed('pin', { pin }, { card: reader?.card?.serial ?? null }, (sealed) =>
            desk.call('console.approve', { code, pin: sealed }),
          )
          setAsking(false)
          setRequest(null)
          setCode('')
          setDone(true)
        }}
      >
        <p style={{ margin: 0 }}>{t('console.signAs', { name: session?.operator.name ?? '', code })}</p>
      </PinDialog>
    </Screen>
  )
}

/** Browser and system in words; what the browser said of itself, letter by letter, on hover. */
function BrowserWords({ text }: { text: string }) {
  const { t } = useTranslation('desk')
  const { browser, system } = readUserAgent(text)
  return (
    <span title={text}>
      {browser === null
        ? t('console.browserUnknown')
        : system === null
          ? browser
          : t('console.browserOn', { browser, system })}
    </span>
  )
}
