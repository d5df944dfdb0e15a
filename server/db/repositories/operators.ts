import { foldForSearch } from '../full-text.ts'
import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { GrantTable, OperationalDatabase, OperationalTransaction, OperatorTable, StationTable } from '../schema.ts'
import { page, type Page, type PageRequest } from './page.ts'
import { inScope, type Scope } from './scope.ts'

type Db = OperationalDatabase | OperationalTransaction
export type OperatorRowStored = Selectable<OperatorTable>
export type GrantRowStored = Selectable<GrantTable>
export type StationRowStored = Selectable<StationTable>

/** A certificate registered to an operator, with the slot of the card it was issued for. */
export interface RegisteredCertificate {
  readonly operatorId: string
  readonly operatorStatus: 'active' | 'suspended'
  readonly fingerprint: string
  readonly serial: string
  readonly status: 'active' | 'revoked'
  readonly slot: string | null
}

export const findOperatorCertificate = async (
  db: Db,
  tenant: string,
  fingerprint: string,
): Promise<RegisteredCertificate | null> =>
  (await db
    .selectFrom('operator_certificate')
    .innerJoin('operator', 'operator.id', 'operator_certificate.operator_id')
    .leftJoin('certificate', 'certificate.serial', 'operator_certificate.serial')
    .select([
      'operator.id as operatorId',
      'operator.status as operatorStatus',
      'operator_certificate.fingerprint',
      'operator_certificate.serial',
      'operator_certificate.status',
      'certificate.slot',
    ])
    .where('operator_certificate.tenant', '=', tenant)
    .where('operator_certificate.fingerprint', '=', fingerprint)
    .executeTakeFirst()) ?? null

export interface OperatorCertificateChange {
  readonly operatorId: string
  readonly name: string
  readonly division: string | null
  readonly office: string | null
  readonly before: 'active' | 'revoked'
}

/**
 * Who works here with this certificate: its operator, where they are active and hold a grant that has not ended. Null
 * for a certificate of nobody, of one who was suspended, and of one whose grants are over.
 */
export const findWorkingOwner = async (
  trx: OperationalTransaction,
  tenant: string,
  serial: string,
  at: number,
): Promise<string | null> => {
  const row = await trx
    .selectFrom('operator_certificate')
    .innerJoin('operator', 'operator.id', 'operator_certificate.operator_id')
    .innerJoin('grant', 'grant.operator_id', 'operator.id')
    .select('operator.id')
    .where('operator_certificate.tenant', '=', tenant)
    .where('operator_certificate.serial', '=', serial)
    .where('operator.status', '=', 'active')
    .where((eb) => eb.or([eb('grant.valid_to', 'is', null), eb('grant.valid_to', '>', at)]))
    .executeTakeFirst()
  return row?.id ?? null
}

/** Marks an operator's certificate by its serial; gives whose it is and what it was, or null where it is nobody's. */
export const setOperatorCertificateStatus = async (
  trx: OperationalTransaction,
  tenant: string,
  serial: string,
  status: 'active' | 'revoked',
  at: number,
): Promise<OperatorCertificateChange | null> => {
  const row = await trx
    .selectFrom('operator_certificate')
    .innerJoin('operator', 'operator.id', 'operator_certificate.operator_id')
    .select(['operator_certificate.id', 'operator_id', 'name', 'division', 'office', 'operator_certificate.status'])
    .where('operator_certificate.tenant', '=', tenant)
    .where('serial', '=', serial)
    .executeTakeFirst()
  if (!row) return null
  const { operator_id: operatorId, name, division, office, status: before } = row
  const change = { operatorId, name, division, office, before }
  if (before === status) return change
  await trx
    .updateTable('operator_certificate')
    .set((eb) => ({ status, updated_at: at, version: eb('version', '+', 1) }))
    .where('id', '=', row.id)
    .execute()
  return change
}

export const findOperator = async (db: Db, tenant: string, id: string): Promise<OperatorRowStored | null> =>
  (await db.selectFrom('operator').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst()) ??
  null

/** The grants of operators that are in force at a moment. */
export const listGrants = (
  db: Db,
  tenant: string,
  operators: readonly string[],
  at: number,
): Promise<GrantRowStored[]> =>
  operators.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('grant')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('operator_id', 'in', operators)
        .where('valid_from', '<=', at)
        .where((eb) => eb.or([eb('valid_to', 'is', null), eb('valid_to', '>', at)]))
        .orderBy('created_at')
        .orderBy('id')
        .execute()

export const listOperators = (
  db: OperationalDatabase,
  scope: Scope,
  filter: PageRequest & { readonly text?: string | undefined },
): Promise<Page<OperatorRowStored>> => {
  let query = db.selectFrom('operator').selectAll('operator').where(inScope('operator', scope))
  if (filter.text !== undefined) {
    const words = foldForSearch(filter.text).split(' ').filter(Boolean).slice(0, 8)
    if (words.length === 0) query = query.where(sql<boolean>`1 = 0`)
    for (const word of words) {
      const like = `%${word}%`
      query = query.where((eb) =>
        eb.or([
          eb(eb.fn('lower', ['operator.name']), 'like', like),
          eb(eb.fn('lower', ['operator.email']), 'like', like),
        ]),
      )
    }
  }
  return page(query, filter, { time: 'operator.created_at', id: 'operator.id' })
}

export const listStations = (
  db: OperationalDatabase,
  scope: Scope,
  filter: PageRequest,
): Promise<Page<StationRowStored>> =>
  page(db.selectFrom('station').selectAll('station').where(inScope('station', scope)), filter, {
    time: 'station.created_at',
    id: 'station.id',
  })

export const findStation = async (db: Db, tenant: string, id: string): Promise<StationRowStored | null> =>
  (await db.selectFrom('station').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst()) ??
  null

export const setStationSeen = async (trx: OperationalTransaction, id: string, at: number): Promise<void> => {
  await trx.updateTable('station').set({ last_seen_at: at }).where('id', '=', id).execute()
}

/** Whether a certificate (SHA-256 of its DER, hex) is one this operator signs with now. */
export const isOperatorCertificate = async (
  db: OperationalDatabase,
  operatorId: string,
  fingerprint: string,
): Promise<boolean> => {
  const query = db.selectFrom('operator_certificate').select('id').where('operator_id', '=', operatorId)
  const found = await query.where('fingerprint', '=', fingerprint).where('status', '=', 'active').executeTakeFirst()
  return found !== undefined
}
