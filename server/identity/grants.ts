import { ROLE_RIGHTS, Role, rolesWith, type GrantView } from '../../shared/contract/index.ts'
import type { Directory, OfficeEntry } from '../db/repositories/directory.ts'
import type { GrantRowStored } from '../db/repositories/operators.ts'
import { buildAbility, type Ability, type ResolvedGrant } from './permission.ts'

/** Grants as they stand in the organisation; one whose division or office is gone gives nothing. */
export const resolveGrants = (
  directory: Directory,
  rows: readonly GrantRowStored[],
): { readonly resolved: ResolvedGrant[]; readonly views: GrantView[] } => {
  const resolved: ResolvedGrant[] = []
  const views: GrantView[] = []
  for (const row of rows) {
    const role = Role.safeParse(row.role)
    // Tasks narrow a role; a grant with tasks this program does not know must not widen to the whole role.
    if (!role.success || row.tasks !== null) continue
    if (row.scope_kind === 'everything') {
      resolved.push({ role: role.data, scope: { kind: 'everything' } })
      views.push({ role: role.data, scope: { kind: 'everything' } })
      continue
    }
    const id = row.scope_id ?? ''
    const named = row.scope_kind === 'division' ? directory.division(id) : directory.office(id)
    if (!named) continue
    views.push({ role: role.data, scope: { kind: row.scope_kind, id, name: named.name } })
    resolved.push({
      role: role.data,
      scope:
        row.scope_kind === 'division'
          ? { kind: 'division', divisions: directory.divisionsBelow(id) }
          : { kind: 'office', office: id },
    })
  }
  return { resolved, views }
}

/** Roles that work at the console at all. */
export const isConsoleRole = (role: string): boolean => (rolesWith('console.use') as readonly string[]).includes(role)

/** An office whose people one may work with, at all: the reach of any grant that is not limited to oneself. */
const covers = (grant: ResolvedGrant, office: OfficeEntry): boolean => {
  if (grant.scope.kind === 'everything') return true
  if (grant.scope.kind === 'division') return grant.scope.divisions.includes(office.divisionId)
  return grant.scope.office === office.id
}
export const isOfficeAllowed = (grants: readonly ResolvedGrant[], office: OfficeEntry): boolean =>
  grants.some((grant) => covers(grant, office))

/** Roles by how much of a desk they need; the first one held names the session in screens and audit entries. */
const ORDER: readonly Role[] = ['RO', 'BO', 'DO', 'HD', 'SA', 'AO', 'TH']
export const chooseRole = (grants: readonly ResolvedGrant[], office: OfficeEntry | null): Role | null => {
  const here = office ? grants.filter((grant) => covers(grant, office)) : grants
  const held = (here.length > 0 ? here : grants).map((grant) => grant.role)
  return ORDER.find((role) => held.includes(role)) ?? null
}

export const abilityOf = (grants: readonly ResolvedGrant[]): Ability =>
  buildAbility(grants.filter((grant) => ROLE_RIGHTS[grant.role].length > 0))
