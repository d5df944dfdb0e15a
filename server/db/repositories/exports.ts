import type { Selectable } from 'kysely'
import type { AuditExportTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { page } from './page.ts'
import type { Page, PageRequest } from './page.ts'

type Db = OperationalDatabase | OperationalTransaction
export type ExportRow = Selectable<AuditExportTable>
export type ExportRowState = ExportRow['state']

/** Whose exports are meant; `operator` null: those of the shell. */
export interface ExportOwner {
  readonly tenant: string
  readonly operator: string | null
}

const ofOwner = (db: Db, { tenant, operator }: ExportOwner) => {
  const query = db.selectFrom('audit_export').selectAll().where('tenant', '=', tenant)
  return operator === null ? query.where('requested_by', 'is', null) : query.where('requested_by', '=', operator)
}

export const insertExport = async (trx: OperationalTransaction, row: ExportRow): Promise<void> => {
  await trx.insertInto('audit_export').values(row).execute()
}

/** Null also for one of somebody else. */
export const findExport = async (db: Db, owner: ExportOwner, id: string): Promise<ExportRow | null> =>
  (await ofOwner(db, owner).where('id', '=', id).executeTakeFirst()) ?? null

/** Whoever ordered it: for the job, not for people. */
export const readExport = async (db: Db, tenant: string, id: string): Promise<ExportRow | null> => {
  const query = db.selectFrom('audit_export').selectAll().where('tenant', '=', tenant)
  return (await query.where('id', '=', id).executeTakeFirst()) ?? null
}

/** Newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const listExports = (
  db: OperationalDatabase,
  owner: ExportOwner,
  states: readonly ExportRowState[] | undefined,
  request: PageRequest,
): Promise<Page<ExportRow>> => {
  const query = ofOwner(db, owner)
  return page(states === undefined ? query : query.where('state', 'in', states), request)
}

export const countUnfinished = async (db: Db, owner: ExportOwner): Promise<number> =>
  (await ofOwner(db, owner).where('state', '=', 'waiting').execute()).length

/** Of this node, in one of these states; few, since what is gone is in none that is asked for. */
export const listExportsOf = (
  db: OperationalDatabase,
  node: string,
  states: readonly ExportRowState[],
): Promise<ExportRow[]> =>
  db.selectFrom('audit_export').selectAll().where('node', '=', node).where('state', 'in', states).execute()

/** Bytes of all packages a node keeps. */
export const sumKeptBytes = async (db: Db, node: string): Promise<number> => {
  const row = await db
    .selectFrom('audit_export')
    .select(({ fn }) => fn.sum<number | string | null>('bytes').as('bytes'))
    .where('node', '=', node)
    .where('state', '=', 'ready')
    .executeTakeFirst()
  return Number(row?.bytes ?? 0)
}

export type ExportChange = Partial<
  Pick<
    ExportRow,
    | 'state'
    | 'entries'
    | 'bytes'
    | 'file_name'
    | 'manifest_digest'
    | 'members'
    | 'signers'
    | 'renew_at'
    | 'ended_at'
    | 'kept_until'
    | 'error'
  >
> & { readonly updated_at: number }

/** False, and nothing written, when it is not in that state and version any more: whoever came first decided. */
export const changeExport = async (
  trx: OperationalTransaction,
  row: Pick<ExportRow, 'id' | 'state' | 'version'>,
  change: ExportChange,
): Promise<boolean> => {
  const changed = await trx
    .updateTable('audit_export')
    .set({ ...change, version: row.version + 1 })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .where('version', '=', row.version)
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}

/** Whoever ordered them, newest first; for the shell. Throws REQUEST_INVALID (`cursor`, `limit`). */
export const listAllExports = (
  db: OperationalDatabase,
  tenant: string,
  request: PageRequest,
): Promise<Page<ExportRow>> => page(db.selectFrom('audit_export').selectAll().where('tenant', '=', tenant), request)
