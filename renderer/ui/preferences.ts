import { create } from 'zustand'

export const LANGUAGES = ['en', 'it'] as const
export type Language = (typeof LANGUAGES)[number]

/** What a person at this screen likes. Kept in the browser's own storage; never names, codes or ids. */
export interface Preferences {
  language: Language
  navCollapsed: boolean
  /** Single-key shortcuts may be turned off (WCAG 2.1.4). */
  letterKeys: boolean
}

const KEY = 'countersign.preferences'

/** Language of the system where we speak it, else English. */
export function systemLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().startsWith(language))
    if (found) return found
  }
  return 'en'
}

/** Reads stored preferences; anything not understood falls back to the default of that field. */
export function parsePreferences(stored: string | null, languages: readonly string[]): Preferences {
  const defaults: Preferences = { language: systemLanguage(languages), navCollapsed: false, letterKeys: true }
  if (stored === null) return defaults
  let value: unknown
  try {
    value = JSON.parse(stored)
  } catch {
    return defaults
  }
  if (typeof value !== 'object' || value === null) return defaults
  const given = value as Partial<Record<keyof Preferences, unknown>>
  return {
    language: LANGUAGES.find((language) => language === given.language) ?? defaults.language,
    navCollapsed: given.navCollapsed === true,
    letterKeys: given.letterKeys !== false,
  }
}

const stored = (): Preferences =>
  typeof localStorage === 'undefined'
    ? parsePreferences(null, [])
    : parsePreferences(localStorage.getItem(KEY), navigator.languages)

export const usePreferences = create<Preferences>()(() => stored())

export function setPreference<K extends keyof Preferences>(key: K, value: Preferences[K]): void {
  usePreferences.setState({ [key]: value } as Pick<Preferences, K>)
  localStorage.setItem(KEY, JSON.stringify(usePreferences.getState()))
}
