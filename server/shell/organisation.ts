import { createPublicKey, hash } from 'node:crypto'
import type { Json } from '../../shared/audit/json.ts'
import { AppError, type ObjectType } from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { Author, Changes, Tell } from '../services/change.ts'
import type { Plan } from './plan.ts'

/** What an entity of the plan became; kept in `setting` under its kind and key. */
export class PlanIndex {
  readonly #db: OperationalDatabase

  constructor(db: OperationalDatabase) {
    this.#db = db
  }

  async find(kind: string, key: string): Promise<string | null> {
    const row = await this.#db
      .selectFrom('setting')
      .select('value')
      .where('name', '=', `plan.${kind}.${key}`)
      .executeTakeFirst()
    return row ? (JSON.parse(row.value) as string) : null
  }

  async keep(trx: OperationalTransaction, kind: string, key: string, id: string, at: number): Promise<void> {
    await trx
      .insertInto('setting')
      .values({ name: `plan.${kind}.${key}`, value: JSON.stringify(id), updated_at: at })
      .execute()
  }
}

export interface Making {
  readonly db: OperationalDatabase
  readonly changes: Changes
  readonly index: PlanIndex
  readonly author: (tenant: string) => Author
}
interface Made {
  readonly type: ObjectType
  readonly kind: string
  readonly key: string
  readonly tenant: string
  readonly snapshot: Json
}

/** Makes one entity with its audit entry, or finds the one made before. */
export const makeOnce = async (
  making: Making,
  made: Made,
  insert: (trx: OperationalTransaction, id: string, at: number, tell: Tell) => Promise<void>,
): Promise<string> => {
  const known = await making.index.find(made.kind, made.key)
  if (known !== null) return known
  const id = newId(made.kind)
  const author = making.author(made.tenant)
  await making.changes.as(author, async (trx, tell) => {
    await insert(trx, id, author.at, tell)
    await making.index.keep(trx, made.kind, made.key, id, author.at)
    await tell({ action: 'Insertion', object: { type: made.type, id }, after: made.snapshot, reason: 'setup' })
  })
  return id
}

export const makeTenant = async (making: Making, name: string): Promise<string> => {
  const found = await making.db.selectFrom('tenant').select('id').where('name', '=', name).executeTakeFirst()
  if (found) return found.id
  const id = newId('tenant')
  const author = making.author(id)
  await making.changes.as(author, async (trx, tell) => {
    const times = { created_at: author.at, updated_at: author.at }
    await trx
      .insertInto('tenant')
      .values({ id, name, status: 'active', ...times })
      .execute()
    await tell({ action: 'Insertion', object: { type: 'server', id }, after: { id, name }, reason: 'setup' })
  })
  return id
}

const must = (ids: Readonly<Record<string, string>>, kind: string, key: string): string => {
  const id = ids[key]
  if (id === undefined) throw new AppError('CONFIG_INVALID', { reason: `${kind}-unknown`, path: `plan ${key}` })
  return id
}
export { must as requireKey }

const stationKey = (base64: string): Buffer => {
  const spki = Buffer.from(base64, 'base64')
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return spki
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'station-key', path: 'plan.stations' }, { cause })
  }
  throw new AppError('CONFIG_INVALID', { reason: 'station-key', path: 'plan.stations' })
}

/** Divisions, offices and stations, in this order; gives their ids by key. */
export const makeOrganisation = async (making: Making, tenant: string, plan: Plan) => {
  const divisions: Record<string, string> = {}
  for (const { key, name, parent } of plan.divisions) {
    const above = parent === undefined ? null : must(divisions, 'division', parent)
    const snapshot = { name, parent: above }
    divisions[key] = await makeOnce(
      making,
      { type: 'division', kind: 'division', key, tenant, snapshot },
      async (trx, id, at) => {
        const top =
          above === null
            ? null
            : await trx.selectFrom('division').select('path').where('id', '=', above).executeTakeFirst()
        const row = {
          id,
          tenant,
          name,
          parent: above,
          path: `${top?.path ?? ''}${id}/`,
          created_at: at,
          updated_at: at,
        }
        await trx.insertInto('division').values(row).execute()
      },
    )
  }
  const offices: Record<string, string> = {}
  for (const { key, name, division: of } of plan.offices) {
    const division = must(divisions, 'division', of)
    const made = { type: 'office', kind: 'office', key, tenant, snapshot: { name, division } } as const
    offices[key] = await makeOnce(making, made, async (trx, id, at) => {
      await trx.insertInto('office').values({ id, tenant, name, division, created_at: at, updated_at: at }).execute()
    })
  }
  const stations: Record<string, string> = {}
  for (const station of plan.stations) {
    const { key, name } = station
    const office = must(offices, 'office', station.office)
    const spki = stationKey(station.publicKey)
    const fingerprint = hash('sha256', spki)
    const made = {
      type: 'station',
      kind: 'station',
      key,
      tenant,
      snapshot: { name, office, keyFingerprint: fingerprint },
    } as const
    stations[key] = await makeOnce(making, made, async (trx, id, at) => {
      const placed = await trx
        .selectFrom('office')
        .select('division')
        .where('id', '=', office)
        .executeTakeFirstOrThrow()
      const row = {
        id,
        tenant,
        division: placed.division,
        office,
        name,
        public_key: spki,
        key_fingerprint: fingerprint,
        status: 'active' as const,
        last_seen_at: null,
        created_at: at,
        updated_at: at,
      }
      await trx.insertInto('station').values(row).execute()
    })
  }
  return { divisions, offices, stations }
}
