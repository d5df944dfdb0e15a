import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isErrorCode } from '../../../../shared/contract/index.ts'
import type { ExportView } from '../../../../shared/contract/routes/exports.ts'
import { Digest } from '../../../ui/Digest.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { IconRefresh, IconSignature } from '../../../ui/icons.ts'
import { Facts } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import { formatBytes } from '../../format/bytes.ts'
import { shownId } from '../../format/shown-id.ts'
import { CopyText } from '../../parts/CopyText.tsx'
import { IconFileCheck, IconTrash } from '../../parts/icons.ts'
import { Instant } from '../../parts/Instant.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { TrailLink } from '../../parts/TrailLink.tsx'
import { exportLink } from '../../route/export-selection.ts'
import { DownloadFile } from './DownloadFile.tsx'
import css from './exports.module.css'
import { SecondSignature } from './SecondSignature.tsx'

function Known({ row }: { row: ExportView }) {
  const { t, i18n } = useTranslation('exports')
  return (
    <Facts
      rows={[
        [t('fact.entries'), row.state === 'ready' ? formatNumber(row.written, i18n.language) : null],
        [t('fact.completeness'), row.completeness && t(`new.completenesses.${row.completeness}.name`)],
        [t('fact.reason'), row.reason],
        [t('fact.by'), row.requestedBy.name],
        [
          t(row.manifestDigest === null ? 'fact.stopped' : 'fact.ended'),
          row.endedAt === null ? null : <Instant key="ended" at={row.endedAt} />,
        ],
        [t('fact.language'), t(`new.languages.${row.language}`)],
        [
          t('fact.file'),
          row.fileName === null ? null : (
            <span key="file" className="cs-mono">
              {row.fileName}
            </span>
          ),
        ],
        [t('fact.size'), row.bytes === null ? null : formatBytes(row.bytes, i18n.language)],
        [
          t('fact.signers'),
          row.signers.length === 0 ? null : (
            <ul key="signers" className={css.signers}>
              {row.signers.map((signer) => (
                <li key={`${signer.kind} ${signer.name} ${signer.at}`} data-testid="export-signer">
                  <b>{signer.name}</b>, {t(`signerKind.${signer.kind}`)}, {signer.level} · <Instant at={signer.at} />
                </li>
              ))}
            </ul>
          ),
        ],
      ]}
    />
  )
}

/** All about one export, and what can be done with it now. `onward`: who has the focus when what had it goes away. */
export function ExportDetails(props: { row: ExportView; onChanged: () => void; onward: () => HTMLElement | null }) {
  const { row, onChanged } = props
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const [asking, setAsking] = useState<'signature' | 'removal' | null>(null)
  // What asked goes away whole, and may take its button with it.
  const close = () => {
    setAsking(null)
    props.onward()?.focus()
  }
  const isSigned = row.signers.some((signer) => signer.kind === 'card')
  return (
    <div className={css.details} data-testid="export-details">
      <Known row={row} />
      <div className={css.side}>
        {row.manifestDigest === null ? null : (
          <div>
            <b>{t('fact.digest')}</b> <CopyText text={row.manifestDigest} what={t('fact.digest')} />
            <Digest hex={row.manifestDigest} testId="manifest-digest" />
            <p>{t('digestHow')}</p>
          </div>
        )}
        {row.state === 'ready' ? <DownloadFile row={row} /> : null}
        {row.state === 'failed' ? (
          <Notice tone="bad" title={t('state.failed')}>
            <p>
              {row.error !== null && isErrorCode(row.error) ? t(`errors:${row.error}.todo`) : null} {t('failedTodo')}
            </p>
          </Notice>
        ) : null}
        {row.state === 'cancelled' ? <Notice tone="idle" title={t('cancelledTodo')} testId="export-ended" /> : null}
        {row.state === 'gone' ? <Notice tone="idle" title={t('goneWhy')} testId="export-ended" /> : null}
        <div className={css.actions}>
          {row.state === 'ready' ? (
            <>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconSignature size={16} aria-hidden />}
                onClick={() => setAsking('signature')}
              >
                {t('second.action')}
              </Button>
              <Button
                component="a"
                href="#/check"
                size="xs"
                variant="default"
                leftSection={<IconFileCheck size={16} aria-hidden />}
              >
                {t('checkIt')}
              </Button>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setAsking('removal')}
              >
                {t('remove.action')}
              </Button>
            </>
          ) : row.state === 'waiting' || row.state === 'running' ? null : (
            <Button
              component="a"
              href={exportLink(row.selection)}
              size="xs"
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
            >
              {t('again')}
            </Button>
          )}
          <TrailLink objectType="export" objectId={row.id} name={row.reason} />
        </div>
      </div>
      {asking === 'signature' ? <SecondSignature row={row} isSigned={isSigned} onClose={close} /> : null}
      {asking === 'removal' ? (
        <ReasonDialog
          title={t('remove.title')}
          action={t('remove.action')}
          label=""
          wordless
          typed={shownId(row.id).replace('…', '')}
          run={() => client.call('deleteExport', { params: { id: row.id } })}
          onClose={close}
          onDone={() => {
            close()
            onChanged()
          }}
        >
          <span>{t('remove.means')}</span>
        </ReasonDialog>
      ) : null}
    </div>
  )
}
