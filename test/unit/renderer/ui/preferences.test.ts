import { describe, expect, it } from 'vitest'
import { parsePreferences, systemLanguage } from '../../../../renderer/ui/preferences.ts'

const defaults = { language: 'en', navCollapsed: false, letterKeys: true }

describe('when preferences are read', () => {
  it.each([
    [null, defaults],
    ['not json', defaults],
    ['null', defaults],
    ['[]', defaults],
    ['{"language":"de","navCollapsed":"yes","letterKeys":0}', defaults],
    ['{"language":"it"}', { ...defaults, language: 'it' }],
    ['{"navCollapsed":true,"letterKeys":false}', { language: 'en', navCollapsed: true, letterKeys: false }],
  ])('%s', (stored, expected) => {
    expect(parsePreferences(stored, ['en-GB'])).toEqual(expected)
  })
})

describe('when the system speaks', () => {
  it.each([
    [['it-IT', 'en'], 'it'],
    [['de-DE', 'it'], 'it'],
    [['de-DE', 'fr'], 'en'],
    [[], 'en'],
  ])('%j gives %s', (tags, language) => {
    expect(systemLanguage(tags)).toBe(language)
  })
})
