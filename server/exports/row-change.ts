import { changeExport, type ExportChange, type ExportRow } from '../db/repositories/exports.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import type { Told } from '../services/change.ts'

/** Row and entry in one commit; false, and neither, where somebody else changed it first. */
export const changeRow = (
  own: OwnChanges,
  row: ExportRow,
  change: Omit<ExportChange, 'updated_at'>,
  told: (before: ExportRow, after: ExportRow) => Told,
): Promise<boolean> => {
  const made = { ...change, updated_at: own.now() }
  return own.run(row.id, async (trx, tell) => {
    if (!(await changeExport(trx, row, made))) return false
    const place = { division: row.division, office: row.office }
    await tell({ ...told(row, { ...row, ...made, version: row.version + 1 }), place })
    return true
  })
}
