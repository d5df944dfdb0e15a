import type { DatabaseLocation } from '../db/open.ts'
import { readSqliteSegments } from './verification-rows.ts'
import type { SegmentReader } from './verification-rows.ts'

/** Reads segments over a connection of its own. What another database needs is loaded only where there is one. */
export const openSegmentReader = async (location: DatabaseLocation, chain: string): Promise<SegmentReader> => {
  if (location.dialect === 'sqlite') return readSqliteSegments(location, chain)
  const { openAuditReader } = await import('../db/open.ts')
  const { readSegments } = await import('./verification-rows-any.ts')
  return readSegments(await openAuditReader({ ...location, maxConnections: 1 }), chain)
}
