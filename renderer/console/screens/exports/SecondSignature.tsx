import { Button, Group, Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ExportView } from '../../../../shared/contract/routes/exports.ts'
import { Digest } from '../../../ui/Digest.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import css from './exports.module.css'

/** Where and how the officer's own card signs: at the desk, after the digest was compared. */
export function SecondSignature(props: { row: ExportView; isSigned: boolean; onClose: () => void }) {
  const { t } = useTranslation('exports')
  return (
    <Dialog opened onClose={props.onClose} title={t('second.title')} size={560}>
      <Stack gap="md">
        {props.isSigned ? (
          <Notice tone="ok" title={t('second.done')} />
        ) : (
          <>
            <span>{t('second.where')}</span>
            <ol className={css.steps}>
              <li>{t('second.step.open')}</li>
              <li>{t('second.step.compare')}</li>
              <li>{t('second.step.sign')}</li>
            </ol>
          </>
        )}
        <div>
          <b>{t('second.digest')}</b>
          <Digest hex={props.row.manifestDigest ?? ''} />
        </div>
        <span>{t('second.keep')}</span>
        <Group justify="flex-end">
          <Button onClick={props.onClose} data-autofocus>
            {t('common:close')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
