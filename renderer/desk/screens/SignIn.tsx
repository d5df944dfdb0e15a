import { Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { KeyPath } from '../../../shared/contract/words.ts'
import { Panel, Screen } from '../../ui/Screen.tsx'
import { CardBar } from '../parts/CardBar.tsx'
import { CardChoice } from '../parts/CardChoice.tsx'
import { PinForm } from '../parts/PinForm.tsx'
import { WaitForCard } from '../parts/WaitForCard.tsx'
import { useDeskState, useReaders } from '../stores/desk-state.ts'
import { signInCertificate, signInReaders } from '../stores/reader-facts.ts'
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

/** The card, its owner and the PIN. Used to sign in and to unlock; several officers' cards are offered to choose from. */
export function SignInWithCard({ action }: { action: string }) {
  const { t } = useTranslation('desk')
  const readers = useReaders()
  const paths = useDeskState((state) => state.info?.keyPaths)
  const [chosen, setChosen] = useState<string | null>(null)
  const [path, setPath] = useState<KeyPath | null>(null)
  const candidates = signInReaders(readers)
  const reader = candidates.find((candidate) => candidate.name === chosen) ?? candidates[0]
  const via = path ?? paths?.[0] ?? 'piv'
  if (reader === undefined) return <WaitForCard readers={readers} />
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
          onPin={(pin) => signIn(reader.name, reader.card?.serial ?? null, via, pin)}
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
