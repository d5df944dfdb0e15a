import type { Kysely } from 'kysely'
import type { AuditDb } from '../schema.ts'
import { LISTED, UNLISTED } from './audit-plan.ts'
import { readWords } from './audit-words.ts'

type Reader = Kysely<AuditDb>

/** Tenants that entries are of: by jumping from one to the next in the index, and of those not listed yet. */
export const listEntryTenants = async (db: Reader): Promise<readonly string[]> => {
  const unlisted = await db.selectFrom('entry').select('tenant').distinct().where(UNLISTED).execute()
  const numbers = new Set(unlisted.map((row) => row.tenant))
  for (let last = -1; ;) {
    const query = db.selectFrom('entry').select((eb) => eb.fn.min<number | null>('tenant').as('tenant'))
    const { tenant } = await query.where('tenant', '>', last).where(LISTED).executeTakeFirstOrThrow()
    if (tenant === null) break
    numbers.add(tenant)
    last = tenant
  }
  const words = await readWords(db, numbers)
  return [...numbers].map((number) => words.get(number) ?? '')
}
