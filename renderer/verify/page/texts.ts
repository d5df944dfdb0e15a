import en from '../../text/en/verify.json'
import it from '../../text/it/verify.json'

export type Language = 'en' | 'it'
const SOURCES: Readonly<Record<Language, unknown>> = { en, it }

const find = (source: unknown, path: readonly string[]): string | null => {
  let value = source
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return typeof value === 'string' ? value : null
}

/** A text by its path; `or` where there is none (a fact or code this page does not know by name). */
export const textFor =
  (language: Language) =>
  (path: readonly string[], or = path.at(-1) ?? ''): string =>
    find(SOURCES[language], path) ?? or
export type Words = ReturnType<typeof textFor>
