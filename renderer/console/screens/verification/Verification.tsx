import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { VerificationView } from '../../../../shared/contract/index.ts'
import { goTo } from '../../../ui/route.ts'
import { Screen } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { usePagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { VerdictNotice } from '../../parts/VerdictNotice.tsx'
import { useOpenAlarms } from '../../stores/alarm-store.ts'
import { useMay } from '../../stores/session-store.ts'
import { History } from './History.tsx'
import { NextRuns } from './NextRuns.tsx'
import { Running } from './Running.tsx'
import { StartPanel, type Depth } from './StartPanel.tsx'

/** Which verdict is shown is in the URL. */
const choose = (id: string | null) => goTo(['verification'], { query: id === null ? {} : { id }, replace: true })

/** Verify the chain: how deep, the progress, the verdict, and what earlier ones found. */
export function Verification({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const [started, setStarted] = useState<VerificationView | null>(null)
  const [ended, setEnded] = useState<VerificationView | null>(null)
  const [depth, setDepth] = useState<Depth>('quick')
  const chosen = query['id'] ?? null
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(client.call('listVerifications', { query: cursor === undefined ? {} : { cursor } })),
      [client],
    ),
  )
  const { reload } = load
  const mayJobs = useMay('job.read')
  const { reload: lookForAlarms } = useOpenAlarms()
  const onStarted = (verification: VerificationView) => {
    setStarted(verification)
    choose(null)
    reload()
  }
  const onEnded = useCallback(
    (verification: VerificationView) => {
      setEnded(verification)
      setStarted(null)
      reload()
      lookForAlarms()
    },
    [reload, lookForAlarms],
  )
  const listed = load.data?.find((one) => one.state === 'running' && one.id !== ended?.id) ?? null
  const running = started ?? listed
  const shown = (verifications: readonly VerificationView[]): VerificationView | null =>
    verifications.find((one) => one.id === chosen) ??
    ended ??
    verifications.find((one) => one.state !== 'running') ??
    null
  return (
    <Screen title={t('screen.verification')} subtitle={t('verification.subtitle')}>
      <div className={css.stack}>
        <div className={mayJobs ? css.wide : css.stack}>
          {running === null ? (
            <StartPanel depth={depth} onDepth={setDepth} onStarted={onStarted} onRefused={reload} />
          ) : (
            <Running key={running.id} verification={running} onEnded={onEnded} />
          )}
          {mayJobs ? <NextRuns /> : null}
        </div>
        <LoadView load={load} right="audit.verify">
          {(verifications) => {
            const verdict = running === null ? shown(verifications) : null
            return (
              <>
                {verdict === null ? null : <VerdictNotice verification={verdict} />}
                <History load={load} chosen={verdict?.id ?? null} onChoose={choose} />
              </>
            )
          }}
        </LoadView>
      </div>
    </Screen>
  )
}
