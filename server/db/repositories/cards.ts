import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { foldForSearch } from '../full-text.ts'
import type { CardTable, CertificateTable, OperationalDatabase, OperationalTransaction } from '../schema.ts'
import { firstOf, scopeParameters, scopeShape } from './compiled.ts'
import { page, type Page, type PageRequest } from './page.ts'
import { inScope, type Scope } from './scope.ts'
import { assertMet } from './versioned.ts'

export type CardRowStored = Selectable<CardTable>
export type CertificateRowStored = Selectable<CertificateTable>
type Db = OperationalDatabase | OperationalTransaction

/** By serial in the whole tenant, whatever the scope: a card claimed elsewhere must be seen to be taken. */
export const findCardAnywhere = async (db: Db, tenant: string, serial: string): Promise<CardRowStored | null> =>
  (await db
    .selectFrom('card')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('serial', '=', serial)
    .executeTakeFirst()) ?? null

export const findCard = (db: Db, scope: Scope, serial: string): Promise<CardRowStored | null> =>
  firstOf<CardRowStored>(
    db,
    `card ${scopeShape(scope)}`,
    () =>
      db.selectFrom('card').selectAll('card').where('card.serial', '=', serial).where(inScope('card', scope)).compile(),
    [serial, ...scopeParameters(scope)],
  )

export const listCards = (
  db: OperationalDatabase,
  scope: Scope,
  filter: PageRequest & { readonly text?: string | undefined; readonly holder?: string | undefined },
): Promise<Page<CardRowStored>> => {
  let query = db
    .selectFrom('card')
    .leftJoin('holder', 'holder.id', 'card.holder_id')
    .selectAll('card')
    .where(inScope('card', scope))
  if (filter.holder !== undefined) query = query.where('card.holder_id', '=', filter.holder)
  if (filter.text !== undefined) {
    const words = foldForSearch(filter.text).split(' ').filter(Boolean).slice(0, 8)
    if (words.length === 0) query = query.where(sql<boolean>`1 = 0`)
    for (const word of words) {
      query = query.where((eb) =>
        eb.or([eb('card.serial', 'like', `${word.toUpperCase()}%`), eb('holder.search', 'like', `% ${word}%`)]),
      )
    }
  }
  return page(query, filter, { time: 'card.created_at', id: 'card.id' })
}

export const insertCard = async (trx: OperationalTransaction, row: Omit<CardRowStored, 'version'>): Promise<void> => {
  await trx.insertInto('card').values(row).execute()
}

export const updateCard = async (
  trx: OperationalTransaction,
  before: { readonly id: string; readonly version: number },
  values: Partial<Omit<CardRowStored, 'id' | 'tenant' | 'version' | 'created_at'>>,
): Promise<void> => {
  const done = await trx
    .updateTable('card')
    .set({ ...values, version: before.version + 1 })
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .executeTakeFirst()
  assertMet(done)
}

/** Certificates of cards or of one enrolment, oldest first; those only requested are not shown to anyone. */
export const listCertificates = (
  db: Db,
  tenant: string,
  of: { readonly cards: readonly string[] } | { readonly enrolment: string },
): Promise<CertificateRowStored[]> => {
  if ('cards' in of && of.cards.length === 0) return Promise.resolve([])
  const query = db
    .selectFrom('certificate')
    .selectAll()
    .where('tenant', '=', tenant)
    .orderBy('created_at')
    .orderBy('id')
  return 'cards' in of
    ? query.where('card_id', 'in', of.cards).execute()
    : query.where('enrolment_id', '=', of.enrolment).execute()
}

export const findCertificate = async (db: Db, scope: Scope, serial: string): Promise<CertificateRowStored | null> =>
  (await db
    .selectFrom('certificate')
    .selectAll('certificate')
    .where('certificate.serial', '=', serial)
    .where(inScope('certificate', scope))
    .executeTakeFirst()) ?? null

export const findCertificateByRequest = async (db: Db, requestKey: string): Promise<CertificateRowStored | null> =>
  (await db.selectFrom('certificate').selectAll().where('request_key', '=', requestKey).executeTakeFirst()) ?? null

export const insertCertificate = async (
  trx: OperationalTransaction,
  row: Omit<CertificateRowStored, 'version' | 'issuer'>,
): Promise<void> => {
  await trx.insertInto('certificate').values(row).execute()
}

export const updateCertificate = async (
  trx: OperationalTransaction,
  before: { readonly id: string; readonly version: number },
  values: Partial<Omit<CertificateRowStored, 'id' | 'tenant' | 'version' | 'created_at'>>,
): Promise<void> => {
  const done = await trx
    .updateTable('certificate')
    .set({ ...values, version: before.version + 1 })
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .executeTakeFirst()
  assertMet(done)
}
