/**
 * Machine readable zone of travel documents: ICAO Doc 9303 part 3 §4.9 (check digits), part 4 (TD3), 5 (TD1), 6 (TD2).
 * Pure functions: text in, fields and the failed checks out. Nothing is guessed: a wrong digit is reported by field.
 */
export type MrzFormat = 'TD1' | 'TD2' | 'TD3'
export type MrzField = 'documentNumber' | 'birthDate' | 'expiryDate' | 'personalNumber' | 'composite'
export interface MrzResult {
  format: MrzFormat
  documentCode: string
  issuer: string
  documentNumber: string
  familyName: string
  givenNames: string
  nationality: string
  /** `YYYY-MM-DD`, century chosen so that a birth date is not after `today`; null where the zone holds `<` for unknown parts. */
  birthDate: string | null
  expiryDate: string | null
  sex: 'F' | 'M' | 'X'
  optional: string
  /** Fields whose check digit does not fit; empty when the zone is sound. */
  failed: MrzField[]
}
export type MrzOutcome =
  | { ok: true; value: MrzResult }
  | { ok: false; reason: 'empty' | 'characters' | 'length' | 'incomplete' }

const LAYOUT = { '90:3': 'TD1', '72:2': 'TD2', '88:2': 'TD3' } as const
const WEIGHTS = [7, 3, 1] as const

/** Check digit over characters 0-9, A-Z and `<` with weights 7, 3, 1, modulo 10 (part 3 §4.9). */
export function mrzCheckDigit(text: string): string {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const value = c >= 48 && c <= 57 ? c - 48 : c >= 65 && c <= 90 ? c - 55 : 0
    sum += value * WEIGHTS[i % 3]!
  }
  return String(sum % 10)
}

/** Normalises typed or scanned text: upper case, `«‹` read as `<`, blanks dropped, lines split where the format says. */
export function normaliseMrz(text: string): string {
  const flat = text
    .toUpperCase()
    .replace(/[«‹]/g, '<')
    .replace(/[ \t\r]/g, '')
  const lines = flat.split('\n').filter((line) => line.length > 0)
  const joined = lines.join('')
  const size = joined.length === 90 ? 30 : joined.length === 72 ? 36 : joined.length === 88 ? 44 : 0
  if (size === 0) return lines.join('\n')
  return joined.match(new RegExp(`.{${size}}`, 'g'))!.join('\n')
}

/** Reads a zone. `today` (`YYYY-MM-DD`) decides the century of two-digit years. */
export function parseMrz(text: string, today: string): MrzOutcome {
  const zone = normaliseMrz(text)
  if (zone === '') return { ok: false, reason: 'empty' }
  if (!/^[A-Z0-9<\n]+$/.test(zone)) return { ok: false, reason: 'characters' }
  const lines = zone.split('\n')
  const flat = lines.join('')
  const format = LAYOUT[`${flat.length}:${lines.length}` as keyof typeof LAYOUT]
  if (format === undefined) return { ok: false, reason: flat.length < 72 ? 'incomplete' : 'length' }
  return { ok: true, value: format === 'TD1' ? readTd1(lines, today) : readTwoLines(format, lines, today) }
}

function readTd1(lines: string[], today: string): MrzResult {
  const [a, b, c] = lines as [string, string, string]
  const composite = a.slice(5, 30) + b.slice(0, 7) + b.slice(8, 15) + b.slice(18, 29)
  // Part 5 §4.2.2: a number longer than nine characters goes on in the optional data, its check digit after it.
  const long = a[14] === '<' ? /^([A-Z0-9]+)([0-9])</.exec(a.slice(15, 30) + '<') : null
  const number = long ? a.slice(5, 14) + long[1]! : a.slice(5, 14)
  const digit = long ? long[2]! : a[14]!
  return {
    format: 'TD1',
    documentCode: strip(a.slice(0, 2)),
    issuer: strip(a.slice(2, 5)),
    documentNumber: strip(number),
    ...names(c),
    nationality: strip(b.slice(15, 18)),
    birthDate: date(b.slice(0, 6), today, 'past'),
    expiryDate: date(b.slice(8, 14), today, 'future'),
    sex: sex(b[7]!),
    optional: strip(long ? a.slice(15 + long[1]!.length + 1) : a.slice(15, 30)) + strip(b.slice(18, 29)),
    failed: failures([
      ['documentNumber', number, digit],
      ['birthDate', b.slice(0, 6), b[6]!],
      ['expiryDate', b.slice(8, 14), b[14]!],
      ['composite', composite, b[29]!],
    ]),
  }
}

function readTwoLines(format: 'TD2' | 'TD3', lines: string[], today: string): MrzResult {
  const [a, b] = lines as [string, string]
  const end = b.length - 1
  const composite = b.slice(0, 10) + b.slice(13, 20) + b.slice(21, end)
  const checks: [MrzField, string, string][] = [
    ['documentNumber', b.slice(0, 9), b[9]!],
    ['birthDate', b.slice(13, 19), b[19]!],
    ['expiryDate', b.slice(21, 27), b[27]!],
    ['composite', composite, b[end]!],
  ]
  const optional = format === 'TD3' ? b.slice(28, 42) : b.slice(28, 35)
  // Part 4 §4.2.2: the personal number's check digit may be `<` when the field is empty.
  if (format === 'TD3' && !(strip(optional) === '' && b[42] === '<')) checks.push(['personalNumber', optional, b[42]!])
  return {
    format,
    documentCode: strip(a.slice(0, 2)),
    issuer: strip(a.slice(2, 5)),
    documentNumber: strip(b.slice(0, 9)),
    ...names(a.slice(5)),
    nationality: strip(b.slice(10, 13)),
    birthDate: date(b.slice(13, 19), today, 'past'),
    expiryDate: date(b.slice(21, 27), today, 'future'),
    sex: sex(b[20]!),
    optional: strip(optional),
    failed: failures(checks),
  }
}

const strip = (text: string) => text.replace(/<+$/, '').replace(/</g, ' ').trim()
const sex = (c: string) => (c === 'F' || c === 'M' ? c : 'X')
function names(field: string): { familyName: string; givenNames: string } {
  const [family = '', given = ''] = field.split(/<<(.*)/s)
  return { familyName: strip(family), givenNames: strip(given) }
}
const failures = (checks: [MrzField, string, string][]): MrzField[] =>
  checks.filter(([, text, digit]) => mrzCheckDigit(text) !== (digit === '<' ? '0' : digit)).map(([field]) => field)

function date(text: string, today: string, direction: 'past' | 'future'): string | null {
  if (!/^[0-9]{6}$/.test(text)) return null
  const century = Number(today.slice(0, 2)) * 100
  const now = Number(today.slice(0, 4))
  let year = century + Number(text.slice(0, 2))
  if (direction === 'past' && `${year}-${text.slice(2, 4)}-${text.slice(4)}` > today) year -= 100
  // Part 3 §4.8 leaves the century open; documents run ten years, so an expiry lies at most 50 years from today.
  if (direction === 'future' && year > now + 50) year -= 100
  if (direction === 'future' && year < now - 50) year += 100
  const iso = `${year}-${text.slice(2, 4)}-${text.slice(4)}`
  return Number.isNaN(Date.parse(iso)) || new Date(iso).toISOString().slice(0, 10) !== iso ? null : iso
}
