import { Button, Checkbox, FileButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { IconPlus } from '../ui/icons.ts'
import { Moment } from '../ui/Moment.tsx'
import { Panel } from '../ui/Screen.tsx'
import { Notice } from '../ui/Tone.tsx'
import type { OfferedAnchor } from './use-anchors.ts'
import css from './verify.module.css'

/** Which certificates are trusted: those offered here, and own ones. */
export function TrustPanel(props: {
  anchors: readonly OfferedAnchor[]
  /** A file in which there was no certificate; what the server did not give. */
  refused: string | null
  isServerMissing: boolean
  busy: boolean
  onToggle: (sha256: string) => void
  onFiles: (files: readonly File[]) => void
}) {
  const { t } = useTranslation('verify')
  return (
    <Panel title={t('trust')} testId="trust">
      <div className={css.stack}>
        <span className={css.quiet}>{t('trustMeans')}</span>
        {props.anchors.map((anchor) => (
          <Checkbox
            key={anchor.certificate.sha256}
            checked={anchor.isTrusted}
            disabled={props.busy}
            onChange={() => props.onToggle(anchor.certificate.sha256)}
            label={anchor.certificate.name}
            description={
              <>
                {anchor.file === null ? t('fromServer') : t('ownFile', { file: anchor.file })}, {t('validUntil')}{' '}
                <Moment at={anchor.certificate.notAfter} show="day" />
                <br />
                <span className={`cs-mono ${css.digest}`}>
                  {t('fingerprint')} {anchor.certificate.sha256}
                </span>
              </>
            }
          />
        ))}
        {props.isServerMissing ? <Notice tone="warn" title={t('noServer')} /> : null}
        {props.refused === null ? null : <Notice tone="bad" live title={t('noCertificate', { file: props.refused })} />}
        <div>
          <FileButton multiple onChange={props.onFiles} inputProps={{ 'aria-label': t('addAnchor') }}>
            {(given) => (
              <Button
                {...given}
                size="xs"
                variant="default"
                disabled={props.busy}
                leftSection={<IconPlus size={16} aria-hidden />}
                data-testid="add-anchor"
              >
                {t('addAnchor')}
              </Button>
            )}
          </FileButton>
        </div>
      </div>
    </Panel>
  )
}
