import type { Directory } from '../db/repositories/directory.ts'
import { findOperator, listGrants } from '../db/repositories/operators.ts'
import { readOpenSession } from '../db/repositories/sessions.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import { abilityOf, isConsoleRole, resolveGrants } from '../identity/grants.ts'
import { mayUse, reachOf } from '../identity/permission.ts'

/** How far the right to export reaches for a session at a moment, as one text; null: not at all, or not any more. */
export type ExportReach = (sessionId: string, now: number) => Promise<string | null>

/** By the grants as they stand then, not by those the session began with. */
export const exportReach =
  (db: OperationalDatabase, directory: Directory): ExportReach =>
  async (sessionId, now) => {
    const session = await readOpenSession(db, sessionId, now)
    if (session === null) return null
    const operator = await findOperator(db, session.tenant, session.operator_id)
    if (operator?.status !== 'active') return null
    const granted = await listGrants(db, session.tenant, [session.operator_id], now)
    const rows = session.kind === 'console' ? granted.filter(({ role }) => isConsoleRole(role)) : granted
    const ability = abilityOf(resolveGrants(directory, rows).resolved)
    return mayUse(ability, 'audit.export') ? JSON.stringify(reachOf(ability, 'audit.export')) : null
  }
