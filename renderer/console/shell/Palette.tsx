import { TextInput } from '@mantine/core'
import { useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Dialog } from '../../ui/Dialog.tsx'
import { IconArrowRight, IconPlayerPlay, IconSearch } from '../../ui/icons.ts'
import css from '../parts/console.module.css'
import own from './shell.module.css'
import { paletteChoices, type Choice } from './palette-choices.ts'
import type { ScreenEntry } from './screens.ts'

const ICONS = { search: IconSearch, screens: IconArrowRight, actions: IconPlayerPlay } as const
const LIST = 'palette-list'
const optionId = (choice: Choice): string => `palette-${choice.id}`

/** Ctrl+K: type, arrow, Enter (WAI-ARIA combobox with a list box). */
export function Palette(props: {
  screens: readonly ScreenEntry[]
  onClose: () => void
  onSignOut: () => Promise<void>
}) {
  const { t } = useTranslation('console')
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const choices = paletteChoices(t, props.screens, typed, () => void props.onSignOut())
  const active = choices[Math.min(at, choices.length - 1)]
  const run = (choice: Choice | undefined) => {
    if (choice === undefined) return
    props.onClose()
    choice.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0 && choices.length > 0) {
      event.preventDefault()
      const next = (Math.min(at, choices.length - 1) + step + choices.length) % choices.length
      setAt(next)
      document.getElementById(optionId(choices[next]!))?.scrollIntoView({ block: 'nearest' })
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      run(active)
    }
  }
  return (
    <Dialog opened onClose={props.onClose} title={t('palette.title')} size={560}>
      <TextInput
        data-autofocus
        role="combobox"
        aria-label={t('palette.placeholder')}
        aria-expanded
        aria-controls={LIST}
        aria-activedescendant={active === undefined ? undefined : optionId(active)}
        autoComplete="off"
        placeholder={t('palette.placeholder')}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <ul className={own.palette} id={LIST} role="listbox" aria-label={t('palette.title')}>
        {choices.map((choice) => {
          const Icon = ICONS[choice.group]
          return (
            <li
              key={choice.id}
              id={optionId(choice)}
              role="option"
              aria-selected={choice === active}
              className={own.choice}
              onClick={() => run(choice)}
            >
              <Icon size={16} aria-hidden />
              <span>{choice.label}</span>
            </li>
          )
        })}
      </ul>
      {choices.length === 0 ? <p className={css.quiet}>{t('palette.nothing')}</p> : null}
    </Dialog>
  )
}
