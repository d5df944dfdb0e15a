import type { AccessMeans, AccessRow, WorkingHours } from '../../shared/contract/index.ts'
import type { JsonObject } from '../../shared/audit/json.ts'
import type { AuditRecord, AuditTrail, EntryFilter } from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { isOutOfHours } from './working-hours.ts'

/**
 * What administrators did to get in, read from the audit chain itself: sign-ins and sign-outs of those who hold or held
 * the role SA, failed ones of theirs and of cards nobody knows, and the logins of shell and databases (object `server`).
 */
export interface AccessSearch {
  readonly scope: EntryFilter
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly text?: string | undefined
  /** Of these operators alone; then neither shell, database nor strangers. */
  readonly operatorIds?: readonly string[] | undefined
}
type Row = Omit<AccessRow, 'stationName' | 'outOfHours'>

const EVENTS = { Login: 'sign-in', Logout: 'sign-out', LoginFailed: 'failed' } as const
const ACTIONS = ['Login', 'Logout'] as const

const fieldsOf = ({ after, before }: AuditRecord): JsonObject => {
  const told = after ?? before
  return told !== null && typeof told === 'object' && !Array.isArray(told) ? (told as JsonObject) : {}
}
const isMeans = (value: unknown): value is AccessMeans =>
  value === 'desk' || value === 'console' || value === 'shell' || value === 'database'

const toRow = (directory: Directory, record: AuditRecord): Row => {
  const fields = fieldsOf(record)
  const text = (name: string): string | null => {
    const value = fields[name]
    return typeof value === 'string' && value !== '' ? value.slice(0, 200) : null
  }
  const claimed = record.objectType === 'operator' ? record.objectId : null
  const operatorId = record.operatorId ?? claimed
  const known = operatorId === null ? undefined : directory.operatorNames([operatorId]).get(operatorId)
  const kind = text('kind')
  const event = EVENTS[record.action as keyof typeof EVENTS]
  return {
    chain: record.chain,
    sequence: record.sequence,
    time: record.time,
    event,
    means: isMeans(kind) ? kind : record.objectType === 'server' ? 'shell' : 'desk',
    operatorId,
    name: known ?? record.operatorName ?? (record.objectType === 'server' ? text('account') : null),
    role: record.role,
    station: record.station ?? text('station'),
    address: text('address')?.slice(0, 100) ?? null,
    detail: text('command') ?? text('end') ?? text('code') ?? text('database'),
    correlationId: record.correlationId,
  }
}

/** All that match, newest first, page by page of the chain. */
const stream = async function* (
  trail: AuditTrail,
  filter: EntryFilter,
  keep: (record: AuditRecord) => boolean,
): AsyncGenerator<AuditRecord> {
  let cursor: string | null = null
  do {
    const { items, next } = await trail.records(filter, { cursor, limit: 200 })
    for (const record of items) if (keep(record)) yield record
    cursor = next
  } while (cursor !== null)
}

/** Several streams, each newest first, as one; of the same time the first stream's come first. */
const merge = async function* (streams: readonly AsyncGenerator<AuditRecord>[]): AsyncGenerator<AuditRecord> {
  const heads = await Promise.all(streams.map(async (one) => ({ one, next: await one.next() })))
  for (;;) {
    const waiting = heads.filter(({ next }) => next.done !== true)
    const [first] = waiting.toSorted((a, b) => (b.next.value as AuditRecord).time - (a.next.value as AuditRecord).time)
    if (!first) return
    yield first.next.value as AuditRecord
    first.next = await first.one.next()
  }
}

export class AccessEntries {
  readonly #trail: AuditTrail
  readonly #directory: Directory
  readonly #hours: WorkingHours
  readonly #administrators: () => Promise<readonly string[]>

  /** `administrators`: ids of all who hold or ever held the role SA. */
  constructor(
    trail: AuditTrail,
    directory: Directory,
    hours: WorkingHours,
    administrators: () => Promise<readonly string[]>,
  ) {
    this.#trail = trail
    this.#directory = directory
    this.#hours = hours
    this.#administrators = administrators
  }

  get hours(): WorkingHours {
    return this.#hours
  }

  /** Newest first; read as far as it is asked for. */
  async *all(search: AccessSearch): AsyncGenerator<AccessRow> {
    const { scope, from, to, text, operatorIds } = search
    const administrators = (await this.#administrators()).filter((id) => operatorIds?.includes(id) ?? true)
    const filter: EntryFilter = { ...scope, from, to, text }
    const of = (narrowed: EntryFilter, keep: (record: AuditRecord) => boolean = () => true) =>
      stream(this.#trail, { ...filter, ...narrowed }, keep)
    const isTheirs = (record: AuditRecord): boolean =>
      record.objectType === 'operator' ? administrators.includes(record.objectId) : operatorIds === undefined
    const streams = [of({ actions: ['LoginFailed'], objectTypes: ['operator', 'session'] }, isTheirs)]
    if (administrators.length > 0)
      streams.push(of({ actions: ACTIONS, objectTypes: ['session'], operatorIds: administrators }))
    if (operatorIds === undefined) streams.push(of({ actions: [...ACTIONS, 'LoginFailed'], objectTypes: ['server'] }))
    for await (const record of merge(streams)) yield this.#row(record)
  }

  #row(record: AuditRecord): AccessRow {
    const row = toRow(this.#directory, record)
    const stationName = this.#directory.stationName(row.station)
    return { ...row, stationName, outOfHours: isOutOfHours(this.#hours, row.time) }
  }
}
