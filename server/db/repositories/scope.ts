import { sql } from 'kysely'
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'

/** Structurally the `Reach` of server/identity: everything of the tenant, or what lies in these divisions or offices. */
export type ScopeReach =
  | { readonly kind: 'everything' }
  | { readonly kind: 'some'; readonly divisions: readonly string[]; readonly offices: readonly string[] }

export interface Scope {
  readonly tenant: string
  readonly reach: ScopeReach
}

/**
 * The one place that narrows a query to a tenant and to what the caller's grants reach. `table` has the columns tenant,
 * division and office. With nothing granted the condition is false for every row.
 */
export const inScope =
  (table: string, scope: Scope) =>
  <DB, TB extends keyof DB>(eb: ExpressionBuilder<DB, TB>): Expression<SqlBool> => {
    const tenant = sql<SqlBool>`${sql.ref(`${table}.tenant`)} = ${scope.tenant}`
    if (scope.reach.kind === 'everything') return tenant
    const { divisions, offices } = scope.reach
    const places: Expression<SqlBool>[] = []
    if (divisions.length > 0)
      places.push(sql<SqlBool>`${sql.ref(`${table}.division`)} in (${sql.join([...divisions])})`)
    if (offices.length > 0) places.push(sql<SqlBool>`${sql.ref(`${table}.office`)} in (${sql.join([...offices])})`)
    if (places.length === 0) return sql<SqlBool>`1 = 0`
    return eb.and([tenant, eb.or(places)])
  }
