import { describe, expect, it } from 'vitest'
import { readMe } from '../../../../server/exports/read-me.ts'
import { CHAINS, headOf } from './report/sample.ts'

const FOLDER = 'https://ra.example.org/verify'
const facts = (verifiers: string | null) => ({ entries: 3, chains: CHAINS, members: ['data/audit.jsonl'], verifiers })
const commandsOf = (page: string): readonly string[] =>
  [...page.matchAll(/<pre>(.*?)<\/pre>/g)].map(([, line]) => line!)

describe('when a package says how it is checked', () => {
  it.each(['en', 'it'] as const)('names where the verifiers are, and their digests (%s)', (language) => {
    const head = headOf()
    const page = readMe({ ...head, order: { ...head.order, language } }, facts(FOLDER))
    expect(commandsOf(page)).toEqual(
      expect.arrayContaining([
        `${FOLDER}/countersign-verify.mjs`,
        `${FOLDER}/countersign-verify.html`,
        `${FOLDER}/SHA256SUMS`,
      ]),
    )
  })

  it('names none where the server gives none', () => {
    const page = readMe(headOf(), facts(null))
    expect(page).not.toContain('/verify/')
    expect(commandsOf(page)).toContain('node countersign-verify.mjs export.zip --anchor trusted.pem')
  })

  it('shows an address as text, and links to nothing', () => {
    const page = readMe(headOf({ reason: '<script>' }), facts('https://ra.example.org/"><img src=x>'))
    expect(page).not.toMatch(/<(?:script|img|a)\b/)
    expect(page).toContain('https://ra.example.org/&quot;&gt;&lt;img src=x&gt;/countersign-verify.mjs')
  })
})
