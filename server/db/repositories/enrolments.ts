import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type {
  EnrolmentState,
  EnrolmentTable,
  OperationalDatabase,
  OperationalTransaction,
  ProofingTable,
} from '../schema.ts'
import { firstOf, scopeParameters, scopeShape } from './compiled.ts'
import { page, type Page, type PageRequest } from './page.ts'
import { inScope, type Scope } from './scope.ts'
import { assertMet } from './versioned.ts'

export type EnrolmentRowStored = Selectable<EnrolmentTable>
export type ProofingRowStored = Selectable<ProofingTable>
type Db = OperationalDatabase | OperationalTransaction

export const findEnrolment = (db: Db, scope: Scope, id: string): Promise<EnrolmentRowStored | null> =>
  firstOf<EnrolmentRowStored>(
    db,
    `enrolment ${scopeShape(scope)}`,
    () =>
      db
        .selectFrom('enrolment')
        .selectAll('enrolment')
        .where('enrolment.id', '=', id)
        .where(inScope('enrolment', scope))
        .compile(),
    [id, ...scopeParameters(scope)],
  )

/** The state column compared with values: Kysely's enum of the table. */
export interface EnrolmentFilter extends PageRequest {
  readonly states?: readonly EnrolmentState[] | undefined
  readonly holder?: string | undefined
}

export const listEnrolments = (
  db: OperationalDatabase,
  scope: Scope,
  filter: EnrolmentFilter,
): Promise<Page<EnrolmentRowStored & { given_names: string; family_name: string }>> => {
  let query = db
    .selectFrom('enrolment')
    .innerJoin('holder', 'holder.id', 'enrolment.holder_id')
    .selectAll('enrolment')
    .select(['holder.given_names', 'holder.family_name'])
    .where(inScope('enrolment', scope))
  if (filter.states !== undefined) {
    query =
      filter.states.length === 0
        ? query.where(sql<boolean>`1 = 0`)
        : query.where('enrolment.state', 'in', filter.states)
  }
  if (filter.holder !== undefined) query = query.where('enrolment.holder_id', '=', filter.holder)
  return page(query, filter, { time: 'enrolment.updated_at', id: 'enrolment.id' })
}

export const insertEnrolment = async (
  trx: OperationalTransaction,
  row: Omit<EnrolmentRowStored, 'version'>,
): Promise<void> => {
  await trx.insertInto('enrolment').values(row).execute()
}

export const updateEnrolment = async (
  trx: OperationalTransaction,
  before: { readonly id: string; readonly version: number },
  values: Partial<Omit<EnrolmentRowStored, 'id' | 'tenant' | 'version' | 'created_at'>>,
): Promise<void> => {
  const done = await trx
    .updateTable('enrolment')
    .set({ ...values, version: before.version + 1 })
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .executeTakeFirst()
  assertMet(done)
}

/** The last proofing of an enrolment is the one that counts; earlier ones stay as evidence. */
export const findProofing = async (db: Db, tenant: string, enrolmentId: string): Promise<ProofingRowStored | null> =>
  (await db
    .selectFrom('proofing')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('enrolment_id', '=', enrolmentId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .executeTakeFirst()) ?? null

export const insertProofing = async (
  trx: OperationalTransaction,
  row: Omit<ProofingRowStored, 'version'>,
): Promise<void> => {
  await trx.insertInto('proofing').values(row).execute()
}
