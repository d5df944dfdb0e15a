import { AppError } from '../../shared/contract/errors.ts'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { AuditAction, ENTRY_FORMAT } from '../../shared/audit/entry.ts'
import type { Entry } from '../../shared/audit/entry.ts'
import type { EntryHalves } from './entry-halves.ts'

const ACTIONS: ReadonlySet<string> = new Set(AuditAction.options)
const CHAIN = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/
const KEY = /^[A-Za-z0-9_-]+$/
const NAME_MAX = 200

const refused = (): AppError => new AppError('REQUEST_INVALID', { reason: 'entry' })

const name = (value: string): string => {
  if (typeof value !== 'string' || value.length === 0 || value.length > NAME_MAX) throw refused()
  // RFC 8785 3.2.2.2: a lone surrogate has no UTF-8.
  if (!value.isWellFormed()) throw refused()
  return JSON.stringify(value)
}
const optionalName = (value: string | null): string => (value === null ? 'null' : name(value))
const count = (value: number): string => {
  if (!Number.isSafeInteger(value) || value < 0) throw refused()
  return String(value)
}
const pattern = (value: string, form: RegExp): string => {
  if (typeof value !== 'string' || !form.test(value)) throw refused()
  return `"${value}"`
}

const operatorText = (operator: Entry['operator']): string => {
  if (operator === null) return 'null'
  return `{"id":${name(operator.id)},"office":${optionalName(operator.office)},"role":${name(operator.role)}}`
}

/**
 * The canonical JSON of an entry (RFC 8785: members by name), around the signature before: all but that can be made
 * ahead. Together the same bytes as `encodeEntry`, and the same refusals (REQUEST_INVALID), at a tenth of the cost;
 * `test/unit/server/audit/entry-bytes.test.ts` holds the two together.
 */
export const entryHalves = (entry: Omit<Entry, 'previous'>): EntryHalves => {
  if (!ACTIONS.has(entry.action)) throw refused()
  const object = `{"id":${name(entry.object.id)},"type":${name(entry.object.type)}}`
  const head =
    `{"action":"${entry.action}","at":${count(entry.at)},"chain":${pattern(entry.chain, CHAIN)},` +
    `"correlationId":${name(entry.correlationId)},"division":${optionalName(entry.division)},` +
    `"intent":${name(entry.intent)},"key":${pattern(entry.key, KEY)},"object":${object},` +
    `"office":${optionalName(entry.office)},"operator":${operatorText(entry.operator)},` +
    `"payload":${pattern(encodeBase64url(entry.payload), KEY)},"previous":"`
  const tail =
    `","sequence":${count(entry.sequence)},"station":${optionalName(entry.station)},` +
    `"tenant":${name(entry.tenant)},"v":${ENTRY_FORMAT}}`
  return { head, tail }
}
