import type { Kysely } from 'kysely'
import type { OperationalDb } from '../schema.ts'

type Db = Kysely<OperationalDb>

/** An object as audit entries name it. */
export interface NamedObject {
  readonly type: string
  readonly id: string
}

const CHUNK = 300

const inChunks = async <T>(ids: readonly string[], read: (chunk: readonly string[]) => Promise<readonly T[]>) => {
  const rows: T[] = []
  for (let from = 0; from < ids.length; from += CHUNK) rows.push(...(await read(ids.slice(from, from + CHUNK))))
  return rows
}

/** How each type of object leads to its holder. Entries name a card by its serial, everything else by its id. */
const HOLDERS: Readonly<
  Record<string, (db: Db, ids: readonly string[]) => Promise<readonly { id: string; holder: string | null }[]>>
> = {
  holder: (db, ids) => db.selectFrom('holder').select(['id', 'id as holder']).where('id', 'in', ids).execute(),
  proofing: (db, ids) =>
    db.selectFrom('proofing').select(['id', 'holder_id as holder']).where('id', 'in', ids).execute(),
  enrolment: (db, ids) =>
    db.selectFrom('enrolment').select(['id', 'holder_id as holder']).where('id', 'in', ids).execute(),
  card: (db, ids) =>
    db.selectFrom('card').select(['serial as id', 'holder_id as holder']).where('serial', 'in', ids).execute(),
  certificate: (db, ids) =>
    db.selectFrom('certificate').select(['id', 'holder_id as holder']).where('id', 'in', ids).execute(),
  'secret-code': (db, ids) =>
    db
      .selectFrom('secret_code')
      .leftJoin('card', 'card.id', 'secret_code.card_id')
      .select(['secret_code.id as id', 'card.holder_id as holder'])
      .where('secret_code.id', 'in', ids)
      .execute(),
}

/** The holder of each object; null: it has none. An object that is not there (any more) is left out. */
export const findHolders = async (
  db: Db,
  type: string,
  ids: readonly string[],
): Promise<Map<string, string | null>> => {
  const find = HOLDERS[type]
  if (!find) return new Map()
  const rows = await inChunks(ids, (chunk) => find(db, chunk))
  return new Map(rows.map(({ id, holder }) => [id, holder]))
}

export interface CertificateSpan {
  readonly holder: string
  readonly profile: string
  readonly from: number
  /** When it ended or will end: revoked, or run out. */
  readonly to: number
}

/** Every certificate issued to these holders. */
export const listCertificateSpans = async (db: Db, holders: readonly string[]): Promise<readonly CertificateSpan[]> => {
  const rows = await inChunks(holders, (chunk) =>
    db
      .selectFrom('certificate')
      .select(['holder_id', 'profile', 'not_before', 'not_after', 'revoked_at', 'state'])
      .where('holder_id', 'in', chunk)
      .where('not_after', 'is not', null)
      .execute(),
  )
  return rows.flatMap((row) =>
    row.holder_id === null || row.not_after === null
      ? []
      : [
          {
            holder: row.holder_id,
            profile: row.profile,
            from: row.not_before ?? 0,
            to:
              row.state === 'revoked' && row.revoked_at !== null
                ? Math.min(row.revoked_at, row.not_after)
                : row.not_after,
          },
        ],
  )
}

/** The objects a holder's history is spread over: themselves, and what was made for them. */
export const listObjectsOf = async (db: Db, holder: string): Promise<readonly NamedObject[]> => {
  const named = (type: string) => (row: { readonly id: string }) => ({ type, id: row.id })
  const proofings = await db.selectFrom('proofing').select('id').where('holder_id', '=', holder).execute()
  const enrolments = await db.selectFrom('enrolment').select('id').where('holder_id', '=', holder).execute()
  const cards = await db.selectFrom('card').select('serial as id').where('holder_id', '=', holder).execute()
  const certificates = await db.selectFrom('certificate').select('id').where('holder_id', '=', holder).execute()
  const codes = await db
    .selectFrom('secret_code')
    .innerJoin('card', 'card.id', 'secret_code.card_id')
    .select('secret_code.id as id')
    .where('card.holder_id', '=', holder)
    .execute()
  return [
    { type: 'holder', id: holder },
    ...proofings.map(named('proofing')),
    ...enrolments.map(named('enrolment')),
    ...cards.map(named('card')),
    ...certificates.map(named('certificate')),
    ...codes.map(named('secret-code')),
  ]
}

/** Answers kept for repeats that tell of the object: taken out, their keys stay, so that nothing is done twice. */
export const forgetAnswersAbout = async (db: Db, ids: readonly string[]): Promise<number> => {
  let forgotten = 0
  for (const id of ids) {
    const changed = await db
      .updateTable('idempotency_key')
      .set({ body: null })
      .where('body', 'like', `%"${id.replace(/[%_\\]/g, '_')}"%`)
      .executeTakeFirst()
    forgotten += Number(changed.numUpdatedRows)
  }
  return forgotten
}
