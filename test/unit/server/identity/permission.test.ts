import { describe, expect, it } from 'vitest'
import { RIGHTS, Role, ROLE_RIGHTS, type Right } from '../../../../shared/contract/index.ts'
import { assertReach, buildAbility, mayUse, reaches, reachOf } from '../../../../server/identity/permission.ts'

const milan = { division: 'north', office: 'milan' }
const turin = { division: 'north', office: 'turin' }
const naples = { division: 'south', office: 'naples' }
const nowhere = { division: null, office: null }

describe('when rights come from grants', () => {
  it.each(Role.options)('gives %s exactly its role’s rights', (role) => {
    const ability = buildAbility([{ role, scope: { kind: 'everything' } }])
    expect(RIGHTS.filter((right) => mayUse(ability, right)).sort()).toEqual([...ROLE_RIGHTS[role]].sort())
  })

  it('gives nothing without a grant', () => {
    const none = buildAbility([])
    expect(RIGHTS.filter((right) => mayUse(none, right))).toEqual([])
    expect(reachOf(none, 'holder.read')).toEqual({ kind: 'some', divisions: [], offices: [] })
  })

  const office = buildAbility([{ role: 'RO', scope: { kind: 'office', office: 'milan' } }])
  const division = buildAbility([{ role: 'RO', scope: { kind: 'division', divisions: ['north', 'north-west'] } }])
  const everything = buildAbility([{ role: 'RO', scope: { kind: 'everything' } }])
  const rows: [string, typeof office, object[]][] = [
    ['office', office, [milan]],
    ['division', division, [milan, turin]],
    ['everything', everything, [milan, turin, naples, nowhere]],
  ]
  it.each(rows)('reaches no further than the %s', (_name, ability, within) => {
    for (const place of [milan, turin, naples, nowhere])
      expect([place, reaches(ability, 'holder.read', place)]).toEqual([place, within.includes(place)])
  })

  it('adds grants up, each right in its own scope', () => {
    const both = buildAbility([
      { role: 'RO', scope: { kind: 'office', office: 'milan' } },
      { role: 'HD', scope: { kind: 'division', divisions: ['south'] } },
    ])
    const may = (right: Right, place: typeof milan) => reaches(both, right, place)
    expect([may('holder.write', milan), may('holder.write', naples)]).toEqual([true, false])
    expect([may('card.unblock', milan), may('card.unblock', naples)]).toEqual([false, true])
    expect(reachOf(both, 'holder.read')).toEqual({ kind: 'some', divisions: ['south'], offices: ['milan'] })
    expect(() => assertReach(both, 'holder.write', naples)).toThrow('ACCESS_DENIED')
  })
})
