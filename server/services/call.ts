import type { Role, Right } from '../../shared/contract/index.ts'
import type { Ability } from '../identity/permission.ts'

/** Who acts: an operator in a session. `scope` rules come from the grants, see `permission.ts`. */
export interface Actor {
  readonly sessionId: string
  readonly operator: { readonly id: string; readonly name: string }
  readonly role: Role
  readonly tenant: string
  /** The office worked in; null for those who work for all. */
  readonly office: {
    readonly id: string
    readonly name: string
    readonly division: string
    readonly divisionId: string
  } | null
  readonly station: string | null
  readonly ability: Ability
}

/** One call as services see it. `ifMatch` and `idempotency` were checked for presence by the route's hook. */
export interface Call {
  readonly actor: Actor
  readonly correlationId: string
  /** UTC in ms. */
  readonly at: number
  readonly right: Right
  /** Version the caller saw, for routes that change. */
  readonly ifMatch: number | null
  readonly idempotency: Idempotency | null
}

/** A creating call's key, bound to who sent it, where to, and what it asked for. */
export interface Idempotency {
  readonly key: string
  readonly route: string
  readonly requestHash: string
}
