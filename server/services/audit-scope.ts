import { CHAIN_TENANT, type EntryFilter } from '../audit/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { reaches, reachOf } from '../identity/permission.ts'
import type { Call } from './call.ts'

/** `installation`: who sees everything sees all tenants of this audit database; else their own alone. */
export type AuditSight = 'tenant' | 'installation'

/** Of which tenants and offices a call asks to see entries; nothing named: what it may see. */
export interface AskedScope {
  readonly tenants?: readonly string[] | undefined
  /** Ids, or words of their names. */
  readonly offices?: readonly string[] | undefined
}
interface Entry {
  readonly tenant: string
  readonly division: string | null
  readonly office: string | null
}

/**
 * The one place that narrows the audit to what a call may see: its tenant, and of it what its grants reach. Who sees
 * everything may ask for what the chain says of itself (tenant `system`: keys, cuts) and, where this node's sight is
 * the whole installation, for other tenants.
 */
export class AuditScope {
  readonly #directory: Directory
  readonly #sight: AuditSight

  constructor(directory: Directory, sight: AuditSight) {
    this.#directory = directory
    this.#sight = sight
  }

  /** May this call judge whole chains, with the entries of others in them. */
  isGlobal(call: Call): boolean {
    return reachOf(call.actor.ability, call.right).kind === 'everything'
  }

  /** Null: nothing is in reach. What is asked for narrows what is granted, never widens it. */
  filter(call: Call, asked: AskedScope = {}): EntryFilter | null {
    const tenants = (asked.tenants ?? [call.actor.tenant]).filter((tenant) => this.#seesTenant(call, tenant))
    if (tenants.length === 0) return null
    const [tenant] = tenants
    const of = tenants.length === 1 && tenant !== undefined ? { tenant } : { tenants }
    const offices = this.#offices(call, asked.offices)
    if (offices === null) return of
    return offices.length === 0 ? null : { ...of, offices }
  }

  /** May this call see this entry. */
  covers(call: Call, entry: Entry): boolean {
    return this.#seesTenant(call, entry.tenant) && reaches(call.actor.ability, call.right, entry)
  }

  #seesTenant(call: Call, tenant: string): boolean {
    if (tenant === call.actor.tenant) return true
    return this.isGlobal(call) && (tenant === CHAIN_TENANT || this.#sight === 'installation')
  }

  /** Null: any office, and entries of none. */
  #offices(call: Call, asked: readonly string[] | undefined): readonly string[] | null {
    const { ability } = call.actor
    if (asked) {
      const named = asked.flatMap((words) => this.#directory.findOffices(words))
      return [...new Set(named)].filter((id) => {
        const known = this.#directory.office(id)
        // One that is not here any more lies in no division: only who sees everything may ask for it.
        return reaches(ability, call.right, { office: id, division: known?.divisionId ?? null })
      })
    }
    const reach = reachOf(ability, call.right)
    if (reach.kind === 'everything') return null
    const below = reach.divisions.flatMap((division) => this.#directory.officesOf(division))
    return [...new Set([...reach.offices, ...below])]
  }
}
