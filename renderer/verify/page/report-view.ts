import { givenLines } from '../../../shared/exports/given-text.ts'
import type { Check, Facts, Report } from '../../../shared/exports/index.ts'
import { reasonOf, refusalOf, toneOf, TONES } from '../verdict.ts'
import type { Words } from './texts.ts'

/** An element with text or elements inside; text is never markup. */
export const make = (name: string, className: string, ...content: readonly (Node | string)[]): HTMLElement => {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  element.append(...content)
  return element
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/
/** Facts whose values have words. */
const OURS: ReadonlySet<string> = new Set(['keys', 'completeness', 'form'])

const valueText = (words: Words, name: string, value: Facts[string], language: string): string => {
  if (typeof value === 'boolean') return words(['value', value ? 'yes' : 'no'])
  if (typeof value === 'number') return value.toLocaleString(language)
  const text = value ?? ''
  if (ISO.test(text)) return new Date(text).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'long' })
  return OURS.has(name) ? words(['value', text], text) : text
}

const factsOf = (words: Words, facts: Facts, language: string): HTMLElement =>
  make(
    'dl',
    '',
    ...Object.entries(facts)
      .filter(([name, value]) => (value !== null && value !== '') || name === 'until')
      .flatMap(([name, value]) => [
        make('dt', '', words(['fact', name], name)),
        make('dd', '', value === null ? words(['value', 'unproved']) : valueText(words, name, value, language)),
      ]),
  )

const says = (words: Words, { check, code }: Check): string => words(['says', check, code], code)
/** Why it did not pass, after a space; empty where there is no sentence for it. */
const because = (words: Words, check: Check): string => {
  const why = words(['why', refusalOf(check) ?? ''], '')
  return why === '' ? '' : ` ${why}`
}

const checkView = (words: Words, check: Check, language: string): HTMLElement => {
  const { subject, decides, indication, subIndication, clause } = check
  const name = `${words(['name', check.check])}${subject === null ? '' : ` \u00b7 ${subject}`}`
  const told = decides ? words(['indication', indication]) : words(['told'])
  const why =
    subIndication === null
      ? ''
      : ` ${words(['sub', subIndication])} (${subIndication}${clause === null ? '' : `, ${clause}`})`
  return make(
    'article',
    '',
    make('h3', '', make('span', '', name), make('span', toneOf(check), told)),
    make('p', '', `${says(words, check)}${because(words, check)}${why}`),
    factsOf(words, check.facts, language),
  )
}

/** The report as people read it: verdict, reason, and each check with its facts. */
export const reportView = (words: Words, report: Report, language: string): readonly HTMLElement[] => {
  const { kind, indication, subIndication, checks } = report
  const reason = reasonOf(report)
  const title = make('strong', '', words(['verdict', kind, indication]))
  const line = (check: Check): string =>
    `${words(['because'])} ${words(['name', check.check])}. ${says(words, check)}${because(words, check)}`
  const code = `${indication}${subIndication === null ? '' : ` / ${subIndication}`} (${words(['etsi'])})`
  const verdict = make(
    'div',
    `verdict ${TONES[indication]}`,
    title,
    make('p', '', words(['verdictMeans', indication])),
    ...(reason ? [make('p', '', line(reason))] : []),
    make('small', '', code),
    ...givenLines(report, language === 'it' ? 'it' : 'en').map((line) => make('p', '', line)),
  )
  verdict.tabIndex = -1
  return [verdict, make('h2', '', words(['checks'])), ...checks.map((check) => checkView(words, check, language))]
}
