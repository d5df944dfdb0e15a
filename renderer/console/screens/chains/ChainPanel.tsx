import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '../../../ui/format.ts'
import { formatRoute } from '../../../ui/route.ts'
import { Facts, Panel } from '../../../ui/Screen.tsx'
import { ToneBadge } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import { formatAgo } from '../../format/time.ts'
import { CopyText } from '../../parts/CopyText.tsx'
import css from '../../parts/console.module.css'
import { IconPackageExport } from '../../parts/icons.ts'
import { Instant } from '../../parts/Instant.tsx'
import { VERDICT_TONES } from '../../parts/VerdictNotice.tsx'
import { formatEntryRef } from '../../route/audit-filters.ts'
import { exportLink } from '../../route/export-selection.ts'
import { useMay } from '../../stores/session-store.ts'
import { useNow } from '../../stores/use-polled.ts'
import type { KnownChain } from './known-chain.ts'
import { Witnesses } from './Witnesses.tsx'

/** "22 Nov 2026, 10:00:00, 3 minutes ago". */
function Age({ at }: { at: number }) {
  const { i18n } = useTranslation('console')
  const { clock } = useConsole()
  const now = useNow(15_000, clock.now)
  return (
    <>
      <Instant at={at} />
      <span className={css.quiet}> ({formatAgo(at, now, i18n.language)})</span>
    </>
  )
}

function Head({ known }: { known: KnownChain }) {
  const { t, i18n } = useTranslation('console')
  const { view } = known
  const count = (n: number) => formatNumber(n, i18n.language)
  if (view === null) return null
  return (
    <Facts
      rows={[
        [t('chain.size'), count(view.size)],
        [
          t('chain.head'),
          view.head === null ? null : (
            <span key="head">
              <a
                className={css.link}
                href={formatRoute(['audit'], {
                  entry: formatEntryRef({ chain: view.chain, sequence: view.head.sequence }),
                })}
              >
                #{count(view.head.sequence)}
              </a>{' '}
              · <Age at={view.head.time} />
            </span>
          ),
        ],
        [
          t('chain.digest'),
          view.head === null ? null : (
            <span key="digest" className={css.long}>
              <span className="cs-mono">{view.head.digest}</span>
              <CopyText text={view.head.digest} what={t('chain.digest')} />
            </span>
          ),
        ],
        [t('chain.keyMode'), view.keyMode === null ? null : t(`chain.mode.${view.keyMode}`)],
        [t('chain.since'), <Instant key="since" at={view.createdAt} />],
        [
          t('chain.cut'),
          view.cut === null ? null : (
            <span key="cut">
              {t('chain.cutAt', { n: count(view.cut.size) })} <Instant at={view.cut.at} />
            </span>
          ),
        ],
        [
          t('chain.verified'),
          view.lastVerification === null ? (
            t('verification.none')
          ) : (
            <a
              key="verified"
              href={formatRoute(['verification'], { id: view.lastVerification.id })}
              className={css.link}
            >
              <ToneBadge tone={VERDICT_TONES[view.lastVerification.state]}>
                {t(`verification.state.${view.lastVerification.state}`)}
              </ToneBadge>{' '}
              <Instant at={view.lastVerification.endedAt ?? view.lastVerification.startedAt} />
            </a>
          ),
        ],
      ]}
    />
  )
}

function Checkpoint({ known }: { known: KnownChain }) {
  const { t, i18n } = useTranslation('console')
  const { checkpoint, view } = known
  const count = (n: number) => formatNumber(n, i18n.language)
  const last = checkpoint === null ? (view?.checkpoint ?? null) : { size: checkpoint.size, at: checkpoint.time }
  if (last === null) return <p className={css.quiet}>{t('chain.noCheckpoint')}</p>
  const after = view === null ? 0 : Math.max(0, view.size - last.size)
  return (
    <Facts
      rows={[
        [t('chain.checkpoint'), t('chain.checkpointOf', { n: count(last.size) })],
        [t('chain.checkpointAt'), <Age key="age" at={last.at} />],
        [t('chain.after'), after === 0 ? null : count(after)],
        [
          t('chain.root'),
          checkpoint === null ? null : (
            <span key="root" className={css.long}>
              <span className="cs-mono">{checkpoint.root}</span>
              <CopyText text={checkpoint.note} what={t('chain.note')} />
            </span>
          ),
        ],
        [
          t('chain.stamp'),
          checkpoint === null ? null : checkpoint.stamped === null ? (
            t('chain.noStamp')
          ) : (
            <span key="stamp">
              {t('chain.checkpointOf', { n: count(checkpoint.stamped.size) })} · <Age at={checkpoint.stamped.time} />
            </span>
          ),
        ],
      ]}
    />
  )
}

/** One chain: what it is, what seals it, who watches it. */
export function ChainPanel({ known }: { known: KnownChain }) {
  const { t } = useTranslation('console')
  const { view } = known
  const mayExport = useMay('audit.export')
  return (
    <Panel
      title={known.chain}
      actions={
        <div className={css.barEnd}>
          {mayExport ? (
            <Button
              component="a"
              href={exportLink({ kind: 'chain', chain: known.chain })}
              size="compact-sm"
              variant="default"
              leftSection={<IconPackageExport size={16} aria-hidden />}
            >
              {t('chain.export')}
            </Button>
          ) : null}
          {view?.state === undefined || view.state === null ? null : (
            <ToneBadge tone={view.state === 'running' ? 'ok' : 'bad'}>{t(`health.chainState.${view.state}`)}</ToneBadge>
          )}
        </div>
      }
      testId="chain"
    >
      <div className={css.stack}>
        <div className={css.halves}>
          <Head known={known} />
          <Checkpoint known={known} />
        </div>
        <Witnesses chain={known.chain} />
      </div>
    </Panel>
  )
}
