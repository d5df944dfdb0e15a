import { createMongoAbility, subject } from '@casl/ability'
import type { MongoAbility, RawRuleOf } from '@casl/ability'
import { AppError, ROLE_RIGHTS, type Right, type Role } from '../../shared/contract/index.ts'

/** Where a thing is, in the organisation. */
export interface Place {
  readonly division: string | null
  readonly office: string | null
}

/** A grant with its scope resolved: a division stands for itself and all below it. */
export interface ResolvedGrant {
  readonly role: Role
  readonly scope:
    | { readonly kind: 'everything' }
    | { readonly kind: 'division'; readonly divisions: readonly string[] }
    | { readonly kind: 'office'; readonly office: string }
}

export type ResolvedGrantList = readonly ResolvedGrant[]

export type Ability = MongoAbility<[Right, 'placed' | (Place & object)]>

/** What a list may show: everything of the tenant, or what lies in these divisions or offices. */
export type Reach =
  | { readonly kind: 'everything' }
  | { readonly kind: 'some'; readonly divisions: readonly string[]; readonly offices: readonly string[] }

const conditions = (scope: ResolvedGrant['scope']): Record<string, unknown> | undefined => {
  if (scope.kind === 'everything') return undefined
  if (scope.kind === 'division') return { division: { $in: [...scope.divisions] } }
  return { office: { $in: [scope.office] } }
}

/** The rules of an operator: each grant gives its role's rights inside its scope; nothing is allowed without one. */
export const buildAbility = (grants: readonly ResolvedGrant[]): Ability => {
  const rules = grants.flatMap(({ role, scope }) => {
    const where = conditions(scope)
    return ROLE_RIGHTS[role].map((action) => ({
      action,
      subject: 'placed' as const,
      ...(where === undefined ? {} : { conditions: where }),
    }))
  })
  return createMongoAbility<Ability>(rules as RawRuleOf<Ability>[])
}

/** May the right be used anywhere at all. Which things it reaches is judged by `assertReach` and `reachOf`. */
export const mayUse = (ability: Ability, right: Right): boolean => ability.can(right, 'placed')

/** Throws ACCESS_DENIED unless the right reaches the thing's place. */
export const assertReach = (ability: Ability, right: Right, place: Place): void => {
  const thing = subject('placed', { division: place.division, office: place.office })
  if (!ability.can(right, thing)) throw new AppError('ACCESS_DENIED', { right })
}

export const reaches = (ability: Ability, right: Right, place: Place): boolean =>
  ability.can(right, subject('placed', { division: place.division, office: place.office }))

const listOf = (value: unknown): string[] => {
  const list = (value as { $in?: unknown } | undefined)?.$in
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []
}

const reached = new WeakMap<Ability, Map<Right, Reach>>()

/** The same rules as a filter for lists. Rules of an ability never change, so what they come to is worked out once. */
export const reachOf = (ability: Ability, right: Right): Reach => {
  const ofAbility = reached.get(ability) ?? new Map<Right, Reach>()
  reached.set(ability, ofAbility)
  const known = ofAbility.get(right)
  if (known) return known
  const reach = workOutReach(ability, right)
  ofAbility.set(right, reach)
  return reach
}

const workOutReach = (ability: Ability, right: Right): Reach => {
  const rules = ability.rulesFor(right, 'placed')
  if (rules.some((rule) => rule.conditions === undefined)) return { kind: 'everything' }
  return {
    kind: 'some',
    divisions: [...new Set(rules.flatMap((rule) => listOf((rule.conditions as Record<string, unknown>)['division'])))],
    offices: [...new Set(rules.flatMap((rule) => listOf((rule.conditions as Record<string, unknown>)['office'])))],
  }
}
