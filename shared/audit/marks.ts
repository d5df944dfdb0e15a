import type { Entry } from './entry.ts'
import { NAME_MAX } from './entry-form.ts'

/** What entries the chain writes about itself are told by. */
type Marked = Pick<Entry, 'action' | 'object'>

/** Object type of the entries that announce a key. */
export const KEY_OBJECT = 'audit-key'
/** Object type of the entries that announce a cut; the object's id is `cutIdOf` the statement. */
export const CUT_OBJECT = 'audit-cut'
/** Object type of tombstone entries; the object's id is a sequence, or `from-to` with both included. */
export const PAYLOAD_OBJECT = 'audit-payload'

/** Actions of entries that tell the walk something: of keys, cuts and tombstones. */
export const TELLING: ReadonlySet<string> = new Set(['KeyUse', 'Deletion'])

export const isAnnouncement = (entry: Marked): boolean => entry.action === 'KeyUse' && entry.object.type === KEY_OBJECT

/** The cut an entry announces, or null for any other entry. */
export const announcedCut = (entry: Marked): string | null =>
  entry.action === 'Deletion' && entry.object.type === CUT_OBJECT ? entry.object.id : null

const RANGE = /^(0|[1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?$/

/** The sequences a tombstone says were erased, or null for any other entry. */
export const erasedRange = (entry: Marked): { from: number; to: number } | null => {
  if (entry.action !== 'Deletion' || entry.object.type !== PAYLOAD_OBJECT) return null
  const match = RANGE.exec(entry.object.id)
  if (!match) return null
  const from = Number(match[1])
  return { from, to: match[2] === undefined ? from : Number(match[2]) }
}

/** Who erased a payload, when and under which rule, as the payload's row says it and as its tombstone signs it. */
export interface ErasureMarks {
  /** UTC in ms: the tombstone's own time. */
  readonly at: number
  readonly by: string
  readonly rule: string
}
export type MarkColumn = 'erased_at' | 'erased_by' | 'erased_rule'

/** An erased payload's row (`StoredPayload`). */
interface MarkedRow {
  readonly salt: Uint8Array
  readonly erasedAt: number | null
  readonly erasedBy: string | null
  readonly erasedRule: string | null
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= NAME_MAX

/** The first mark that is not what the tombstone says, or null. */
export const findFalseMark = (marks: ErasureMarks, said: ErasureMarks): MarkColumn | null => {
  if (marks.by !== said.by) return 'erased_by'
  if (marks.rule !== said.rule) return 'erased_rule'
  return marks.at === said.at ? null : 'erased_at'
}

/** The marks of a payload that is gone, or the column that is none; `missing` where there are none at all. */
export const readMarks = (payload: MarkedRow): ErasureMarks | MarkColumn | 'missing' | 'salt' => {
  const { erasedAt: at, erasedBy: by, erasedRule: rule, salt } = payload
  if (at === null || by === null || rule === null) return 'missing'
  if (!Number.isSafeInteger(at) || at < 0) return 'erased_at'
  if (!isName(by)) return 'erased_by'
  if (!isName(rule)) return 'erased_rule'
  // The salt goes with the payload: with it a guess could be confirmed, and nothing signs what is put in its place.
  return salt.length === 0 ? { at, by, rule } : 'salt'
}

/** Whether a verdict's `what` says that an erased payload has no tombstone that agrees with it. */
export const isErasureFault = (what: string): boolean =>
  what === 'erased' || what === 'erased_at' || what === 'erased_by' || what === 'erased_rule'

export interface Tombstone {
  readonly from: number
  readonly to: number
  readonly marks: ErasureMarks
}

const afterOf = (payload: Uint8Array): Partial<Record<string, unknown>> => {
  try {
    const said = JSON.parse(new TextDecoder().decode(payload)) as { readonly after?: object | null }
    return { ...said.after }
  } catch {
    // A payload that is no JSON names nobody.
    return {}
  }
}

/**
 * What an entry says was erased, by whom and under which rule; null for any other entry, and for one that names neither:
 * such a tombstone covers nothing. `payload`: the entry's own, its digest checked.
 */
export const tombstoneOf = (entry: Marked & Pick<Entry, 'at'>, payload: Uint8Array | null): Tombstone | null => {
  const range = erasedRange(entry)
  if (!range || payload === null) return null
  const { by, rule } = afterOf(payload)
  return isName(by) && isName(rule) ? { ...range, marks: { at: entry.at, by, rule } } : null
}
