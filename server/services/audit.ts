import { createHash } from 'node:crypto'
import { decodeBase64url } from '../../shared/audit/base64url.ts'
import {
  AppError,
  type AuditFilter,
  type HttpAnswer,
  type ObjectType,
  type VerificationView,
} from '../../shared/contract/index.ts'
import type {
  AuditRecord,
  AuditRow,
  AuditTrail,
  EntryFilter,
  VerificationJobs,
  VerificationRun,
} from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { mayUse, reaches, reachOf } from '../identity/permission.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import { operatorRef } from './views.ts'

export interface AuditDeps {
  readonly directory: Directory
  readonly changes: Changes
  readonly trail: AuditTrail
  readonly jobs: VerificationJobs
}

/** Objects whose trail the registration offices may read. */
const REGISTERED: readonly string[] = ['holder', 'proofing', 'enrolment', 'card', 'certificate'] satisfies ObjectType[]

/** The audit as its readers may see it: their tenant, and of it what their grants reach. */
export class AuditReading {
  readonly #deps: AuditDeps

  constructor(deps: AuditDeps) {
    this.#deps = deps
  }

  async list(call: Call, filter: AuditFilter): Promise<HttpAnswer<'listAudit'>> {
    const { cursor, limit, operator, action, office, station, ...rest } = filter
    const { directory } = this.#deps
    const scope = this.#scope(call, office)
    const operatorIds = operator === undefined ? undefined : directory.findOperators(operator)
    const stations = station === undefined ? undefined : directory.findStations(station)
    if (scope === null || operatorIds?.length === 0 || stations?.length === 0) return { items: [], next: null }
    const actions = action === undefined ? undefined : [action]
    const wanted: EntryFilter = { ...rest, ...scope, operatorIds, stations, actions }
    const { items, next } = await this.#deps.trail.list(wanted, { cursor, limit })
    return { items: items.map((row) => this.#row(row)), next }
  }

  /** Throws AUDIT_NOT_FOUND, also for an entry out of reach. */
  async read(call: Call, chain: string, sequence: number): Promise<HttpAnswer<'readAudit'>> {
    const record = await this.#deps.trail.get(chain, sequence)
    const isOwn = record.tenant === call.actor.tenant
    if (!isOwn || !reaches(call.actor.ability, call.right, record)) throw new AppError('AUDIT_NOT_FOUND')
    return this.#record(record)
  }

  async objectTrail(
    call: Call,
    of: { readonly objectType: string; readonly objectId: string },
    request: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<HttpAnswer<'readTrail'>> {
    const scope = this.#scope(call, undefined)
    if (scope === null) return { items: [], next: null }
    // A trail is what became of a thing; who signed in or was refused is the audit's, for those who may read it.
    if (!mayUse(call.actor.ability, 'audit.read') && !REGISTERED.includes(of.objectType))
      throw new AppError('ACCESS_DENIED', { right: 'audit.read' })
    const { items, next } = await this.#deps.trail.trail({ ...scope, ...of }, request)
    return { items: items.map((record) => this.#record(record)), next }
  }

  /** Durable and audited when it returns; runs on by itself. Throws AUDIT_VERIFICATION_RUNNING. */
  async verify(call: Call, depth: 'quick' | 'full'): Promise<VerificationView> {
    const { jobs, changes } = this.#deps
    // What a repeat is given is the run that was started, as it is now.
    const { id } = await changes.create(call, async (_trx, tell) => {
      const run = await jobs.start({ mode: depth, requestedBy: call.actor.operator.id })
      await tell({
        action: 'Verification',
        object: { type: 'audit-verification', id: run.id },
        after: { id: run.id, name: `${run.chain} ${depth}`, chain: run.chain, depth },
      })
      return { id: run.id }
    })
    return this.#view(await jobs.get(id))
  }

  async verification(id: string): Promise<VerificationView> {
    return this.#view(await this.#deps.jobs.get(id))
  }

  async verifications(limit: number): Promise<HttpAnswer<'listVerifications'>> {
    const runs = await this.#deps.jobs.list(limit)
    return { items: runs.map((run) => this.#view(run)), next: null }
  }

  async cancel(call: Call, id: string): Promise<VerificationView> {
    this.#deps.changes.assertWritable()
    const before = await this.#deps.jobs.get(id)
    if (before.state !== 'running') return this.#view(before)
    const run = await this.#deps.jobs.cancel(id)
    await this.#deps.changes.run(call, async (_trx, tell) => {
      const object = { type: 'audit-verification', id } as const
      await tell({
        action: 'Modification',
        object,
        before: { id, state: before.state },
        after: { id, state: run.state },
      })
    })
    return this.#view(run)
  }

  #row(row: AuditRow): HttpAnswer<'listAudit'>['items'][number] {
    const { division: _division, ...view } = row
    return { ...view, ...this.#places(row) }
  }

  #record(record: AuditRecord): HttpAnswer<'readAudit'> {
    const { division: _division, erased: _erased, ...view } = record
    const reason = view.reason?.slice(0, 1000) ?? null
    return { ...view, ...this.#places(record), changed: [...view.changed], reason }
  }

  /** What office and station of an entry are called now; the entry itself keeps their ids. */
  #places({ office, station }: AuditRow): { officeName: string | null; stationName: string | null } {
    const { directory } = this.#deps
    return { officeName: directory.office(office)?.name ?? null, stationName: directory.stationName(station) }
  }

  /** Null: nothing is in reach. An office asked for narrows what is granted, never widens it. */
  #scope(call: Call, office: string | undefined): EntryFilter | null {
    const { tenant, ability } = call.actor
    const reach = reachOf(ability, call.right)
    if (office !== undefined) {
      const named = this.#deps.directory.findOffices(office).filter((id) => {
        const known = this.#deps.directory.office(id)
        return known !== null && reaches(ability, call.right, { office: id, division: known.divisionId })
      })
      return named.length === 0 ? null : { tenant, offices: named }
    }
    if (reach.kind === 'everything') return { tenant }
    const below = reach.divisions.flatMap((division) => this.#deps.directory.officesOf(division))
    const offices = [...new Set([...reach.offices, ...below])]
    return offices.length === 0 ? null : { tenant, offices }
  }

  #view(run: VerificationRun): VerificationView {
    const { verdict } = run
    const fault =
      verdict && !verdict.ok ? [{ kind: verdict.kind, chain: verdict.chain, sequence: verdict.sequence }] : []
    const head = verdict?.ok
      ? {
          chain: verdict.chain,
          sequence: verdict.head.sequence,
          digest: createHash('sha256').update(decodeBase64url(verdict.head.signature)).digest('hex'),
        }
      : null
    return {
      id: run.id,
      depth: run.mode,
      state: run.state,
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      startedBy: run.requestedBy === null ? null : operatorRef(this.#deps.directory, run.requestedBy),
      checked: run.checked,
      total: run.total,
      faults: fault,
      head,
    }
  }
}
