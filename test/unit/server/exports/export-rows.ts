import { inTransaction } from '../../../../server/db/transaction.ts'
import type { OperationalDatabase } from '../../../../server/db/schema.ts'
import { insertExport, readExport, type ExportRow } from '../../../../server/db/repositories/exports.ts'
import type { KeptOrder } from '../../../../server/exports/ports.ts'
import { TENANT } from '../jobs/jobs-bench.ts'

export const NODE = 'node-1'

const ordered: KeptOrder = {
  selection: { kind: 'chain', chain: NODE },
  format: 'jsonl',
  level: 'B-LTA',
  language: 'en',
  timeZone: 'Europe/Rome',
  visibleSignature: false,
  reason: 'asked for by the court',
  requestedBy: { id: 'operator-1', name: 'Carla', role: 'AU', office: null },
}

/** An export of a whole chain, ordered and not made yet. */
export const addExport = async (
  db: OperationalDatabase,
  id: string,
  more: Partial<ExportRow> = {},
): Promise<ExportRow> => {
  const row: ExportRow = {
    id,
    tenant: TENANT,
    division: null,
    office: null,
    version: 1,
    created_at: 0,
    updated_at: 0,
    requested_by: null,
    requested_role: null,
    node: NODE,
    job_id: `job-of-${id}`,
    state: 'waiting',
    ordered: JSON.stringify(ordered),
    filter: JSON.stringify({ selected: { chains: ['another'] }, visible: null, reach: '' }),
    completeness: 'inclusion',
    entries: null,
    bytes: null,
    file_name: null,
    manifest_digest: null,
    members: '{"at":0,"members":[]}',
    signers: '[]',
    renew_at: null,
    ended_at: null,
    kept_until: null,
    error: null,
    ...more,
  }
  await inTransaction(db, (trx) => insertExport(trx, row))
  return row
}

export const rowOf = async (db: OperationalDatabase, id: string): Promise<ExportRow> => {
  const row = await readExport(db, TENANT, id)
  if (!row) throw new Error(`no export ${id}`)
  return row
}
