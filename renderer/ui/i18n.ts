import { createInstance, type ResourceKey } from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Language } from './preferences.ts'

/** The one translator of a page. */
const i18next = createInstance()

export type Namespace = 'common' | 'errors' | 'desk' | 'console' | 'exports' | 'verify'
export type TextLoader = () => Promise<{ default: ResourceKey }>
/** Where an application's texts come from: one loader per language and namespace, so that only one language is fetched. */
export type TextSources = Readonly<Record<Language, Readonly<Partial<Record<Namespace, TextLoader>>>>>

let sources: TextSources | undefined

/** Loads what a language has and is not here yet. */
async function addLanguage(language: Language): Promise<void> {
  const missing = Object.entries(sources?.[language] ?? {}).filter(
    ([name]) => !i18next.hasResourceBundle(language, name),
  )
  const texts = await Promise.all(missing.map(async ([name, load]) => [name, (await load()).default] as const))
  for (const [name, text] of texts) i18next.addResourceBundle(language, name, text, true, true)
}

/** Texts of a part of the application that is itself fetched late; from then on they follow the language. */
export async function addTexts(later: TextSources): Promise<void> {
  sources = { en: { ...sources?.en, ...later.en }, it: { ...sources?.it, ...later.it } }
  await addLanguage(i18next.language === 'it' ? 'it' : 'en')
}

/** Starts translation with the texts of one language. The first namespace is the default of `useTranslation()`. */
export async function startI18n(language: Language, given: TextSources, first: Namespace): Promise<void> {
  sources = given
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    ns: Object.keys(given[language]),
    defaultNS: first,
    resources: {},
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  })
  await changeLanguage(language)
}

/** Loads a language if it is not there yet and switches to it; the page's `lang` follows. */
export async function changeLanguage(language: Language): Promise<void> {
  await addLanguage(language)
  await i18next.changeLanguage(language)
  if (typeof document !== 'undefined') document.documentElement.lang = language
}
