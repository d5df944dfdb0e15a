import { Button, Progress } from '@mantine/core'
import { useCallback, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isErrorCode } from '../../../shared/contract/errors.ts'
import type { ExportView } from '../../../shared/contract/routes/exports.ts'
import { Digest } from '../../ui/Digest.tsx'
import { formatNumber } from '../../ui/format.ts'
import { IconRefresh, IconSignature } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { goTo } from '../../ui/route.ts'
import { ActionBar, Column, Columns, Facts, Panel, Screen } from '../../ui/Screen.tsx'
import { selectionWords } from '../../ui/selection-words.ts'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { StopExport } from '../../ui/StopExport.tsx'
import { Notice, ToneBadge } from '../../ui/Tone.tsx'
import { usePagedLoad } from '../../ui/use-load.ts'
import { useReloadWhile } from '../../ui/use-reload-while.ts'
import { desk, sendSealed } from '../desk.ts'
import { PinDialog } from '../parts/PinDialog.tsx'
import { useOfficerReader, useReaders, useSession } from '../stores/desk-state.ts'
import { chosenOf, EXPORT_TONES, isSigned, isUnderWay, percentOf } from '../stores/export-facts.ts'
import css from './screens.module.css'

function HowFar({ view }: { view: ExportView }) {
  const { t, i18n } = useTranslation('exports')
  const { written, total, phase } = view
  return (
    <>
      <Progress.Root size="sm">
        <Progress.Section value={percentOf(view)} aria-label={t('progress')} />
      </Progress.Root>
      <span className={css.muted} role="status">
        {phase === null ? null : t(`phase.${phase}`)}
        {total === null ? null : (
          <>
            <br />
            {t('written', {
              written: formatNumber(written, i18n.language),
              total: formatNumber(total, i18n.language),
            })}
          </>
        )}
      </span>
    </>
  )
}

function Row({ view, open, onChanged }: { view: ExportView; open: boolean; onChanged: () => void }) {
  const { t, i18n } = useTranslation('exports')
  const show = useRef<HTMLButtonElement>(null)
  return (
    <li data-testid="export" data-state={view.state}>
      <span className={css.exportWords}>
        <strong>{selectionWords(t, view.selection, i18n.language)}</strong>
        <span className={css.muted}>
          {view.state === 'ready' ? (
            <ToneBadge tone={isSigned(view) ? 'ok' : 'idle'}>
              {t(isSigned(view) ? 'desk.signed' : 'desk.unsigned')}
            </ToneBadge>
          ) : (
            <ToneBadge tone={EXPORT_TONES[view.state]}>{t(`state.${view.state}`)}</ToneBadge>
          )}{' '}
          <Moment at={view.requestedAt} />
        </span>
        {view.state === 'running' ? <HowFar view={view} /> : null}
      </span>
      <span className={css.exportWords}>
        <Button
          ref={show}
          size="xs"
          variant="default"
          aria-pressed={open}
          aria-label={t('desk.showOf', { what: selectionWords(t, view.selection, i18n.language) })}
          onClick={() => goTo(['exports', view.id], { replace: true })}
        >
          {t('desk.show')}
        </Button>
        <StopExport
          what={selectionWords(t, view.selection, i18n.language)}
          isUnderWay={isUnderWay(view)}
          size="xs"
          stop={() => desk.call('exports.cancel', { id: view.id })}
          onStopped={onChanged}
          onward={() => show.current}
        />
      </span>
    </li>
  )
}

/** What the signature will be over: the manifest by its digest, and what it says. */
function Shown({ view }: { view: ExportView }) {
  const { t, i18n } = useTranslation('exports')
  return (
    <Panel title={t(view.state === 'ready' ? 'desk.what' : 'desk.of')} testId="export-shown">
      <Facts
        rows={[
          [t('new.selection'), selectionWords(t, view.selection, i18n.language)],
          [t('fact.entries'), view.manifestDigest === null ? null : formatNumber(view.written, i18n.language)],
          [t('fact.completeness'), view.completeness && t(`new.completenesses.${view.completeness}.name`)],
          [t('column.how'), `${t(`new.formats.${view.format}.name`)}, ${view.level}`],
          [t('fact.reason'), view.reason],
          [
            t(view.manifestDigest === null ? 'fact.stopped' : 'fact.ended'),
            view.endedAt === null ? null : <Moment key="ended" at={view.endedAt} />,
          ],
          [
            t('fact.digest'),
            view.manifestDigest === null ? null : (
              <Digest key="digest" hex={view.manifestDigest} testId="manifest-digest" />
            ),
          ],
          [
            t('fact.signers'),
            view.signers.length === 0 ? null : (
              <span key="signers">
                {view.signers.map((signer) => (
                  <span key={`${signer.name} ${signer.at}`} data-testid="export-signer" style={{ display: 'block' }}>
                    <strong>{signer.name}</strong>, {t(`signerKind.${signer.kind}`)} · <Moment at={signer.at} />
                  </span>
                ))}
              </span>
            ),
          ],
        ]}
      />
      {view.manifestDigest === null ? null : (
        <p className={css.muted} style={{ margin: '12px 0 0' }}>
          {t('desk.digestHow')}
        </p>
      )}
    </Panel>
  )
}

