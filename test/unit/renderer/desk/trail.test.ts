import { describe, expect, it } from 'vitest'
import { DESK_CALLS } from '../../../../shared/contract/desk.ts'
import { may, useDeskState } from '../../../../renderer/desk/stores/desk-state.ts'
import { officer, session, trail } from '../../../fakes/screens/data.ts'

describe('when an operator sees an object', () => {
  it.each([
    ['RO', true],
    ['BO', true],
    ['HD', false],
    ['DO', false],
    ['SA', false],
  ] as const)('is a %s shown the way to its trail: %s', (role, isShown) => {
    const signedIn = { status: 'signed-in', session: session(officer, role, 'AA01'), reader: 'A' } as const
    expect(may({ ...useDeskState.getInitialState(), session: signedIn }, 'trail.read')).toBe(isShown)
  })
  it('shows nobody a trail who is not signed in', () =>
    expect(may(useDeskState.getInitialState(), 'trail.read')).toBe(false))
})

describe('when screens are looked at without a server', () => {
  it.each(['holder', 'enrolment', 'card', 'certificate'])(
    'has a trail of a %s that the contract takes, oldest first as the server gives it',
    (objectType) => {
      const items = trail(objectType, 'AA01', 'Anna Rossi')
      expect(DESK_CALLS['trail.get'].output.parse({ items, next: null }).items).toEqual(items)
      const times = items.map(({ time }) => time)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(items.map(({ sequence }) => sequence)).toEqual(
        items.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
      )
      expect(items[0]?.action).toBe('Insertion')
    },
  )
})
