import type { CompiledQuery } from 'kysely'
import { AppError } from '../../../shared/contract/errors.ts'
import type { OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { directRead } from '../transaction.ts'
import type { Scope } from './scope.ts'

type Db = OperationalDatabase | OperationalTransaction

const MAX_SHAPES = 200
const plans = new WeakMap<object, Map<string, CompiledQuery>>()

/** The values `inScope` binds, in its order: none where nothing is reached. */
export const scopeParameters = ({ tenant, reach }: Scope): readonly string[] => {
  if (reach.kind === 'everything') return [tenant]
  const places = [...reach.divisions, ...reach.offices]
  return places.length === 0 ? [] : [tenant, ...places]
}

/** What of a scope changes the SQL: how many values it binds, not which. */
export const scopeShape = ({ reach }: Scope): string =>
  reach.kind === 'everything' ? 'all' : `${reach.divisions.length},${reach.offices.length}`

/**
 * The row of a look-up by a unique name, built once per database and shape and only bound afterwards: building costs ten times
 * what SQLite takes to answer. `parameters` must be what `build` binds, in its order, which is checked when it is built.
 * For queries outside transactions; inside one it is built each time. No bound LIMIT: SQLite prepares anew for each.
 */
export const firstOf = async <Row>(
  db: Db,
  shape: string,
  build: () => CompiledQuery,
  parameters: readonly unknown[],
): Promise<Row | null> => {
  if (db.isTransaction) return (await db.executeQuery<Row>(build() as CompiledQuery<Row>)).rows[0] ?? null
  const known = plans.get(db) ?? new Map<string, CompiledQuery>()
  plans.set(db, known)
  const plan = known.get(shape) as CompiledQuery<Row> | undefined
  const now = plan && directRead(db)?.(plan.sql, parameters)
  if (now) return (now[0] as Row | undefined) ?? null
  if (plan) return (await db.executeQuery<Row>({ ...plan, parameters } as CompiledQuery<Row>)).rows[0] ?? null
  const built = build() as CompiledQuery<Row>
  // A value bound in another's place could widen a scope: never silently.
  if (built.parameters.length !== parameters.length || built.parameters.some((value, at) => value !== parameters[at]))
    throw new AppError('INTERNAL', { reason: 'query-parameters' })
  if (known.size < MAX_SHAPES) known.set(shape, built)
  return (await db.executeQuery(built)).rows[0] ?? null
}
