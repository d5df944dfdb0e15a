import type { AuditEntryRow, AuditEntryView } from '../../shared/contract/index.ts'
import type { AuditRecord, AuditRow } from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'

/** What office and station of an entry are called now; the entry itself keeps their ids. */
const placesOf = (directory: Directory, { office, station }: AuditRow) => ({
  officeName: directory.office(office)?.name ?? null,
  stationName: directory.stationName(station),
})

export const auditRow = (directory: Directory, row: AuditRow): AuditEntryRow => ({
  chain: row.chain,
  sequence: row.sequence,
  time: row.time,
  tenant: row.tenant,
  operatorId: row.operatorId,
  operatorName: row.operatorName,
  role: row.role,
  office: row.office,
  station: row.station,
  ...placesOf(directory, row),
  action: row.action,
  objectType: row.objectType,
  objectId: row.objectId,
  objectName: row.objectName,
  correlationId: row.correlationId,
})

export const auditRecord = (directory: Directory, record: AuditRecord): AuditEntryView => {
  const { before, after, changed, reason, digest, signature, keyId, erased } = record
  const byName = erased === null ? null : (directory.operatorNames([erased.by]).get(erased.by) ?? null)
  return {
    ...auditRow(directory, record),
    before,
    after,
    changed: [...changed],
    reason: reason?.slice(0, 1000) ?? null,
    digest,
    signature,
    keyId,
    erased: erased && { ...erased, byName },
  }
}
