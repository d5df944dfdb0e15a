import { useTranslation } from 'react-i18next'
import type { TFunction } from 'i18next'
import type { VerificationView } from '../../../shared/contract/index.ts'
import { formatNumber } from '../../ui/format.ts'
import { formatRoute } from '../../ui/route.ts'
import { Notice, type Tone } from '../../ui/Tone.tsx'
import { formatEntryRef } from '../route/audit-filters.ts'
import css from './console.module.css'
import { ErrorWords } from './ErrorWords.tsx'
import { Instant } from './Instant.tsx'

export const VERDICT_TONES: Readonly<Record<VerificationView['state'], Tone>> = {
  running: 'info',
  passed: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  error: 'warn',
}

/** The verdict in one sentence. */
const verdictWords = (t: TFunction, verification: VerificationView, language: string): string =>
  t(`verification.verdict.${verification.state}`, {
    checked: formatNumber(verification.checked, language),
    total: formatNumber(verification.total, language),
    faults: formatNumber(verification.faults.length, language),
  })

function Faults({ verification }: { verification: VerificationView }) {
  const { t } = useTranslation('console')
  return (
    <ul style={{ margin: '8px 0 0', paddingLeft: 20 }}>
      {verification.faults.map((fault) => (
        <li key={`${fault.kind} ${formatEntryRef(fault)} ${fault.what}`} data-testid="fault">
          <a className={css.link} href={formatRoute(['audit'], { entry: formatEntryRef(fault) })}>
            {t('verification.place', { chain: fault.chain, sequence: fault.sequence })}
          </a>
          : <b>{t(`verification.fault.${fault.kind}.what`)}</b> {t(`verification.fault.${fault.kind}.means`)}{' '}
          <span className={css.quiet}>{t('verification.found', { what: fault.what })}</span>
        </li>
      ))}
    </ul>
  )
}

/** What a verification found, in words, with the exact places. `short` leaves the places to the verification's page. */
export function VerdictNotice({ verification, short = false }: { verification: VerificationView; short?: boolean }) {
  const { t, i18n } = useTranslation('console')
  const { state, head, endedAt } = verification
  return (
    <Notice
      tone={VERDICT_TONES[state]}
      title={verdictWords(t, verification, i18n.language)}
      live={!short}
      {...(short ? {} : { testId: 'verdict' })}
    >
      <p>
        {verification.chain} · {t(`verification.depth.${verification.depth}.name`)}
        {endedAt === null ? null : (
          <>
            {' · '}
            <Instant at={endedAt} />
          </>
        )}
      </p>
      {state === 'passed' && head !== null ? (
        <p>{t('verification.head', { chain: head.chain, sequence: head.sequence })}</p>
      ) : null}
      {verification.payloadsErased === null || verification.payloadsErased === 0 ? null : (
        <p>{t('verification.erased', { n: formatNumber(verification.payloadsErased, i18n.language) })}</p>
      )}
      {verification.resumed === null ? null : (
        <p data-testid="resumed">
          {t('verification.resumed', { sequence: verification.resumed.sequence })}{' '}
          <Instant at={verification.resumed.at} />
        </p>
      )}
      {verification.error === null ? null : (
        <p>
          <ErrorWords code={verification.error} />
        </p>
      )}
      {state === 'failed' || state === 'error' ? <p>{t(`verification.todo.${state}`)}</p> : null}
      {state === 'failed' && !short ? <Faults verification={verification} /> : null}
      {head === null || short ? null : (
        <p className="cs-mono" style={{ overflowWrap: 'anywhere' }}>
          {t('verification.headDigest')} {head.digest}
        </p>
      )}
    </Notice>
  )
}
