import { AppError } from '../../shared/contract/index.ts'
import type { CaGateway } from '../ca/gateway.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { Scope } from '../db/repositories/scope.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { TrustedSigners } from '../identity/trusted-signers.ts'
import { reachOf } from '../identity/permission.ts'
import type { Vault } from '../vault/vault.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import type { Profiles } from './profiles.ts'

/** What the services of registration work with; `compose` makes it once. */
export interface ServiceDeps {
  readonly serverName: string
  readonly db: OperationalDatabase
  readonly directory: Directory
  readonly changes: Changes
  readonly profiles: Profiles
  readonly vault: Vault
  readonly ca: CaGateway
  /** Serial of what the CA issued for a request key, or null: for an issuing that was cut short. */
  readonly findIssued: (requestKey: string) => Promise<{ serial: string; der: Uint8Array } | null>
  readonly signers: TrustedSigners
}

/** What this call may see: its right's reach in its tenant. Every list and every look-up goes through it. */
export const scopeOf = (call: Call): Scope => ({
  tenant: call.actor.tenant,
  reach: reachOf(call.actor.ability, call.right),
})

/** Throws REQUEST_PRECONDITION_FAILED when the caller saw another version. */
export const assertVersion = (call: Call, version: number): void => {
  if (call.ifMatch !== null && call.ifMatch !== version) throw new AppError('REQUEST_PRECONDITION_FAILED', { version })
}

export const placeOf = (row: { readonly division: string | null; readonly office: string | null }) => ({
  division: row.division,
  office: row.office,
})

export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
