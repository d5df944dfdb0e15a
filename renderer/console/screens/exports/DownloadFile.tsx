import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { z } from 'zod'
import type { DownloadPass, ExportView } from '../../../../shared/contract/routes/exports.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconDownload } from '../../../ui/icons.ts'
import { Notice } from '../../../ui/Tone.tsx'
import { saveFrom } from '../../../ui/save-file.ts'
import { useConsole } from '../../console-context.ts'
import { formatBytes } from '../../format/bytes.ts'
import { Instant } from '../../parts/Instant.tsx'
import { useAction } from '../../stores/use-action.ts'

/** Asks for a pass, then lets the browser fetch the file by itself: in ranges, as often as needed, past this page's memory. */
export function DownloadFile({ row }: { row: ExportView }) {
  const { t, i18n } = useTranslation('exports')
  const { client } = useConsole()
  const action = useAction()
  const [pass, setPass] = useState<z.infer<typeof DownloadPass> | null>(null)
  const fetchFile = async () => {
    const given = await action.run(() =>
      client.call('authoriseDownload', { params: { id: row.id } }, { takesCookie: true }),
    )
    if (given === undefined) return
    setPass(given)
    saveFrom(given.path, given.fileName)
  }
  return (
    <>
      <div>
        <Button
          leftSection={<IconDownload size={18} aria-hidden />}
          loading={action.busy}
          aria-label={t('download.of', { name: row.fileName ?? '' })}
          onClick={() => void fetchFile()}
        >
          {t('download.action')}
        </Button>
      </div>
      {action.failure === undefined ? null : <FailureNotice failure={action.failure} />}
      {pass === null ? null : (
        <Notice
          tone="info"
          live
          testId="download-begun"
          title={t('download.begun', { size: formatBytes(pass.bytes, i18n.language) })}
        >
          <p>
            {t('download.resume')}{' '}
            <a href={pass.path} download={pass.fileName}>
              {t('download.again', { name: pass.fileName })}
            </a>
          </p>
          <p>
            {t('download.until')} <Instant at={pass.expiresAt} />. {t('download.audited')}
          </p>
        </Notice>
      )}
    </>
  )
}
