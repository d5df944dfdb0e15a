import {
  givenLines,
  meaningOf,
  sentenceOf,
  titleOf,
  verdictOf,
  type Check,
  type Report,
} from '../../shared/exports/index.ts'

type Language = 'en' | 'it'

const MARKS: Readonly<Record<Report['indication'], string>> = {
  'TOTAL-PASSED': '[ok]',
  'TOTAL-FAILED': '[NO]',
  INDETERMINATE: '[??]',
}

/** A terminal must not be told what to do by what is in a file. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')

const lineOf = (check: Check, language: Language): string => {
  const mark = check.decides ? MARKS[check.indication] : '[--]'
  const subject = check.subject === null ? '' : ` (${check.subject})`
  const clause = check.clause === null ? '' : `, ${check.clause}`
  const rule =
    check.subIndication === null ? '' : ` ${meaningOf(check.subIndication, language)} (${check.subIndication}${clause})`
  return plain(`${mark} ${titleOf(check.check, language)}${subject}: ${sentenceOf(check, language)}${rule}`)
}

/** The first check that decided against it, at the top: what follows may be long. */
const reasonOf = ({ checks, indication }: Report, language: Language): readonly string[] => {
  const reason = checks.find((check) => check.decides && check.indication === indication)
  return indication === 'TOTAL-PASSED' || !reason ? [] : [lineOf(reason, language)]
}

/** The report for people: the verdict first, what it was asked for with, then each check in a line. */
export const printed = (report: Report, file: string, language: Language): string =>
  [
    plain(`${report.indication}${report.subIndication === null ? '' : ` / ${report.subIndication}`}`),
    verdictOf(report, language),
    ...reasonOf(report, language),
    plain(file),
    ...givenLines(report, language).map(plain),
    '',
    ...report.checks.map((check) => lineOf(check, language)),
    '',
  ].join('\n')

/** A sentence of the files that lie beside a package's folder and were not looked at. */
export const ignoredLine = (names: readonly string[], language: Language): string =>
  plain(`${language === 'it' ? 'non del pacchetto, ignorati' : 'not of the package, ignored'}: ${names.join(', ')}`)
