import { describe, expect, it } from 'vitest'
import type { CardView } from '../../../../shared/contract/views.ts'
import { cardActions, unblockObstacle } from '../../../../renderer/desk/stores/card-actions.ts'
import { formatConsoleCode, isConsoleCode } from '../../../../renderer/desk/stores/console-code.ts'
import { may, rolesOf, withSession, type DeskState } from '../../../../renderer/desk/stores/desk-state.ts'
import { pinProblem, pinRules } from '../../../../renderer/desk/stores/pin-rules.ts'
import { blank, card, office, officer, reader, session } from './fixtures.ts'

describe('when a PIN is chosen', () => {
  it.each([
    ['482615', '482615', null],
    ['48261537', '48261537', null],
    ['48261', '48261', 'length'],
    ['482615370', '482615370', 'length'],
    ['48261a', '48261a', 'length'],
    ['', '', 'length'],
    ['111111', '111111', 'repeated'],
    ['123456', '123456', 'sequence'],
    ['87654321', '87654321', 'sequence'],
    ['123457', '123457', null],
    ['482615', '482616', 'different'],
  ])('%s and %s: %s', (pin, again, problem) => {
    expect(pinProblem(pin, again)).toBe(problem)
  })
  it.each([
    ['', '', { length: false, varied: false, same: false }],
    ['48', '', { length: false, varied: true, same: false }],
    ['111111', '111111', { length: true, varied: false, same: true }],
    ['482615', '482615', { length: true, varied: true, same: true }],
  ])('%s and %s keep %j', (pin, again, rules) => {
    expect(pinRules(pin, again)).toEqual(rules)
  })
})

const known: CardView = {
  serial: 'A1B2',
  guid: null,
  state: 'active',
  profile: 'employee',
  holder: { id: 'hld_00000001', name: 'Anna Rossi' },
  enrolmentId: null,
  office,
  expiresAt: null,
  certificates: [],
  etag: '"1"',
  createdAt: 0,
  updatedAt: 0,
}

describe('when a card may be unblocked', () => {
  it.each([
    ['a blocked PIN', reader('r', card({ pinTries: 0 })), known, true, null],
    ['a forgotten PIN', reader('r', card()), known, true, null],
    ['no right', reader('r', card()), known, false, 'not-permitted'],
    ['a blank card', reader('r', blank('B1')), known, true, 'no-pin'],
    ['an unknown card', reader('r', card()), null, true, 'unknown-card'],
    ['nobody’s card', reader('r', card()), { ...known, holder: null }, true, 'no-holder'],
    ['a terminated card', reader('r', card()), { ...known, state: 'terminated' as const }, true, 'terminated'],
    ['a blocked PUK', reader('r', card({ pinTries: 0, pukTries: 0 })), known, true, 'puk-blocked'],
  ])('%s', (_what, held, server, right, obstacle) => {
    expect(unblockObstacle(held, server, right)).toBe(obstacle)
  })
  it('costs no try on a blocked card', () => {
    const actions = cardActions(reader('r', card({ pinTries: 0 })), known, true)
    expect(actions).toEqual([
      { action: 'check', why: 'pin-blocked' },
      { action: 'change', why: 'pin-blocked' },
      { action: 'unblock', why: null },
    ])
  })
})

describe('when a console code is typed', () => {
  it.each([
    ['bcdf2345', 'BCDF-2345', true],
    ['BCDF-2345', 'BCDF-2345', true],
    ['bcd f23', 'BCDF-23', false],
    ['bcdf', 'BCDF', false],
    ['bcdf234567', 'BCDF-2345', true],
    ['aeiou01', '', false],
  ])('%s becomes %s', (typed, shown, whole) => {
    expect(formatConsoleCode(typed)).toBe(shown)
    expect(isConsoleCode(shown)).toBe(whole)
  })
})

describe('when somebody signs in', () => {
  const empty: DeskState = { info: null, session: null, connection: null, readers: null, witness: null, epoch: 0 }
  const other = { id: 'opr_00000002', name: 'Davide Ferrari' }
  const signedIn = withSession(empty, { status: 'signed-in', session: session('RO'), reader: 'one' })
  it('starts with the screen they see', () => {
    expect(signedIn.epoch).toBe(0)
  })
  it('keeps the screen over a lock of the same operator', () => {
    const locked = withSession(signedIn, { status: 'locked', session: session('RO'), why: 'card-removed' })
    expect(withSession(locked, { status: 'signed-in', session: session('RO'), reader: 'two' }).epoch).toBe(0)
  })
  it('drops it for another operator, and for nobody', () => {
    const locked = withSession(signedIn, { status: 'locked', session: session('RO'), why: 'card-removed' })
    expect(withSession(locked, { status: 'signed-in', session: session('HD', other), reader: 'one' }).epoch).toBe(1)
    expect(withSession(signedIn, { status: 'signed-out' }).epoch).toBe(1)
  })
  it('adds up the rights of all grants', () => {
    const both = { ...session('RO', officer), grants: [...session('RO').grants, ...session('HD').grants] }
    expect(rolesOf(both)).toEqual(['RO', 'HD'])
    const state = withSession(empty, { status: 'signed-in', session: both, reader: 'one' })
    expect(may(state, 'card.unblock')).toBe(true)
    expect(may(signedIn, 'card.unblock')).toBe(false)
    expect(may(empty, 'session.own')).toBe(false)
  })
})
