import type { Kysely } from 'kysely'
import type { OperationalDb } from '../schema.ts'
import { insertRows, pieces, runBuilt } from './audit-statements.ts'
import type { Inserting } from './audit-statements.ts'

type Db = Kysely<OperationalDb>

export interface IntentRow {
  readonly id: string
  readonly created_at: number
  readonly body: string
  /** The node that drains it; null: any. */
  readonly node: string | null
}
const INSERTED: Inserting<IntentRow> = {
  table: 'audit_intent',
  columns: ['id', 'created_at', 'body', 'node'],
  valuesOf: ({ id, created_at: at, body, node }) => [id, at, body, node],
}
export interface PendingIntent {
  readonly id: string
  readonly body: string
}

/** Throws REQUEST_CONFLICT for an id used before. */
export const insertIntent = async (trx: Db, intent: IntentRow): Promise<void> => insertRows(trx, INSERTED, [intent])

/** What a node has to drain, in order of writing. */
export const readIntents = async (db: Db, node: string, limit: number): Promise<readonly PendingIntent[]> =>
  runBuilt<PendingIntent>(
    db as unknown as Kysely<never>,
    'intents',
    () =>
      db
        .selectFrom('audit_intent')
        .select(['id', 'body'])
        .where((where) => where.or([where('node', '=', node), where('node', 'is', null)]))
        .orderBy('position')
        .limit(limit),
    [node, limit],
  )

/** Takes out what is in the chain. */
export const deleteIntents = async (trx: Db, ids: readonly string[]): Promise<void> => {
  for (const piece of pieces(ids)) {
    const build = () => trx.deleteFrom('audit_intent').where('id', 'in', piece)
    await runBuilt(trx as unknown as Kysely<never>, `delete intents ${piece.length}`, build, piece)
  }
}
