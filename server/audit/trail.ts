import { AppError } from '../../shared/contract/errors.ts'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { sha256 } from '../../shared/audit/bytes.ts'
import type { AuditAction } from '../../shared/audit/entry.ts'
import type { Json, JsonObject } from '../../shared/audit/json.ts'
import type { Payload } from '../../shared/audit/payload.ts'
import type { Opened } from '../db/open.ts'
import type { JoinedRow } from '../db/repositories/audit-entry-row.ts'
import { listEntries, listTrail, readEntry } from '../db/repositories/audit-list.ts'
import type { EntryFilter } from '../db/repositories/audit-list.ts'
import { payloadOf } from '../db/repositories/audit-search-text.ts'
import type { Page, PageRequest } from '../db/repositories/page.ts'
import type { AuditDb } from '../db/schema.ts'

export type { EntryFilter } from '../db/repositories/audit-list.ts'

/** An entry as lists show it. `objectName` is null when the payload is erased or names nothing. */
export interface AuditRow {
  readonly chain: string
  readonly sequence: number
  readonly time: number
  readonly tenant: string
  readonly division: string | null
  readonly operatorId: string | null
  readonly operatorName: string | null
  readonly role: string | null
  readonly office: string | null
  readonly station: string | null
  readonly action: AuditAction
  readonly objectType: string
  readonly objectId: string
  readonly objectName: string | null
  readonly correlationId: string
}

/** An entry with what it tells and what proves it: digest is hex SHA-256 of the stored bytes, signature base64url. */
export interface AuditRecord extends AuditRow {
  readonly before: Json | null
  readonly after: Json | null
  readonly changed: readonly string[]
  readonly reason: string | null
  readonly digest: string
  readonly signature: string
  readonly keyId: string
  readonly erased: { readonly at: number; readonly by: string; readonly rule: string } | null
}

/** Names of operators by id, from the operational database; ids nobody knows are left out. */
export type OperatorNames = (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>

const NAME_MAX = 300

const nameOf = (value: Json | null): string | null => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  const fields = value as JsonObject
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '')
  const person = `${text('givenNames')} ${text('familyName')}`.trim()
  const found = person || text('name') || text('label') || text('serial')
  return found ? found.slice(0, NAME_MAX) : null
}

const toRow = (row: JoinedRow, names: ReadonlyMap<string, string>, payload: Payload | null): AuditRow => ({
  chain: row.chain,
  sequence: row.sequence,
  time: row.at,
  tenant: row.tenant,
  division: row.division,
  operatorId: row.operator_id,
  operatorName: row.operator_id === null ? null : (names.get(row.operator_id) ?? null),
  role: row.operator_role,
  office: row.office,
  station: row.station,
  action: row.action as AuditAction,
  objectType: row.object_type,
  objectId: row.object_id,
  objectName: payload ? (nameOf(payload.after) ?? nameOf(payload.before)) : null,
  correlationId: row.correlation_id,
})

const toRecord = (row: JoinedRow, names: ReadonlyMap<string, string>): AuditRecord => {
  const payload = payloadOf(row)
  const { erased_at: at, erased_by: by, erased_rule: rule } = row
  return {
    ...toRow(row, names, payload),
    before: payload?.before ?? null,
    after: payload?.after ?? null,
    changed: payload?.changed ?? [],
    reason: payload?.reason ?? null,
    digest: Buffer.from(sha256(row.bytes)).toString('hex'),
    signature: encodeBase64url(row.signature),
    keyId: row.key_id,
    erased: at !== null && by !== null && rule !== null ? { at, by, rule } : null,
  }
}

/** Reading the audit. Scope is the caller's: put the tenant, and the offices it may see, into each filter. */
export class AuditTrail {
  readonly #audit: Opened<AuditDb>
  readonly #operatorNames: OperatorNames

  constructor(audit: Opened<AuditDb>, operatorNames: OperatorNames) {
    this.#audit = audit
    this.#operatorNames = operatorNames
  }

  /** One page, newest first. Throws REQUEST_INVALID (`cursor`, `limit`). */
  async list(filter: EntryFilter, request: PageRequest): Promise<Page<AuditRow>> {
    const { items, next } = await listEntries(this.#audit.db, filter, request, this.#audit.dialect)
    const names = await this.#names(items)
    return { items: items.map((row) => toRow(row, names, payloadOf(row))), next }
  }

  /** As `list`, each entry with what it tells. */
  async records(filter: EntryFilter, request: PageRequest): Promise<Page<AuditRecord>> {
    const { items, next } = await listEntries(this.#audit.db, filter, request, this.#audit.dialect)
    const names = await this.#names(items)
    return { items: items.map((row) => toRecord(row, names)), next }
  }

  /** One entry of a chain. Throws AUDIT_NOT_FOUND; the caller checks its tenant and office against the scope. */
  async get(chain: string, sequence: number): Promise<AuditRecord> {
    const row = await readEntry(this.#audit.db, chain, sequence)
    if (!row) throw new AppError('AUDIT_NOT_FOUND', { chain, sequence })
    return toRecord(row, await this.#names([row]))
  }

  /** All entries of an object, oldest first, in pages. */
  async trail(
    filter: EntryFilter & { readonly objectType: string; readonly objectId: string },
    request: PageRequest,
  ): Promise<Page<AuditRecord>> {
    const { items, next } = await listTrail(this.#audit.db, filter, request)
    const names = await this.#names(items)
    return { items: items.map((row) => toRecord(row, names)), next }
  }

  #names(rows: readonly JoinedRow[]): Promise<ReadonlyMap<string, string>> {
    const ids = new Set(rows.flatMap((row) => (row.operator_id === null ? [] : [row.operator_id])))
    return ids.size > 0 ? this.#operatorNames([...ids]) : Promise.resolve(new Map())
  }
}
