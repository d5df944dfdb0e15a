import '@mantine/spotlight/styles.layer.css'
import { Modal } from '@mantine/core'
import { Spotlight } from '@mantine/spotlight'
import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatSerial, fullName } from '../ui/format.ts'
import { IconCreditCard, IconKeyboard, IconSearch, IconUser } from '../ui/icons.ts'
import type { Shortcut } from '../ui/keys.ts'
import { goTo } from '../ui/route.ts'
import { useLoad, useSettled } from '../ui/use-load.ts'
import { desk } from './desk.ts'
import { paletteStore } from './palette-store.ts'
import { useMay } from './stores/desk-state.ts'

interface Found {
  id: string
  label: string
  hint: string
  icon: ReactNode
  run: () => void
}

/** Ctrl+K: screens and actions by name, people and cards by search. */
export function Palette({ onClose, shortcuts }: { onClose: () => void; shortcuts: readonly Shortcut[] }) {
  const { t } = useTranslation('desk')
  const [text, setText] = useState('')
  const mayPeople = useMay('holder.read')
  const mayCards = useMay('card.read')
  useEffect(() => paletteStore.open(), [])
  const query = useSettled(text.trim(), 150)
  const found = useLoad(
    useCallback(async (): Promise<Found[]> => {
      if (query.length < 2) return []
      const [people, cards] = await Promise.all([
        mayPeople ? desk.call('holders.search', { text: query, limit: 5 }) : null,
        mayCards ? desk.call('cards.find', { text: query, limit: 5 }) : null,
      ])
      return [
        ...(people?.items ?? []).map((row) => ({
          id: row.id,
          label: fullName(row),
          hint: t('palette.person'),
          icon: <IconUser size={18} aria-hidden />,
          run: () => goTo(['people', row.id]),
        })),
        ...(cards?.items ?? []).map((card) => ({
          id: card.serial,
          label: formatSerial(card.serial),
          hint: card.holder?.name ?? t(`common:cardState.${card.state}`),
          icon: <IconCreditCard size={18} aria-hidden />,
          run: () => goTo(card.holder === null ? ['card'] : ['people', card.holder.id]),
        })),
      ]
    }, [query, mayPeople, mayCards, t]),
  )
  const actions: Found[] = shortcuts
    .filter((shortcut) => shortcut.keys !== 'mod+k' && shortcut.label.toLowerCase().includes(text.trim().toLowerCase()))
    .map((shortcut) => ({
      id: shortcut.keys,
      label: shortcut.label,
      hint: shortcut.keys.toUpperCase(),
      icon: <IconKeyboard size={18} aria-hidden />,
      run: shortcut.run,
    }))
  const all = [...actions, ...(found.data ?? [])]
  return (
    <Spotlight.Root
      store={paletteStore.store}
      query={text}
      onQueryChange={setText}
      onSpotlightClose={onClose}
      clearQueryOnClose={false}
      shortcut={null}
      centered={false}
    >
      <Modal.Title className="cs-hidden">{t('palette.title')}</Modal.Title>
      <Spotlight.Search
        placeholder={t('palette.placeholder')}
        aria-label={t('palette.placeholder')}
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {all.map((action) => (
          <Spotlight.Action
            key={action.id}
            label={action.label}
            description={action.hint}
            leftSection={action.icon}
            // The action runs once the palette has given the focus back.
            onClick={() => setTimeout(action.run, 0)}
          />
        ))}
        {all.length === 0 && !found.loading ? <Spotlight.Empty>{t('palette.nothing')}</Spotlight.Empty> : null}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  )
}