function SignDialog(props: { view: ExportView; opened: boolean; onClose: () => void; onSigned: () => void }) {
  const { t } = useTranslation('exports')
  const { view } = props
  const session = useSession()
  const name = useOfficerReader()
  const reader = useReaders().find((candidate) => candidate.name === name) ?? null
  return (
    <PinDialog
      opened={props.opened}
      onClose={props.onClose}
      title={t('desk.sign')}
      reader={reader}
      action={t('desk.signAction')}
      onPin={async (pin) => {
        await sendSealed('pin', { pin }, { card: reader?.card?.serial ?? null }, (sealed) =>
          desk.call('exports.sign', { id: view.id, manifestDigest: view.manifestDigest ?? '', pin: sealed }),
        )
        props.onSigned()
      }}
    >
      <p style={{ margin: 0 }}>{t('desk.signAs', { name: session?.operator.name ?? '' })}</p>
      <Digest hex={view.manifestDigest ?? ''} />
    </PinDialog>
  )
}

/** What became of one that is not made any more, and of what there was of it. */
const endedWords = (state: ExportView['state']) =>
  state === 'gone' ? 'goneWhy' : state === 'cancelled' ? 'cancelledTodo' : 'failedTodo'

/** What stands where a signature cannot be: why not. */
function NotReady({ view }: { view: ExportView }) {
  const { t } = useTranslation(['exports', 'errors'])
  if (isUnderWay(view)) return <p className={css.muted}>{t('desk.notYet')}</p>
  return (
    <Notice tone={EXPORT_TONES[view.state]} title={t(`state.${view.state}`)} testId="export-ended">
      {view.error === null ? null : (
        <p>
          {isErrorCode(view.error) ? t(`errors:${view.error}.what`) : <span className="cs-mono">{view.error}</span>}
        </p>
      )}
      <p>
        {t(endedWords(view.state))} {t('desk.againWhere')}
      </p>
    </Notice>
  )
}

function Chosen({ view, onChanged }: { view: ExportView; onChanged: () => void }) {
  const { t } = useTranslation('exports')
  const [asking, setAsking] = useState(false)
  return (
    <div className={css.column}>
      <Shown view={view} />
      {view.state !== 'ready' ? (
        <NotReady view={view} />
      ) : isSigned(view) ? (
        <Notice tone="ok" live title={t('desk.done')} testId="export-signed">
          <p>{t('desk.doneTodo')}</p>
        </Notice>
      ) : (
        <ActionBar start={<span className={css.muted}>{t('desk.means')}</span>}>
          <Button data-primary leftSection={<IconSignature size={18} aria-hidden />} onClick={() => setAsking(true)}>
            {t('desk.sign')}
          </Button>
        </ActionBar>
      )}
      <SignDialog
        view={view}
        opened={asking}
        onClose={() => setAsking(false)}
        onSigned={() => {
          setAsking(false)
          onChanged()
        }}
      />
    </div>
  )
}

const listExports = (cursor: string | undefined) =>
  desk.call('exports.list', cursor === undefined ? { limit: 50 } : { limit: 50, cursor })

/** The operator's exports: how far each is, and their own card's signature beside the server's. */
export function Exports({ path }: { path: readonly string[] }) {
  const { t } = useTranslation('exports')
  const load = usePagedLoad(useCallback((cursor: string | undefined) => listExports(cursor), []))
  useReloadWhile(load, isUnderWay, load.reload)
  return (
    <Screen
      title={t('desk:screen.exports')}
      subtitle={t('desk.subtitle')}
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={load.loading && load.data !== undefined && !load.data.some(isUnderWay)}
          onClick={load.reload}
        >
          {t('desk.reload')}
        </Button>
      }
    >
      <LoadView load={load} right="audit.export">
        {(items) => {
          const chosen = chosenOf(items, path[0])
          if (chosen === undefined)
            return (
              <Panel>
                <EmptyState title={t('desk.none')}>{t('desk.noneWhy')}</EmptyState>
              </Panel>
            )
          return (
            <Columns>
              <Column span={5}>
                <Panel flush bounded={t('desk:screen.exports')}>
                  <ul className={css.queue}>
                    {items.map((view) => (
                      <Row key={view.id} view={view} open={view === chosen} onChanged={load.reload} />
                    ))}
                  </ul>
                  {load.hasMore ? (
                    <Button fullWidth variant="subtle" loading={load.loading} onClick={load.loadMore}>
                      {t('common:loadMore')}
                    </Button>
                  ) : null}
                </Panel>
              </Column>
              <Column span={7}>
                <Chosen key={chosen.id} view={chosen} onChanged={load.reload} />
              </Column>
            </Columns>
          )
        }}
      </LoadView>
    </Screen>
  )
}
