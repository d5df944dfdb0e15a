import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { foldForSearch } from '../full-text.ts'
import type { HolderTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { firstOf, scopeParameters, scopeShape } from './compiled.ts'
import { page, type Page, type PageRequest } from './page.ts'
import { inScope, type Scope } from './scope.ts'
import { assertMet } from './versioned.ts'

export type HolderRowStored = Selectable<HolderTable>
type Db = OperationalDatabase | OperationalTransaction

const OPEN_STATES = [
  'draft',
  'proofed',
  'awaiting-approval',
  'approved',
  'personalising',
  'interrupted',
  'issued',
] as const

/** Every word a desk may search a person by, each after a blank, so that a prefix is a plain substring. */
export const holderSearchText = (row: {
  readonly given_names: string
  readonly family_name: string
  readonly birth_date: string
  readonly personal_number: string | null
  readonly email: string | null
  readonly document_number: string | null
}): string =>
  ` ${foldForSearch(
    [row.given_names, row.family_name, row.birth_date, row.personal_number, row.email, row.document_number]
      .filter((part) => part !== null)
      .join(' '),
  )}`

export const findHolder = (db: Db, scope: Scope, id: string): Promise<HolderRowStored | null> =>
  firstOf<HolderRowStored>(
    db,
    `holder ${scopeShape(scope)}`,
    () =>
      db.selectFrom('holder').selectAll('holder').where('holder.id', '=', id).where(inScope('holder', scope)).compile(),
    [id, ...scopeParameters(scope)],
  )

const MAX_WORDS = 8

export const listHolders = (
  db: OperationalDatabase,
  scope: Scope,
  request: PageRequest & { readonly text?: string | undefined },
): Promise<Page<HolderRowStored & { active_cards: number; open_enrolments: number }>> => {
  let query = db
    .selectFrom('holder')
    .selectAll('holder')
    .select((eb) => [
      eb
        .selectFrom('card')
        .select((c) => c.fn.countAll<number>().as('n'))
        .whereRef('card.holder_id', '=', 'holder.id')
        .where('card.state', '=', 'active')
        .$asScalar()
        .$notNull()
        .as('active_cards'),
      eb
        .selectFrom('enrolment')
        .select((c) => c.fn.countAll<number>().as('n'))
        .whereRef('enrolment.holder_id', '=', 'holder.id')
        .where('enrolment.state', 'in', OPEN_STATES)
        .$asScalar()
        .$notNull()
        .as('open_enrolments'),
    ])
    .where(inScope('holder', scope))
  if (request.text !== undefined) {
    const words = foldForSearch(request.text).split(' ').filter(Boolean).slice(0, MAX_WORDS)
    // Nothing but blanks and signs finds nobody, rather than everybody.
    if (words.length === 0) query = query.where(sql<boolean>`1 = 0`)
    // Folded words hold letters and digits only: neither `%` nor `_` can be among them.
    for (const word of words) query = query.where('holder.search', 'like', `% ${word}%`)
  }
  return page(query, request, { time: 'holder.created_at', id: 'holder.id' })
}

export const insertHolder = async (
  trx: OperationalTransaction,
  row: Omit<HolderRowStored, 'version'>,
): Promise<void> => {
  await trx.insertInto('holder').values(row).execute()
}

export const updateHolder = async (
  trx: OperationalTransaction,
  before: { readonly id: string; readonly version: number },
  values: Partial<Omit<HolderRowStored, 'id' | 'tenant' | 'version' | 'created_at'>>,
): Promise<void> => {
  const done = await trx
    .updateTable('holder')
    .set({ ...values, version: before.version + 1 })
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .executeTakeFirst()
  assertMet(done)
}

/** The document last proved, for search only: what the holder's own data says does not change, nor does its version. */
export const setHolderDocument = async (
  trx: OperationalTransaction,
  id: string,
  values: Pick<HolderRowStored, 'document_type' | 'document_number' | 'search'>,
): Promise<void> => {
  await trx.updateTable('holder').set(values).where('id', '=', id).execute()
}
