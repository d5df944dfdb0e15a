import { Button, Progress, SegmentedControl, Textarea } from '@mantine/core'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Report } from '../../shared/exports/report.ts'
import { formatBytes } from '../ui/format.ts'
import { IconShieldCheck } from '../ui/icons.ts'
import { ActionBar, Column, Columns, Panel } from '../ui/Screen.tsx'
import { Notice } from '../ui/Tone.tsx'
import { DropZone } from './DropZone.tsx'
import { NOTHING_PICKED, pickMore, subjectOf, type Picked } from './picked-files.ts'
import { CheckBroken, runCheck, type MakeWorker } from './run-check.ts'
import { TrustPanel } from './TrustPanel.tsx'
import { useAnchors, type OfferedTrust } from './use-anchors.ts'
import { Verdict } from './Verdict.tsx'
import css from './verify.module.css'

type State =
  | { readonly at: 'choosing' }
  | { readonly at: 'checking'; readonly done: number; readonly total: number }
  | { readonly at: 'done'; readonly report: Report }
  | { readonly at: 'stopped' }
  | { readonly at: 'broken' }

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

function Checking({ done, total, onStop }: { done: number; total: number; onStop: () => void }) {
  const { t, i18n } = useTranslation('verify')
  const percent = total === 0 ? 0 : Math.floor((done / total) * 100)
  return (
    <Panel title={t('checking')} testId="checking">
      <div className={css.progress}>
        <Progress.Root size="lg">
          <Progress.Section value={percent} aria-label={t('checking')} />
        </Progress.Root>
        <span role="status">
          {t('read', { done: formatBytes(done, i18n.language), total: formatBytes(total, i18n.language) })}
        </span>
        <div>
          <Button variant="default" onClick={onStop}>
            {t('stop')}
          </Button>
        </div>
      </div>
    </Panel>
  )
}

/**
 * Checks a package or a signed file here: nothing is sent anywhere. `makeWorker` gives the thread that does it; `offer`
 * the certificates that the place around would have trusted at first. Memoise both.
 */
export function CheckFile({ makeWorker, offer }: { makeWorker: MakeWorker; offer?: () => Promise<OfferedTrust> }) {
  const { t } = useTranslation('verify')
  const trust = useAnchors(makeWorker, offer)
  const [picked, setPicked] = useState<Picked>(NOTHING_PICKED)
  const [state, setState] = useState<State>({ at: 'choosing' })
  const [depth, setDepth] = useState<'full' | 'quick'>('full')
  const [witnesses, setWitnesses] = useState('')
  const [origins, setOrigins] = useState('')
  const stop = useRef<AbortController | null>(null)
  const subject = subjectOf(picked)
  const anchors = trust.anchors.filter(({ isTrusted }) => isTrusted).map(({ certificate }) => certificate.der)
  const busy = state.at === 'checking'
  const change = (next: Picked) => {
    setPicked(next)
    setState({ at: 'choosing' })
  }
  const check = async () => {
    if (subject === null) return
    stop.current = new AbortController()
    const { signal } = stop.current
    setState({ at: 'checking', done: 0, total: 0 })
    try {
      const report = await runCheck(
        makeWorker,
        { subject, anchors, crls: trust.crls, depth, origins: linesOf(origins), witnesses: linesOf(witnesses) },
        (done, total) => setState({ at: 'checking', done, total }),
        signal,
      )
      setState({ at: 'done', report })
    } catch (error) {
      if (!(error instanceof CheckBroken)) throw error
      setState({ at: signal.aborted ? 'stopped' : 'broken' })
    }
  }
  const name = (picked.package ?? picked.content ?? picked.signature)?.name ?? 'file'
  return (
    <div className={css.stack}>
      {state.at === 'done' ? <Verdict key={state.report.at} report={state.report} name={name} /> : null}
      {state.at === 'checking' ? <Checking {...state} onStop={() => stop.current?.abort()} /> : null}
      {state.at === 'stopped' ? <Notice tone="idle" live title={t('stopped')} /> : null}
      {state.at === 'broken' ? (
        <Notice tone="bad" live title={t('broken')} testId="broken">
          <p>{t('brokenTodo')}</p>
        </Notice>
      ) : null}
      <Columns>
        <Column span={6}>
          <Panel title={t('file')}>
            <DropZone
              picked={picked}
              busy={busy}
              onFiles={(files) => change(pickMore(picked, files))}
              onRemove={(role) => change({ ...picked, [role]: null })}
            />
          </Panel>
        </Column>
        <Column span={6}>
          <div className={css.stack}>
            <TrustPanel
              anchors={trust.anchors}
              refused={trust.refused}
              isServerMissing={trust.isServerMissing}
              busy={busy}
              onToggle={trust.toggle}
              onFiles={(files) => void trust.add(files)}
            />
            <details>
              <summary>{t('more')}</summary>
              <div className={css.stack} style={{ marginTop: 12 }}>
                <SegmentedControl
                  aria-label={t('depth')}
                  value={depth}
                  data={[
                    { value: 'full', label: t('depths.full') },
                    { value: 'quick', label: t('depths.quick') },
                  ]}
                  onChange={(next) => setDepth(next === 'quick' ? 'quick' : 'full')}
                />
                <Textarea
                  label={t('witnesses')}
                  description={t('witnessesHow')}
                  value={witnesses}
                  autosize
                  minRows={1}
                  onChange={(event) => setWitnesses(event.currentTarget.value)}
                />
                <Textarea
                  label={t('origins')}
                  description={t('originsHow')}
                  value={origins}
                  autosize
                  minRows={1}
                  onChange={(event) => setOrigins(event.currentTarget.value)}
                />
              </div>
            </details>
          </div>
        </Column>
      </Columns>
      <ActionBar start={anchors.length === 0 ? <span className={css.quiet}>{t('noAnchor')}</span> : undefined}>
        <Button
          data-primary
          data-testid="check-now"
          leftSection={<IconShieldCheck size={18} aria-hidden />}
          loading={busy}
          disabled={subject === null || anchors.length === 0}
          onClick={() => void check()}
        >
          {t(state.at === 'done' ? 'again' : 'check')}
        </Button>
      </ActionBar>
    </div>
  )
}
