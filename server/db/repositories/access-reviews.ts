import type { Selectable } from 'kysely'
import type { AccessReviewTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'

export type AccessReviewRow = Selectable<AccessReviewTable>
type Reader = OperationalDatabase | OperationalTransaction

/** Newest year first. */
export const listReviews = (db: Reader, tenant: string): Promise<AccessReviewRow[]> =>
  db.selectFrom('access_review').selectAll().where('tenant', '=', tenant).orderBy('year', 'desc').execute()

export const findReview = async (db: Reader, tenant: string, year: number): Promise<AccessReviewRow | null> =>
  (await db
    .selectFrom('access_review')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('year', '=', year)
    .executeTakeFirst()) ?? null

/** Throws REQUEST_CONFLICT where the year was reviewed. */
export const insertReview = async (trx: OperationalTransaction, row: AccessReviewRow): Promise<void> => {
  await trx.insertInto('access_review').values(row).execute()
}

/** Ids of all who hold or ever held a role, by grants past, present and to come. */
export const listHoldersOf = async (db: Reader, tenant: string, role: string): Promise<string[]> => {
  const rows = await db
    .selectFrom('grant')
    .select('operator_id')
    .distinct()
    .where('tenant', '=', tenant)
    .where('role', '=', role)
    .execute()
  return rows.map((row) => row.operator_id)
}
