import { ACTIONS, CHAIN_NAME, ENTRY_FORMAT, NAME_MAX } from './entry-form.ts'
import type { StoredEntry } from './stored.ts'

/** What a row keeps of an entry beside its bytes. As a store gives them: each may be of any type and hold anything. */
export type EntryColumns = Pick<
  StoredEntry,
  | 'chain'
  | 'sequence'
  | 'at'
  | 'keyId'
  | 'intentId'
  | 'tenant'
  | 'division'
  | 'office'
  | 'operatorId'
  | 'operatorRole'
  | 'station'
  | 'action'
  | 'objectType'
  | 'objectId'
  | 'correlationId'
>

/** No byte stands for it: a text with it in is the latin1 of no bytes. */
const NEVER = '\u0100'
/** What JSON writes as it is: printable ASCII without quote and backslash. */
const NAME = new RegExp(`^[ !#-[\\]-~]{1,${NAME_MAX}}$`)
const BASE64URL = /^[A-Za-z0-9_-]+$/

const name = (value: unknown): string => (typeof value === 'string' && NAME.test(value) ? value : NEVER)
const count = (value: unknown): number | string =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : NEVER

const WORDS_MAX = 10_000

/** As `make`, for values of which the same few come again and again. */
const remembered = (make: (value: unknown) => string): ((value: unknown) => string) => {
  const known = new Map<unknown, string>()
  return (value) => {
    const found = known.get(value)
    if (found !== undefined) return found
    const made = make(value)
    if (known.size >= WORDS_MAX) known.clear()
    known.set(value, made)
    return made
  }
}
const matching = (form: { test(text: string): boolean }) => (value: unknown) =>
  typeof value === 'string' && form.test(value) ? value : NEVER

const action = remembered(matching({ test: (text) => ACTIONS.has(text) }))
const chain = remembered(matching(CHAIN_NAME))
const key = remembered(matching(BASE64URL))
const word = remembered((value) => `"${name(value)}"`)
const optional = (value: unknown): string => (value === null ? 'null' : word(value))
const operator = ({ operatorId: id, operatorRole: role, office }: EntryColumns): string =>
  id === null && role === null ? 'null' : `{"id":${word(id)},"office":${optional(office)},"role":${word(role)}}`

/**
 * The canonical text (RFC 8785) of the entry that columns copy, with this payload digest and this signature before
 * (base64url), one character for each byte. Bytes that are this text are an entry that says what the columns, the
 * payload and the link say: nothing is left to read or to compare. Other bytes say nothing: what is not plain ASCII, or
 * an operator of another office than the entry's, is never given its text. It is made in a third of the time that
 * reading the bytes and comparing them takes.
 */
export const columnsText = (columns: EntryColumns, payload: string, previous: string): string =>
  `{"action":"${action(columns.action)}","at":${count(columns.at)},"chain":"${chain(columns.chain)}",` +
  `"correlationId":"${name(columns.correlationId)}","division":${optional(columns.division)},` +
  `"intent":"${name(columns.intentId)}","key":"${key(columns.keyId)}",` +
  `"object":{"id":"${name(columns.objectId)}","type":${word(columns.objectType)}},` +
  `"office":${optional(columns.office)},"operator":${operator(columns)},` +
  `"payload":"${payload}","previous":"${previous}","sequence":${count(columns.sequence)},` +
  `"station":${optional(columns.station)},"tenant":${word(columns.tenant)},"v":${ENTRY_FORMAT}}`
