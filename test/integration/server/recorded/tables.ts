import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { Kysely } from 'kysely'
import type { AuditTrail } from '../../../../server/audit/index.ts'
import type { Databases } from '../../../../server/db/index.ts'

type Row = Readonly<Record<string, unknown>>
/** Each row of each table: its columns, by table and the row's own key. */
export type Snapshot = ReadonlyMap<string, ReadonlyMap<string, Row>>

/** Tables that hold no entity: what they hold is spent, counted or derived within an act that has its entry. */
const NOT_ENTITIES: Readonly<Record<string, string>> = {
  migration: 'which form the database has; the program itself writes it',
  audit_intent: 'entries on their way',
  idempotency_key: 'answers kept for a repeat',
  session_proof: 'proofs seen',
  sign_in_challenge: 'asked for and forgotten in a minute',
  ca_crl_number: 'the counter of the lists, each of which has its entry',
  job_run: 'each try of a job; the job has its entries',
}

/** Columns that say nothing of the entity: clocks, leases, and what is derived from columns that are told of. */
const NOT_TOLD: Readonly<Record<string, readonly string[]>> = {
  session: ['seen_at', 'clock_ahead_ms', 'proof_key'],
  station: ['last_seen_at'],
  // Of the document last proved, for search: the proofing has its entry.
  holder: ['document_type', 'document_number', 'search'],
  job: ['lease_owner', 'lease_until', 'attempts', 'due_at', 'state', 'updated_at', 'version', 'last_error', 'body'],
  schedule: ['next_at', 'last_at', 'last_job', 'updated_at', 'version'],
  alarm: ['mailed_at'],
}

const keyOf = (table: string, row: Row): string => {
  if (typeof row['id'] === 'string') return row['id']
  const key = row['serial'] ?? row['name'] ?? row['id']
  if (typeof key === 'string') return key
  throw new Error(`rows of ${table} cannot be told apart: give the table its key here`)
}

export const takeSnapshot = async ({ operational }: Databases): Promise<Snapshot> => {
  const db = operational.db as unknown as Kysely<Record<string, Record<string, unknown>>>
  const tables = (await db.introspection.getTables()).map((table) => table.name).toSorted()
  const taken = new Map<string, ReadonlyMap<string, Row>>()
  for (const table of tables) {
    if (table in NOT_ENTITIES || table.startsWith('sqlite_')) continue
    const rows = (await db.selectFrom(table).selectAll().execute()) as Row[]
    taken.set(table, new Map(rows.map((row) => [keyOf(table, row), row])))
  }
  return taken
}

const told = (table: string, row: Row): string => {
  const columns = Object.entries(row).filter(([name]) => !(NOT_TOLD[table] ?? []).includes(name))
  const bytes = JSON.stringify(columns, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
  return createHash('sha256').update(bytes).digest('hex')
}

export interface Change {
  readonly table: string
  readonly key: string
  readonly kind: 'inserted' | 'changed' | 'deleted'
  /** Objects of which one must have an entry. */
  readonly objects: readonly string[]
}

const textOf = (value: unknown): string[] => (typeof value === 'string' && value !== '' ? [value] : [])
const rowOf = (snapshot: Snapshot, table: string, key: unknown): Row | undefined =>
  snapshot.get(table)?.get(typeof key === 'string' ? key : '')

/** Ids an entry of this row may be filed under. */
const objectsOf = (snapshot: Snapshot, table: string, row: Row): string[] => {
  const own = [...textOf(row['id']), ...textOf(row['name'])]
  if (table === 'card') return textOf(row['serial'])
  if (table === 'unblock') return textOf(rowOf(snapshot, 'card', row['card_id'])?.['serial'])
  if (table === 'operator_certificate') return textOf(row['operator_id'])
  // The CA's own books: the certificate of the same request has its entry.
  // Of a key of the server itself there is none: its entry names the serial.
  if (table === 'ca_certificate')
    return [...(snapshot.get('certificate')?.values() ?? [])]
      .filter((one) => one['request_key'] === row['request_key'])
      .flatMap((one) => textOf(one['id']))
      .concat(textOf(row['serial']))
  if (table.startsWith('key_')) return textOf(row['key_id'])
  // What became of a key of the setup's plan.
  if (table === 'setting') return textOf(JSON.parse(String(row['value'])))
  return own
}

export const changesBetween = (before: Snapshot, after: Snapshot): Change[] =>
  [...new Set([...before.keys(), ...after.keys()])].flatMap((table) => {
    const [old, now] = [before.get(table) ?? new Map<string, Row>(), after.get(table) ?? new Map<string, Row>()]
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((key): Change[] => {
      const [was, is] = [old.get(key), now.get(key)]
      if (was && is && told(table, was) === told(table, is)) return []
      const kind = was ? (is ? 'changed' : 'deleted') : 'inserted'
      return [{ table, key, kind, objects: objectsOf(is ? after : before, table, (is ?? was) as Row) }]
    })
  })

export type Entry = Awaited<ReturnType<AuditTrail['records']>>['items'][number]

/** Entries of one chain after a sequence, and those still on their way, as objects. */
export const entriesAfter = async (
  trail: AuditTrail,
  of: { readonly tenant: string; readonly chain: string; readonly after: number },
): Promise<readonly Entry[]> => {
  const found: Entry[] = []
  let cursor: string | null = null
  do {
    const filter = { tenants: [of.tenant, 'system'], chain: of.chain, afterSequence: of.after }
    const page: Awaited<ReturnType<AuditTrail['records']>> = await trail.records(filter, { cursor, limit: 200 })
    found.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return found
}

/** Every change has its entry, and every entry says all that an entry must say. */
export const expectRecorded = (changes: readonly Change[], entries: readonly Entry[]): void => {
  const objects = new Set(entries.map((entry) => entry.objectId))
  const untold = changes.filter((change) => !change.objects.some((id) => objects.has(id)))
  expect(untold).toEqual([])
  for (const entry of entries) {
    const where = `${entry.action} ${entry.objectType} ${entry.objectId}`
    expect(Number.isSafeInteger(entry.time) && entry.time <= Date.now(), where).toBe(true)
    expect(entry.correlationId, where).not.toBe('')
    if (entry.operatorId !== null) expect(entry.role, where).not.toBeNull()
    if (entry.action === 'Insertion') expect([where, entry.before, entry.after === null]).toEqual([where, null, false])
    // What the chain deletes of itself is named by its place; what it was must not be told again.
    if (entry.action === 'Deletion' && !/^audit-(payload|cut)$/.test(entry.objectType))
      expect(entry.before, where).not.toBeNull()
    if (entry.action === 'Modification') {
      expect(entry.after, where).not.toBeNull()
      if (entry.before !== null) expect([where, entry.changed.length > 0]).toEqual([where, true])
    }
  }
}
