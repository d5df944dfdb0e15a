import { Button, Group } from '@mantine/core'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView } from '../../../../shared/contract/views.ts'
import { Dialog } from '../../../ui/Dialog.tsx'
import { IconDownload, IconEye, IconPrinter, IconUserPlus } from '../../../ui/icons.ts'
import { goTo } from '../../../ui/route.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { desk } from '../../desk.ts'
import { saveFile } from '../../parts/save-file.ts'
import css from '../screens.module.css'

/** The receipt as a PDF, with no secret in it: look, print, keep. */
export function Receipt({ view }: { view: EnrolmentView }) {
  const { t, i18n } = useTranslation('desk')
  const language = i18n.language === 'it' ? 'it' : 'en'
  const receipt = useLoad(
    useCallback(async () => {
      const { fileName, pdf } = await desk.call('enrolments.receipt', {
        id: view.id,
        language,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      })
      const bytes = Uint8Array.from(atob(pdf), (c) => c.charCodeAt(0))
      return { fileName, blob: new Blob([bytes], { type: 'application/pdf' }) }
    }, [view.id, language]),
  )
  return (
    <Panel title={t('receipt.title')}>
      <LoadView load={receipt} right="enrolment.read">
        {(file) => <ReceiptFile key={file.fileName} fileName={file.fileName} blob={file.blob} />}
      </LoadView>
      <ActionBar>
        <Button data-primary leftSection={<IconUserPlus size={18} aria-hidden />} onClick={() => goTo(['enrol'])}>
          {t('receipt.next')}
        </Button>
      </ActionBar>
    </Panel>
  )
}

function ReceiptFile({ fileName, blob }: { fileName: string; blob: Blob }) {
  const { t } = useTranslation('desk')
  const [address, setAddress] = useState<string | null>(null)
  const [looking, setLooking] = useState(false)
  const [printing, setPrinting] = useState(false)
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(
    () => () => {
      if (address !== null) URL.revokeObjectURL(address)
    },
    [address],
  )
  const open = () => {
    if (address === null) setAddress(URL.createObjectURL(blob))
  }
  return (
    <>
      <p className={css.muted} style={{ marginBottom: 12 }}>
        {t('receipt.hint', { fileName })}
      </p>
      <Group gap="xs">
        <Button
          variant="default"
          leftSection={<IconPrinter size={18} aria-hidden />}
          onClick={() => {
            open()
            if (printing) frame.current?.contentWindow?.print()
            setPrinting(true)
          }}
        >
          {t('receipt.print')}
        </Button>
        <Button
          variant="default"
          leftSection={<IconEye size={18} aria-hidden />}
          onClick={() => {
            open()
            setLooking(true)
          }}
        >
          {t('receipt.open')}
        </Button>
        <Button
          variant="default"
          leftSection={<IconDownload size={18} aria-hidden />}
          onClick={() => saveFile(fileName, blob)}
        >
          {t('receipt.download')}
        </Button>
      </Group>
      {printing && address !== null ? (
        // A sandboxed frame cannot show or print a PDF; the bytes are our own desk's.
        // oxlint-disable-next-line react/iframe-missing-sandbox
        <iframe
          ref={frame}
          className="cs-hidden"
          src={address}
          title={t('receipt.title')}
          tabIndex={-1}
          aria-hidden
          onLoad={() => frame.current?.contentWindow?.print()}
        />
      ) : null}
      <Dialog opened={looking} onClose={() => setLooking(false)} title={fileName} size={860}>
        {/* oxlint-disable-next-line react/iframe-missing-sandbox */}
        {address === null ? null : <iframe className={css.preview} src={address} title={t('receipt.title')} />}
      </Dialog>
    </>
  )
}
