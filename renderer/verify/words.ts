import type { TFunction } from 'i18next'
import type { Check, Facts } from '../../shared/exports/report.ts'
import { formatDateTime, formatNumber } from '../ui/format.ts'
import { refusalOf } from './verdict.ts'

/** What a check found, in a sentence; the code itself where the verifier is newer than this page. */
export const checkWords = (t: TFunction, { check, code }: Check): string =>
  t(`says.${check}.${code}`, { defaultValue: code })

/** Why a check did not pass, in a sentence; null where there is none for it. */
export const whyWords = (t: TFunction, check: Check): string | null => {
  const reason = refusalOf(check)
  return reason === null ? null : t(`why.${reason}`, { defaultValue: '' }) || null
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/
/** Facts whose words are ours. */
const OURS: ReadonlySet<string> = new Set(['keys', 'completeness', 'form'])

export const factWords = (t: TFunction, name: string, value: Facts[string], language: string): string => {
  if (typeof value === 'boolean') return t(value ? 'value.yes' : 'value.no')
  if (typeof value === 'number') return formatNumber(value, language)
  const text = value ?? ''
  if (ISO.test(text)) return formatDateTime(Date.parse(text), language)
  return OURS.has(name) ? t(`value.${text}`, { defaultValue: text }) : text
}

/** Names and values that are there, in the order the verifier gave them. */
export const factRows = (t: TFunction, facts: Facts, language: string): readonly (readonly [string, string])[] =>
  Object.entries(facts)
    .filter(([name, value]) => (value !== null && value !== '') || name === 'until')
    .map(
      ([name, value]) =>
        [
          t(`fact.${name}`, { defaultValue: name }),
          // That the checkpoint's time is not proved is worth telling.
          value === null ? t('value.unproved') : factWords(t, name, value, language),
        ] as const,
    )
