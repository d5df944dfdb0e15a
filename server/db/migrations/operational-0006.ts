import type { Compilable } from 'kysely'
import { index, table } from './columns.ts'
import type { ColumnSpec, DialectName, Migration, TableSpec, Untyped } from './columns.ts'

const text: ColumnSpec = { type: 'text' }
const time: ColumnSpec = { type: 'time' }
const refers = (references: string): ColumnSpec => ({ type: 'text', references })

const entity: TableSpec = {
  id: { type: 'text', primary: true },
  tenant: refers('tenant.id'),
  version: { type: 'number', default: 1 },
  created_at: time,
  updated_at: time,
}
const tables: Readonly<Record<string, TableSpec>> = {
  audit_filter: { ...entity, operator_id: refers('operator.id'), name: text, search: { type: 'json' } },
  access_review: { ...entity, year: { type: 'number' }, operator_id: refers('operator.id'), note: text },
}

/** Filters of the audit that operators keep, and who reviewed which year of administrators' access. */
const statements = (db: Untyped, dialect: DialectName): readonly Compilable[] => [
  ...Object.entries(tables).map(([name, columns]) => table(db, name, columns, dialect)),
  index(db, 'audit_filter', ['tenant', 'operator_id', 'name'], true),
  index(db, 'access_review', ['tenant', 'year'], true),
]

export const filtersAndReviews: Migration = { id: '0006-filters-and-reviews', statements }
