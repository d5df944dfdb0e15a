import type { Kysely } from 'kysely'
import type { AuditDb } from '../schema.ts'
import { LISTED, UNLISTED } from './audit-plan.ts'
import { findWords, readWords } from './audit-words.ts'

/** The tenant of the newest entry about an object; null where the chain has none. */
export const readTenantOf = async (
  db: Kysely<AuditDb>,
  chain: string,
  object: { readonly type: string; readonly id: string },
): Promise<string | null> => {
  const type = (await findWords(db, [object.type])).get(object.type)
  if (type === undefined) return null
  const about = db
    .selectFrom('entry')
    .select(['tenant', 'sequence'])
    .where('chain', '=', chain)
    .where('object_type', '=', type)
    .where('object_id', '=', object.id)
    .orderBy('sequence', 'desc')
    .limit(1)
  const found = [...(await about.where(UNLISTED).execute()), ...(await about.where(LISTED).execute())]
  const [newest] = found.toSorted((a, b) => b.sequence - a.sequence)
  return newest === undefined ? null : ((await readWords(db, [newest.tenant])).get(newest.tenant) ?? null)
}
