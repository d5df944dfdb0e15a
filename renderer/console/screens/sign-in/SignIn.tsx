import { Button } from '@mantine/core'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconRefresh } from '../../../ui/icons.ts'
import { Notice } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import { LOGO } from '../../parts/logo.ts'
import { LanguageChoice } from '../../parts/LanguageChoice.tsx'
import css from '../../parts/console.module.css'
import own from './sign-in.module.css'
import { useSession } from '../../stores/session-store.ts'
import { runSignIn, type SignInState } from '../../stores/sign-in-flow.ts'
import { CodeBox } from './CodeBox.tsx'

const STEPS = ['open', 'type', 'approve'] as const

/** What ended the last session, when it was not the reader. */
function WhyHere() {
  const { t } = useTranslation('console')
  const state = useSession((store) => store.state)
  if (state.phase !== 'signed-out' || state.why === null) return null
  return (
    <Notice tone="info" title={t('signIn.ended')} live>
      <p>{t(`errors:${state.why.code}.what`)}</p>
    </Notice>
  )
}

function useSignIn() {
  const { client, clock, signedIn } = useConsole()
  const [state, setState] = useState<SignInState>({ phase: 'starting' })
  const current = useRef<AbortController | null>(null)
  const begin = useCallback(() => {
    current.current?.abort()
    const abort = new AbortController()
    current.current = abort
    runSignIn({ client, now: clock.now, onState: setState, onSignedIn: signedIn }, abort.signal).catch(
      (error: unknown) => setState({ phase: 'failed', failure: failureOf(error) }),
    )
  }, [client, clock, signedIn])
  useEffect(() => {
    const one = current
    begin()
    return () => one.current?.abort()
  }, [begin])
  return { state, again: begin }
}

/** Sign in with the card: the code shown here is typed and approved at a desk (in the manner of RFC 8628). */
export function SignIn() {
  const { t } = useTranslation('console')
  const { state, again } = useSignIn()
  useEffect(() => {
    document.title = `${t('signIn.title')} · Countersign`
  }, [t])
  return (
    <main className={own.signIn}>
      <div className={own.signInCard}>
        <div className={own.brand}>
          <img src={LOGO} alt="" width={28} height={28} />
          <span>{t('signIn.product')}</span>
          <span className={css.barEnd}>
            <LanguageChoice />
          </span>
        </div>
        <h1>{t('signIn.title')}</h1>
        <p className={css.quiet} style={{ margin: '0 0 12px' }}>
          {t('signIn.why')}
        </p>
        <WhyHere />
        <CodeBox state={state} />
        {state.phase === 'failed' ? <FailureNotice failure={state.failure} onRetry={again} /> : null}
        <h2>{t('signIn.how')}</h2>
        <ol className={own.steps}>
          {STEPS.map((step) => (
            <li key={step}>{t(`signIn.step.${step}`)}</li>
          ))}
        </ol>
        <Button
          mt="lg"
          fullWidth
          variant={state.phase === 'refused' || state.phase === 'expired' ? 'filled' : 'default'}
          leftSection={<IconRefresh size={16} aria-hidden />}
          disabled={state.phase === 'starting'}
          onClick={again}
        >
          {t('signIn.newCode')}
        </Button>
      </div>
    </main>
  )
}
