import { useTranslation } from 'react-i18next'
import { KeyList } from '../../ui/KeyList.tsx'
import type { Shortcut } from '../../ui/keys.ts'

const ignore = () => undefined

/** The shell's keys and those that screens listen to themselves. */
export function KeyHelp({ shortcuts, onClose }: { shortcuts: readonly Shortcut[]; onClose: () => void }) {
  const { t } = useTranslation('console')
  const onScreens: Shortcut[] = [
    { keys: '/', label: t('keys.search'), run: ignore },
    { keys: 'j', label: t('keys.next'), run: ignore },
    { keys: 'k', label: t('keys.previous'), run: ignore },
    { keys: 'enter', label: t('keys.open'), run: ignore },
    { keys: 'escape', label: t('keys.close'), run: ignore },
    { keys: 'r', label: t('keys.reload'), run: ignore },
    { keys: 'f', label: t('keys.follow'), run: ignore },
  ]
  return <KeyList opened onClose={onClose} shortcuts={[...shortcuts, ...onScreens]} />
}
