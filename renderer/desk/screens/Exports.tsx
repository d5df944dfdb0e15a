import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ExportView } from '../../../shared/contract/routes/exports.ts'
import { Digest } from '../../ui/Digest.tsx'
import { formatNumber } from '../../ui/format.ts'
import { IconRefresh, IconSignature } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { goTo } from '../../ui/route.ts'
import { ActionBar, Column, Columns, Facts, Panel, Screen } from '../../ui/Screen.tsx'
import { selectionWords } from '../../ui/selection-words.ts'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { Notice, ToneBadge } from '../../ui/Tone.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { desk, sendSealed } from '../desk.ts'
import { PinDialog } from '../parts/PinDialog.tsx'
import { useOfficerReader, useReaders, useSession } from '../stores/desk-state.ts'
import css from './screens.module.css'

/** Only who made the export may sign it: a card's signature is theirs. */
const isSigned = ({ signers }: ExportView): boolean => signers.some(({ kind }) => kind === 'card')

function Row({ view, open }: { view: ExportView; open: boolean }) {
  const { t, i18n } = useTranslation('exports')
  return (
    <li data-testid="export">
      <span className={css.exportWords}>
        <strong>{selectionWords(t, view.selection, i18n.language)}</strong>
        <span className={css.muted}>
          <ToneBadge tone={isSigned(view) ? 'ok' : 'idle'}>
            {t(isSigned(view) ? 'desk.signed' : 'desk.unsigned')}
          </ToneBadge>{' '}
          <Moment at={view.requestedAt} />
        </span>
      </span>
      <Button
        size="xs"
        variant="default"
        aria-pressed={open}
        aria-label={t('desk.showOf', { what: selectionWords(t, view.selection, i18n.language) })}
        onClick={() => goTo(['exports', view.id], { replace: true })}
      >
        {t('desk.show')}
      </Button>
    </li>
  )
}

/** What the signature will be over: the manifest by its digest, and what it says. */
function Shown({ view }: { view: ExportView }) {
  const { t, i18n } = useTranslation('exports')
  return (
    <Panel title={t('desk.what')} testId="export-shown">
      <Facts
        rows={[
          [t('new.selection'), selectionWords(t, view.selection, i18n.language)],
          [t('fact.entries'), formatNumber(view.written, i18n.language)],
          [t('fact.completeness'), view.completeness && t(`new.completenesses.${view.completeness}.name`)],
          [t('column.how'), `${t(`new.formats.${view.format}.name`)}, ${view.level}`],
          [t('fact.reason'), view.reason],
          [t('fact.ended'), view.endedAt === null ? null : <Moment key="ended" at={view.endedAt} />],
          [
            t('fact.digest'),
            view.manifestDigest === null ? null : (
              <Digest key="digest" hex={view.manifestDigest} testId="manifest-digest" />
            ),
          ],
          [
            t('fact.signers'),
            <span key="signers">
              {view.signers.map((signer) => (
                <span key={`${signer.name} ${signer.at}`} data-testid="export-signer" style={{ display: 'block' }}>
                  <strong>{signer.name}</strong>, {t(`signerKind.${signer.kind}`)} · <Moment at={signer.at} />
                </span>
              ))}
            </span>,
          ],
        ]}
      />
      <p className={css.muted} style={{ margin: '12px 0 0' }}>
        {t('desk.digestHow')}
      </p>
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

function Chosen({ view, onChanged }: { view: ExportView; onChanged: () => void }) {
  const { t } = useTranslation('exports')
  const [asking, setAsking] = useState(false)
  return (
    <div className={css.column}>
      <Shown view={view} />
      {isSigned(view) ? (
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

/** The operator's finished exports, and their own card's signature beside the server's. */
export function Exports({ path }: { path: readonly string[] }) {
  const { t } = useTranslation('exports')
  const load = useLoad(useCallback(() => desk.call('exports.list', { state: 'ready', limit: 50 }), []))
  return (
    <Screen
      title={t('desk:screen.exports')}
      subtitle={t('desk.subtitle')}
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={load.loading && load.data !== undefined}
          onClick={load.reload}
        >
          {t('desk.reload')}
        </Button>
      }
    >
      <LoadView load={load} right="audit.export">
        {({ items }) => {
          const chosen = items.find((view) => view.id === path[0]) ?? items[0]
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
                      <Row key={view.id} view={view} open={view === chosen} />
                    ))}
                  </ul>
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
