import { Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ConsoleRequest } from '../../../../shared/contract/index.ts'
import { Notice, ToneBadge } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import { formatDuration } from '../../format/time.ts'
import { CopyText } from '../../parts/CopyText.tsx'
import css from '../../parts/console.module.css'
import own from './sign-in.module.css'
import type { SignInState } from '../../stores/sign-in-flow.ts'
import { useNow } from '../../stores/use-polled.ts'

function Countdown({ until }: { until: number }) {
  const { t, i18n } = useTranslation('console')
  const { clock } = useConsole()
  const now = useNow(1000, clock.now)
  return (
    <span className={css.quiet}>{t('signIn.expiresIn', { time: formatDuration(until - now, i18n.language) })}</span>
  )
}

function Code({ request, offline }: { request: ConsoleRequest; offline: boolean }) {
  const { t } = useTranslation('console')
  return (
    <>
      <div style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
        <output className={own.code} data-testid="console-code" aria-label={t('signIn.code')}>
          {request.code}
        </output>
        <CopyText text={request.code} what={t('signIn.code')} />
      </div>
      <Countdown until={request.expiresAt} />
      <span role="status">
        <ToneBadge tone={offline ? 'warn' : 'info'}>{t(offline ? 'signIn.offline' : 'signIn.waiting')}</ToneBadge>
      </span>
    </>
  )
}

/** The code, or why there is none; one size in every state, so that nothing jumps. */
export function CodeBox({ state }: { state: SignInState }) {
  const { t } = useTranslation('console')
  return (
    <div className={own.codeBox}>
      {state.phase === 'starting' ? <Loader size="sm" aria-label={t('common:loading')} /> : null}
      {state.phase === 'waiting' ? <Code request={state.request} offline={state.offline} /> : null}
      {state.phase === 'refused' || state.phase === 'expired' ? (
        <Notice tone={state.phase === 'refused' ? 'bad' : 'warn'} title={t(`signIn.${state.phase}.title`)} live>
          <p>{t(`signIn.${state.phase}.todo`)}</p>
        </Notice>
      ) : null}
      {state.phase === 'failed' ? <span className={css.quiet}>{t('signIn.noCode')}</span> : null}
    </div>
  )
}
