import type { OperationalDatabase } from '../db/schema.ts'
import type { AuditSequencer } from './ports.ts'

const MOST = 1000

/**
 * Has the chain take what others left as intents: the shell beside the server, or this very process where nobody waited.
 * They are in the chain when it returns. Throws AUDIT_CHAIN_UNWRITABLE.
 */
export const drainLeft = async (
  db: OperationalDatabase,
  sequencer: Pick<AuditSequencer, 'settle' | 'state'>,
): Promise<void> => {
  const { chain } = sequencer.state()
  const rows = await db
    .selectFrom('audit_intent')
    .select('id')
    .where((where) => where.or([where('node', '=', chain), where('node', 'is', null)]))
    .limit(MOST)
    .execute()
  await sequencer.settle(rows.map((row) => row.id))
}
