import type { TFunction } from 'i18next'
import { goTo } from '../../ui/route.ts'
import { changeLanguage } from '../../ui/i18n.ts'
import { LANGUAGES, setPreference } from '../../ui/preferences.ts'
import { pathOf } from '../route/location.ts'
import type { ScreenEntry } from './screens.ts'

export interface Choice {
  readonly id: string
  readonly label: string
  readonly group: 'search' | 'screens' | 'actions'
  readonly run: () => void
}

const plain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Choices whose label has every word typed, in any order; accents do not matter. */
export const matching = (choices: readonly Choice[], typed: string): Choice[] => {
  const words = plain(typed).split(/\s+/).filter(Boolean)
  return choices.filter((choice) => words.every((word) => plain(choice.label).includes(word)))
}

/** What the palette offers for `typed`: searches for it first, then screens and actions that match. */
export const paletteChoices = (
  t: TFunction,
  screens: readonly ScreenEntry[],
  typed: string,
  signOut: () => void,
): Choice[] => {
  const has = (name: ScreenEntry['name']) => screens.some((screen) => screen.name === name)
  const text = typed.trim().slice(0, 200)
  const search: Choice[] =
    has('audit') && text !== ''
      ? [
          {
            id: 'search-text',
            group: 'search',
            label: t('palette.searchAudit', { text }),
            run: () => goTo(['audit'], { query: { text } }),
          },
          {
            id: 'search-operator',
            group: 'search',
            label: t('palette.searchOperator', { text }),
            run: () => goTo(['audit'], { query: { operator: text } }),
          },
        ]
      : []
  const go = screens.map((screen): Choice => ({
    id: `screen-${screen.name}`,
    group: 'screens',
    label: t('goTo', { screen: t(`screen.${screen.name}`) }),
    run: () => goTo(pathOf(screen.name)),
  }))
  const denied: Choice = {
    id: 'denied',
    group: 'actions',
    label: t('palette.denied'),
    run: () => goTo(['audit'], { query: { action: 'AccessDenied', last: '24h' } }),
  }
  const languages = LANGUAGES.map((language): Choice => ({
    id: `language-${language}`,
    group: 'actions',
    label: `${t('common:language.label')}: ${t(`common:language.${language}`)}`,
    run: () => {
      setPreference('language', language)
      void changeLanguage(language)
    },
  }))
  const actions: Choice[] = [
    ...(has('audit') ? [denied] : []),
    ...languages,
    { id: 'sign-out', group: 'actions', label: t('bar.signOut'), run: signOut },
  ]
  return [...search, ...matching([...go, ...actions], typed)]
}
