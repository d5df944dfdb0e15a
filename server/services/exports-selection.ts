import { z } from 'zod'
import { AppError, type SavedAuditSearch } from '../../shared/contract/index.ts'
import type { Completeness, ExportSelection } from '../../shared/contract/routes/exports.ts'
import { CHAIN_TENANT, type EntryFilter } from '../audit/index.ts'
import { listEntryTenants } from '../db/repositories/export-entries.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { AuditDatabase } from '../db/schema.ts'
import { evaluatedSearch } from '../exports/evaluated.ts'
import type { ExportFilter, ExportPlan } from '../exports/ports.ts'
import type { AuditScope } from './audit-scope.ts'
import type { Call } from './call.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const SPANS = { '15m': 15 * MINUTE, '1h': 60 * MINUTE, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY, '1y': 365 * DAY }

export interface SelectionDeps {
  readonly audit: AuditDatabase
  readonly directory: Directory
  readonly scope: AuditScope
}

/** What is found by, resolved: exactly what the same filter finds in the explorer, at the moment it was ordered. */
const searched = ({ directory, scope }: SelectionDeps, call: Call, search: SavedAuditSearch): EntryFilter | null => {
  const { last, from, to, tenant, office, operator, station, action, objectType, chain, ...rest } = search
  const inReach = scope.filter(call, { tenants: tenant, offices: office })
  const operatorIds = operator?.flatMap((words) => directory.findOperators(words))
  const stations = station?.flatMap((words) => directory.findStations(words))
  if (inReach === null || operatorIds?.length === 0 || stations?.length === 0) return null
  const start = last === undefined ? from : Math.max(from ?? 0, call.at - SPANS[last])
  // What the order itself leaves in the chain is not in the export: nobody would know where it ends.
  const end = Math.min(to ?? call.at, call.at)
  const lists = { operatorIds, stations, actions: action, objectTypes: objectType, chains: chain }
  return { ...rest, ...inReach, ...lists, from: start, to: end }
}

const isOnlySpan = ({ from: _from, to: _to, last: _last, chain: _chain, ...rest }: SavedAuditSearch): boolean =>
  Object.values(rest).every((value) => value === undefined)

interface Sight {
  /** Null: everything. */
  readonly visible: EntryFilter | null
  /** As widely as this call sees, what the chain says of itself included; null: nothing. */
  readonly widest: EntryFilter | null
  readonly isAll: boolean
}

/** How far a call sees over whole chains. */
const sightOf = async ({ audit, scope }: SelectionDeps, call: Call): Promise<Sight> => {
  const tenants = [...new Set([call.actor.tenant, CHAIN_TENANT, ...(await listEntryTenants(audit))])]
  const widest = scope.filter(call, { tenants })
  const seen = new Set(widest === null ? [] : [...(widest.tenants ?? []), ...(widest.tenant ? [widest.tenant] : [])])
  const isAll = scope.isGlobal(call) && tenants.every((tenant) => seen.has(tenant))
  return { widest, visible: isAll ? null : widest, isAll }
}

const orders = (...possible: [Completeness, ...Completeness[]]): ExportPlan['possible'] => possible

/**
 * What an order takes and what its package can prove, for this call: never more than its explorer shows. Throws
 * ACCESS_DENIED where nothing is in reach at all, AUDIT_NOT_FOUND for a chain out of reach.
 */
export const planExport = async (deps: SelectionDeps, call: Call, selection: ExportSelection): Promise<ExportPlan> => {
  const { widest, visible, isAll } = await sightOf(deps, call)
  if (widest === null) throw new AppError('ACCESS_DENIED', { right: call.right })
  const reach = JSON.stringify([widest, isAll])
  const planned = (selected: EntryFilter | null, possible: ExportPlan['possible'], isUntold = false): ExportPlan => {
    const filter: ExportFilter = { selected, visible, reach, ...(isUntold ? { isUntold } : {}) }
    // What a manifest cannot say, nobody could check: told when it is ordered, not when all of it is written.
    const { evaluated } = evaluatedSearch(filter)
    return { filter, possible: evaluated ? possible : orders('inclusion') }
  }
  if (selection.kind === 'chain') {
    const { chain } = selection
    // Who sees everything sees also what nobody would think to filter by: no condition but the chain.
    if (isAll) return planned({ chains: [chain] }, orders('whole', 'inclusion'))
    return planned({ ...widest, chains: [chain] }, orders('inclusion', 'headers'))
  }
  if (selection.kind === 'object') {
    const { objectType, objectId } = selection
    return planned({ ...widest, objectTypes: [objectType], objectId }, orders('inclusion', 'headers'))
  }
  const { search } = selection
  const selected = searched(deps, call, search)
  if (isAll && isOnlySpan(search)) return planned(selected, orders('range', 'inclusion', 'headers'))
  // Names are looked for in the whole directory: their ids would tell of people and stations out of reach.
  const isUntold = !isAll && (search.operator !== undefined || search.station !== undefined)
  return planned(selected, orders('inclusion', 'headers'), isUntold)
}

const Reached = z.tuple([
  z.object({
    tenant: z.string().optional(),
    tenants: z.array(z.string()).optional(),
    offices: z.array(z.string()).optional(),
  }),
  z.boolean(),
])
const tenantsOf = ({ tenant, tenants }: z.infer<typeof Reached>[0]): readonly string[] =>
  tenants ?? (tenant === undefined ? [] : [tenant])

/**
 * Whether a reach (`ExportFilter.reach`) still holds all of an earlier one. Wider is no harm: tenants whose first entry
 * came since, offices that were granted since.
 */
export const stillReaches = (now: string, before: string): boolean => {
  const [[wide], [narrow]] = [Reached.parse(JSON.parse(now)), Reached.parse(JSON.parse(before))]
  const tenants = new Set(tenantsOf(wide))
  if (!tenantsOf(narrow).every((tenant) => tenants.has(tenant))) return false
  if (wide.offices === undefined) return true
  const offices = new Set(wide.offices)
  return narrow.offices?.every((office) => offices.has(office)) ?? false
}
