import { useTranslation } from 'react-i18next'
import { Dialog } from './Dialog.tsx'
import type { Shortcut } from './keys.ts'
import css from './parts.module.css'

const show = (key: string): string =>
  key
    .split('+')
    .map((part) =>
      part === 'mod' ? 'Ctrl' : part.length === 1 ? part.toUpperCase() : part[0]!.toUpperCase() + part.slice(1),
    )
    .join(' + ')

/** Every shortcut of the screen, opened with `?`. */
export function KeyList(props: { opened: boolean; onClose: () => void; shortcuts: readonly Shortcut[] }) {
  const { t } = useTranslation('common')
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={t('keys.title')}>
      <dl className={css.facts} style={{ gridTemplateColumns: '1fr max-content' }}>
        {props.shortcuts.map((shortcut) => (
          <KeyRow key={shortcut.keys} shortcut={shortcut} />
        ))}
      </dl>
    </Dialog>
  )
}
function KeyRow({ shortcut }: { shortcut: Shortcut }) {
  return (
    <>
      <dt style={{ color: 'inherit' }}>{shortcut.label}</dt>
      <dd>
        {shortcut.keys.split(' ').map((key, index) => (
          <kbd key={index} className={css.kbd} style={{ marginLeft: 4 }}>
            {show(key)}
          </kbd>
        ))}
      </dd>
    </>
  )
}
