import type { Given, GivenAnchor, Report } from './report.ts'

type Language = 'en' | 'it'

const TEXTS = {
  at: { en: 'Judged for', it: 'Giudicato per' },
  anchors: { en: 'Trusted', it: 'Certificati fidati' },
  stampAnchors: { en: 'Trusted for time-stamps', it: 'Fidati per le marche temporali' },
  nobody: { en: 'nobody', it: 'nessuno' },
  signers: { en: 'Must have signed', it: 'Deve aver firmato' },
  origins: { en: 'Origins asked for', it: 'Origini richieste' },
  witnesses: { en: 'Witnesses asked for', it: 'Testimoni richiesti' },
  revocation: {
    en: 'Revocation was not looked at, as asked for: a signer whose certificate was revoked would pass.',
    it: 'La revoca non \u00e8 stata controllata, come richiesto: un firmatario revocato sarebbe passato.',
  },
  depth: {
    en: 'Signatures of entries were not checked, as asked for: they were left to links and root.',
    it: 'Le firme delle voci non sono state controllate, come richiesto: affidate ai collegamenti e alla radice.',
  },
} as const

const anchorsOf = (anchors: readonly GivenAnchor[], language: Language): string =>
  anchors.map(({ subject, sha256 }) => `${subject} (SHA-256 ${sha256})`).join('; ') || TEXTS.nobody[language]

/** What was left out on request, each in a sentence; empty where nothing was. */
export const weakened = ({ given }: Pick<Report, 'given'>, language: Language): readonly string[] => {
  if (given === null) return []
  const { revocation, depth } = given
  return [
    ...(revocation === 'none' ? [TEXTS.revocation[language]] : []),
    ...(depth === 'quick' ? [TEXTS.depth[language]] : []),
  ]
}

/** All that a verdict was asked for with, in lines: what was left out first. */
export const givenLines = (report: Pick<Report, 'given'>, language: Language): readonly string[] =>
  report.given === null ? [] : [...weakened(report, language), ...restOf(report.given, language)]

const restOf = (given: Given, language: Language): readonly string[] => {
  const line = (name: Exclude<keyof typeof TEXTS, 'nobody'>, value: string): string =>
    `${TEXTS[name][language]}: ${value}`
  const { at, anchors, timeStampAnchors, signers, origins, witnesses } = given
  return [
    line('at', at),
    line('anchors', anchorsOf(anchors, language)),
    ...(timeStampAnchors ? [line('stampAnchors', anchorsOf(timeStampAnchors, language))] : []),
    ...(signers ? [line('signers', signers.join(', '))] : []),
    ...(origins.length > 0 ? [line('origins', origins.join(', '))] : []),
    ...(witnesses.length > 0 ? [line('witnesses', witnesses.join(', '))] : []),
  ]
}
