import { AppError } from '../../shared/contract/errors.ts'
import { AuditAction, ENTRY_FORMAT } from '../../shared/audit/entry.ts'
import type { Entry } from '../../shared/audit/entry.ts'
import type { EntryHalves } from './entry-run.ts'
import { remembered } from './remembered.ts'

const ACTIONS: ReadonlySet<string> = new Set(AuditAction.options)
const CHAIN = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/
const KEY = /^[A-Za-z0-9_-]+$/
const NAME_MAX = 200

const refused = (): AppError => new AppError('REQUEST_INVALID', { reason: 'entry' })

/** Characters that JSON writes as they are, on any engine: most names hold no others. */
const PLAIN = /^[\w .:@/+-]*$/

const name = (value: string): string => {
  if (typeof value !== 'string' || value.length === 0 || value.length > NAME_MAX) throw refused()
  if (PLAIN.test(value)) return `"${value}"`
  // RFC 8785 3.2.2.2: a lone surrogate has no UTF-8.
  if (!value.isWellFormed()) throw refused()
  return JSON.stringify(value)
}

/** As `name`, for those of few kinds: offices, operators, stations, types come again in entry after entry. */
const word = remembered(10_000, name)
const optionalWord = (value: string | null): string => (value === null ? 'null' : word(value))
const count = (value: number): string => {
  if (!Number.isSafeInteger(value) || value < 0) throw refused()
  return String(value)
}
const pattern = (value: string, form: RegExp): string => {
  if (typeof value !== 'string' || !form.test(value)) throw refused()
  return value
}

const operatorText = (operator: Entry['operator']): string => {
  if (operator === null) return 'null'
  return `{"id":${word(operator.id)},"office":${optionalWord(operator.office)},"role":${word(operator.role)}}`
}

/** Where an entry stands, and the key that signs it. */
export interface EntryPlace {
  readonly chain: string
  readonly sequence: number
  readonly key: string
}
export type Placeless = Omit<Entry, 'payload' | 'previous' | keyof EntryPlace>

/** An entry's canonical text, cut where its place is told. */
export interface EntryForm {
  readonly beforeChain: string
  readonly beforeKey: string
  readonly beforePayload: string
  readonly afterSequence: string
}

/**
 * The canonical JSON of an entry (RFC 8785: members by name) but for its place and payload, so that it can be made, and
 * refused (REQUEST_INVALID), before that is known. With a place the same bytes as `encodeEntry`, and the same refusals,
 * at a tenth of the cost; `test/unit/server/audit/entry-bytes.test.ts` holds the two together.
 */
export const entryFormOf = (entry: Placeless): EntryForm => {
  if (!ACTIONS.has(entry.action)) throw refused()
  return {
    beforeChain: `{"action":"${entry.action}","at":${count(entry.at)},"chain":"`,
    beforeKey:
      `","correlationId":${name(entry.correlationId)},"division":${optionalWord(entry.division)},` +
      `"intent":${name(entry.intent)},"key":"`,
    beforePayload:
      `","object":{"id":${name(entry.object.id)},"type":${word(entry.object.type)}},` +
      `"office":${optionalWord(entry.office)},"operator":${operatorText(entry.operator)},"payload":"`,
    afterSequence: `,"station":${optionalWord(entry.station)},"tenant":${word(entry.tenant)},"v":${ENTRY_FORMAT}}`,
  }
}

/** All of an entry but its payload's digest and the signature before. Throws REQUEST_INVALID for a place that is none. */
export const placeForm = (form: EntryForm, { chain, sequence, key }: EntryPlace): EntryHalves => ({
  head: form.beforeChain + pattern(chain, CHAIN) + form.beforeKey + pattern(key, KEY) + form.beforePayload,
  tail: `","sequence":${count(sequence)}${form.afterSequence}`,
})

/** Both at once. */
export const entryHalves = (entry: Placeless & EntryPlace): EntryHalves => placeForm(entryFormOf(entry), entry)
