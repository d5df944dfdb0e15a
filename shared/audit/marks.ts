import type { Entry } from './entry.ts'

/** What entries the chain writes about itself are told by. */
type Marked = Pick<Entry, 'action' | 'object'>

/** Object type of the entries that announce a key. */
export const KEY_OBJECT = 'audit-key'
/** Object type of the entries that announce a cut; the object's id is `cutIdOf` the statement. */
export const CUT_OBJECT = 'audit-cut'
/** Object type of tombstone entries; the object's id is a sequence, or `from-to` with both included. */
export const PAYLOAD_OBJECT = 'audit-payload'

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
