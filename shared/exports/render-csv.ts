import { payloadParts, plainText } from './payload-parts.ts'
import type { RenderContext, Renderer } from './rendering.ts'
import type { ExportRow } from './row.ts'

/** In this order, in every row. */
export const CSV_COLUMNS = [
  'chain',
  'sequence',
  'at',
  'tenant',
  'tenant name',
  'division',
  'office',
  'office name',
  'operator',
  'operator name',
  'operator role',
  'operator office',
  'station',
  'station name',
  'action',
  'object type',
  'object',
  'correlation',
  'changed',
  'reason',
  'before',
  'after',
  'erased at',
  'erased by',
  'erased rule',
  'intent',
  'key',
  'payload digest',
  'previous',
  'signature',
] as const

/**
 * Where a spreadsheet may see a formula: at the start of a value, and after what another reader may split at (`;` where
 * the comma is decimal, tab, `|`, line ends: quotes do not hold then, as the cell does not begin with one). Quotes and
 * spaces before the sign are dropped by some. Full-width forms are taken for the same signs.
 */
const FORMULA = /(?<=^|[;\t|\r\n])(?=[" ]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])/g
/** What `FORMULA` looks for at the start, and where else it would have to look: most values have none of the second. */
const AT_START = /^[" ]*[=+\-@\uff1d\uff0b\uff0d\uff20]/
const INSIDE = /[;\t|\r\n]/
const SPECIAL = /[",\r\n]/

const disarmed = (value: string): string => {
  if (INSIDE.test(value)) return value.replaceAll(FORMULA, "'")
  return AT_START.test(value) ? `'${value}` : value
}

/** One field: an apostrophe before whatever could be a formula, then quoted where RFC 4180 2 asks for it. */
export const csvField = (value: string): string => {
  const safe = disarmed(value)
  return SPECIAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const optional = (value: string | null): string => (value === null ? '' : csvField(value))
const json = (text: string): string => (text === 'null' ? '' : csvField(text))
const time = (at: number): string => new Date(at).toISOString()

/** RFC 4180: CRLF, a header row, UTF-8 without a byte order mark; what is null is empty. */
export const csvRenderer = ({ names }: RenderContext): Renderer => {
  const name = (id: string | null, find: (id: string) => string | null): string =>
    id === null ? '' : optional(find(id))
  const content = ({ payloadText, erased }: ExportRow): string => {
    if (payloadText === null)
      return `,,,,${erased ? `${time(erased.at)},${csvField(erased.by)},${csvField(erased.rule)}` : ',,'}`
    const { changed, reason, before, after } = payloadParts(payloadText)
    return `${changed === '[]' ? '' : csvField(changed)},${optional(plainText(reason))},${json(before)},${json(after)},,,`
  }
  return {
    head: () => `${CSV_COLUMNS.join(',')}\r\n`,
    row: (row) => {
      const { entry } = row
      const { operator } = entry
      const who = operator
        ? `${csvField(operator.id)},${name(operator.id, names.operator)},${csvField(operator.role)},${optional(operator.office)}`
        : ',,,'
      return (
        `${entry.chain},${entry.sequence},${time(entry.at)},` +
        `${csvField(entry.tenant)},${name(entry.tenant, names.tenant)},${optional(entry.division)},` +
        `${optional(entry.office)},${name(entry.office, names.office)},${who},` +
        `${optional(entry.station)},${name(entry.station, names.station)},` +
        `${entry.action},${csvField(entry.object.type)},${csvField(entry.object.id)},${csvField(entry.correlationId)},` +
        `${content(row)},${csvField(entry.intent)},${csvField(entry.key)},${csvField(entry.payload)},` +
        `${csvField(entry.previous)},${csvField(row.signatureText)}\r\n`
      )
    },
    tail: () => '',
  }
}
