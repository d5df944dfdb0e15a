import { describe, expect, it } from 'vitest'
import { AuditAction } from '../../../../shared/audit/entry.ts'
import {
  CUT_OBJECT,
  KEY_OBJECT,
  PAYLOAD_OBJECT,
  TELLING,
  announcedCut,
  erasedRange,
  isAnnouncement,
} from '../../../../shared/audit/marks.ts'

const tells = (action: AuditAction): boolean =>
  [KEY_OBJECT, CUT_OBJECT, PAYLOAD_OBJECT].some((type) => {
    const entry = { action, object: { type, id: '1-2' } }
    return isAnnouncement(entry) || announcedCut(entry) !== null || erasedRange(entry) !== null
  })

describe('entries that tell the walk something', () => {
  // A walk that compares texts passes over all others unread.
  it.each(AuditAction.options)('%s is among them where one of it does', (action) => {
    expect(TELLING.has(action)).toBe(tells(action))
  })
})
