import { ActionIcon, CopyButton, Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { IconCheck, IconClipboardCopy } from '../../ui/icons.ts'
import { QUIET } from './quiet.ts'

/** A small button that copies a long word; `what` names it for those who do not see what stands beside it. */
export function CopyText({ text, what }: { text: string; what: string }) {
  const { t } = useTranslation('console')
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('copied') : t('copyOf', { what })}>
          <ActionIcon {...QUIET} size="sm" aria-label={t('copyOf', { what })} onClick={copy}>
            {copied ? <IconCheck size={16} /> : <IconClipboardCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}
