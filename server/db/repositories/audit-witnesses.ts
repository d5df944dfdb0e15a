import type { Kysely } from 'kysely'
import type { AuditDb } from '../schema.ts'

type Reader = Kysely<AuditDb>

/** What a witness signed of one checkpoint. Times in ms. */
export interface CosignatureRecord {
  readonly chain: string
  readonly witness: string
  readonly size: number
  readonly line: string
  readonly signedAt: number
  readonly receivedAt: number
}

/** Cosignatures kept of one witness and chain; the newest tells what it has seen, the others where it was. */
const KEPT = 32

/** Stores a cosignature, a newer one of the same size over an older, and forgets the oldest. */
export const keepCosignature = async (db: Reader, made: CosignatureRecord): Promise<void> => {
  const { chain, witness, size, line, signedAt, receivedAt } = made
  const values = { line, signed_at: signedAt, received_at: receivedAt }
  await db
    .insertInto('cosignature')
    .values({ chain, witness, size, ...values })
    .onConflict((conflict) => conflict.columns(['chain', 'witness', 'size']).doUpdateSet(values))
    .execute()
  const own = db.selectFrom('cosignature').select('size').where('chain', '=', chain).where('witness', '=', witness)
  const oldest = await own.orderBy('size', 'desc').offset(KEPT).limit(1).executeTakeFirst()
  if (!oldest) return
  const forget = db.deleteFrom('cosignature').where('chain', '=', chain).where('witness', '=', witness)
  await forget.where('size', '<=', oldest.size).execute()
}

const select = (db: Reader, chain: string) =>
  db
    .selectFrom('cosignature')
    .select(['chain', 'witness', 'size', 'line', 'signed_at as signedAt', 'received_at as receivedAt'])
    .where('chain', '=', chain)

/** All there is of one checkpoint, by witness. */
export const listCosignatures = (db: Reader, chain: string, size: number): Promise<readonly CosignatureRecord[]> =>
  select(db, chain).where('size', '=', size).orderBy('witness').execute()

/** Sizes from one (included) to another (excluded) that a witness has signed, smallest first. */
export const listCosignedSizes = async (
  db: Reader,
  chain: string,
  from: number,
  to: number,
): Promise<readonly number[]> => {
  const query = db.selectFrom('cosignature').select('size').distinct().where('chain', '=', chain)
  const rows = await query.where('size', '>=', from).where('size', '<', to).orderBy('size').execute()
  return rows.map((row) => row.size)
}

export const readLastCosignature = async (
  db: Reader,
  chain: string,
  witness: string,
): Promise<CosignatureRecord | null> =>
  (await select(db, chain).where('witness', '=', witness).orderBy('size', 'desc').limit(1).executeTakeFirst()) ?? null

/** Of each witness the largest checkpoint it signed. */
export const listLastCosignatures = async (
  db: Reader,
  chain: string,
): Promise<ReadonlyMap<string, CosignatureRecord>> => {
  const rows = await select(db, chain)
    .where('size', '=', (query) =>
      query
        .selectFrom('cosignature as later')
        .select(({ fn }) => fn.max('later.size').as('largest'))
        .whereRef('later.chain', '=', 'cosignature.chain')
        .whereRef('later.witness', '=', 'cosignature.witness'),
    )
    .execute()
  return new Map(rows.map((row) => [row.witness, row]))
}

/** When the first checkpoint of more entries was made; null where there is none. */
export const readFirstCheckpointAbove = async (db: Reader, chain: string, size: number): Promise<number | null> => {
  const above = db.selectFrom('checkpoint').select('created_at').where('chain', '=', chain).where('size', '>', size)
  return (await above.orderBy('size').limit(1).executeTakeFirst())?.created_at ?? null
}

/** The witness key bound to a station. */
export interface DeskWitness {
  readonly name: string
  readonly tenant: string
  readonly station: string
  readonly vkey: string
  readonly boundAt: number
}

const selectWitness = (db: Reader) =>
  db.selectFrom('witness').select(['name', 'tenant', 'station', 'vkey', 'bound_at as boundAt'])

export const readWitness = async (db: Reader, name: string): Promise<DeskWitness | null> =>
  (await selectWitness(db).where('name', '=', name).executeTakeFirst()) ?? null

export const listWitnessesOf = (db: Reader, tenant: string): Promise<readonly DeskWitness[]> =>
  selectWitness(db).where('tenant', '=', tenant).orderBy('name').execute()

/** Binds once: one that is bound already stays, and is given back. */
export const bindWitness = async (db: Reader, witness: DeskWitness): Promise<DeskWitness> => {
  const { name, tenant, station, vkey, boundAt } = witness
  await db
    .insertInto('witness')
    .values({ name, tenant, station, vkey, bound_at: boundAt })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  return (await readWitness(db, name)) ?? witness
}

/** Forgets a bound key; nothing where the witness has another by now. */
export const unbindWitness = async (db: Reader, name: string, vkey: string): Promise<void> => {
  await db.deleteFrom('witness').where('name', '=', name).where('vkey', '=', vkey).execute()
}

/** Whether an intent became an entry, its payload erased or not. */
export const isIntentKept = async (db: Reader, intent: string): Promise<boolean> =>
  (await db.selectFrom('entry').select('sequence').where('intent_id', '=', intent).executeTakeFirst()) !== undefined

/** The payload of the entry an intent became; null where there is none, or it was erased. */
export const readPayloadOfIntent = async (db: Reader, intent: string): Promise<Uint8Array | null> => {
  const row = await db
    .selectFrom('entry')
    .innerJoin('payload', (join) =>
      join.onRef('payload.chain', '=', 'entry.chain').onRef('payload.sequence', '=', 'entry.sequence'),
    )
    .select('payload.bytes')
    .where('entry.intent_id', '=', intent)
    .executeTakeFirst()
  return row?.bytes ?? null
}
