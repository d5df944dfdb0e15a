import { Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SessionView } from '../../../shared/contract/views.ts'
import type { Failure } from '../../../shared/contract/result.ts'
import type { KeyPath } from '../../../shared/contract/words.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { Panel, Screen } from '../../ui/Screen.tsx'
import { CardBar } from '../parts/CardBar.tsx'
import { CardChoice } from '../parts/CardChoice.tsx'
import { PinForm } from '../parts/PinForm.tsx'
import { WaitForCard } from '../parts/WaitForCard.tsx'
import { useDeskState, useReaders } from '../stores/desk-state.ts'
import { isCardOf, signInCertificate, signInReaders } from '../stores/reader-facts.ts'
import { signIn } from '../stores/session-actions.ts'
import { KeyPathChoice } from './KeyPathChoice.tsx'
import { WhoYouAre } from './WhoYouAre.tsx'
import css from './screens.module.css'

/** Insert your card → who you are, from its certificate → PIN, tries left shown first. */
export function SignIn({ onKeys }: { onKeys: () => void }) {
  const { t } = useTranslation('desk')
  const info = useDeskState((state) => state.info)
  return (
    <div className={css.signIn}>
      <header style={{ background: 'var(--cs-panel)', borderBottom: '1px solid var(--cs-line)' }}>
        <CardBar onKeys={onKeys} />
      </header>
      <main className={css.signInMain} id="main" tabIndex={-1}>
        <div className={css.signInBox}>
          <Screen
            title={t('signIn.title')}
            subtitle={t('signIn.subtitle', { server: info?.server.name ?? '', station: info?.station.name ?? '' })}
            ownFocus
          >
            <SignInWithCard action={t('signIn.action')} />
          </Screen>
        </div>
      </main>
    </div>
  )
}

/**
 * The card, its owner and the PIN. Used to sign in and to unlock; several officers' cards are offered to choose from.
 * `expected` is whose desk is locked: their card is taken by itself, any other only when chosen, so that nobody's PIN
 * goes to a card that happens to lie in the other reader.
 */
export function SignInWithCard({ action, expected }: { action: string; expected?: SessionView }) {
  const { t } = useTranslation('desk')
  const readers = useReaders()
  const paths = useDeskState((state) => state.info?.keyPaths)
  const [chosen, setChosen] = useState<string | null>(null)
  const [path, setPath] = useState<KeyPath | null>(null)
  // The form is gone with the card; what went wrong is not.
  const [failure, setFailure] = useState<Failure>()
  const candidates = signInReaders(readers)
  const usual = expected === undefined ? candidates[0] : candidates.find((candidate) => isCardOf(candidate, expected))
  const reader = candidates.find((candidate) => candidate.name === chosen) ?? usual
  const via = path ?? paths?.[0] ?? 'piv'
  if (reader === undefined)
    return (
      <Stack gap="md">
        {failure === undefined ? null : <FailureNotice failure={failure} />}
        <WaitForCard readers={readers} signIn />
        {candidates.length === 0 ? null : (
          <CardChoice readers={candidates} chosen={null} onChoose={setChosen} label={t('locked.other')} />
        )}
      </Stack>
    )
  const certificate = signInCertificate(reader.card)
  return (
    <Stack gap="md">
      {candidates.length > 1 ? <CardChoice readers={candidates} chosen={reader.name} onChoose={setChosen} /> : null}
      <Panel>
        <PinForm
          key={`${reader.name} ${reader.card?.serial ?? ''}`}
          reader={reader}
          action={action}
          label={t('pin.yours')}
          onPin={async (pin) => {
            setFailure(undefined)
            try {
              await signIn(reader.name, reader.card?.serial ?? null, via, pin)
            } catch (error) {
              const told = failureOf(error)
              if (told.code === 'CARD_REMOVED' || told.code === 'CARD_NOT_PRESENT') setFailure(told)
              throw error
            }
          }}
        >
          {certificate === null ? null : <WhoYouAre reader={reader} certificate={certificate} />}
          {paths !== undefined && paths.length > 1 ? (
            <KeyPathChoice paths={paths} chosen={via} onChoose={setPath} />
          ) : null}
        </PinForm>
      </Panel>
    </Stack>
  )
}
