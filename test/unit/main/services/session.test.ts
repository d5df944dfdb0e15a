import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionState } from '../../../../shared/contract/index.ts'
import { TestAuthority } from '../../../fakes/desk/authority.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'
import { MemoryCard } from '../../../fakes/desk/memory-card.ts'

let t: TestDesk
let told: SessionState[]
beforeEach(async () => {
  t = await makeDesk()
  told = []
  t.desk.events.on('session', (state) => told.push(state))
})
afterEach(() => t.end())
const names = () => t.remote.calls.map(({ name }) => name).filter((name) => name !== 'ping')
const whyEnded = () =>
  t.remote.calls
    .filter(({ name }) => name === 'endSession')
    .map(({ input }) => (input as { query: { why: string } }).query.why)
const state = () => t.desk.handlers['session.state']({})

describe('when an operator signs in', () => {
  it('sends a statement signed by card and station, and binds the session', async () => {
    await t.signIn()
    expect(names().slice(0, 2)).toEqual(['createChallenge', 'signIn'])
    expect(await state()).toMatchObject({
      status: 'signed-in',
      reader: 'Reader A',
      session: { operator: { name: 'Elena Conti' } },
    })
    expect(t.remote.session?.proofKey).toHaveLength(32)
    expect(t.cards.resets).toContain('Reader A')
    expect(told).toHaveLength(1)
  })
  it.each([
    ['a wrong PIN', 'CARD_PIN_WRONG', () => t.signIn('000000')],
    ['no card', 'CARD_NOT_PRESENT', () => (t.cards.insert('Reader A', null), t.signIn())],
    [
      'a card without a certificate',
      'CERTIFICATE_NOT_FOUND',
      () => (t.cards.insert('Reader A', new MemoryCard('AA')), t.signIn('123456')),
    ],
    [
      'a server that gives another name',
      'NETWORK_UNTRUSTED_SERVER',
      async () => {
        const real = t.remote.call.bind(t.remote)
        t.remote.call = (async (name: never, input: never, options: never) => {
          const answer: unknown = await real(name, input, options)
          return name === 'createChallenge' ? { ...(answer as object), serverName: 'other' } : answer
        }) as never
        return t.signIn()
      },
    ],
    [
      'another station key',
      'STATION_UNKNOWN',
      async () => {
        const { generateKeyPairSync } = await import('node:crypto')
        t.remote.stationKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        return t.signIn()
      },
    ],
  ])('refuses %s with %s and keeps nothing', async (_what, code, act) => {
    await expect(Promise.resolve().then(act)).rejects.toMatchObject({ code })
    expect(await state()).toEqual({ status: 'signed-out' })
    expect(t.remote.session).toBeNull()
  })
  it('locks at once when the card went while the server answered', async () => {
    const real = t.remote.call.bind(t.remote)
    t.remote.call = (async (name: never, input: never, options: never) => {
      const answer: unknown = await real(name, input, options)
      if (name === 'signIn') t.cards.insert('Reader A', null)
      return answer
    }) as never
    expect(await t.signIn()).toMatchObject({ status: 'locked', why: 'card-removed' })
  })
  it('answers what is true when it answers: the card went while it was reset', async () => {
    const real = t.cards.reset.bind(t.cards)
    t.cards.reset = async (reader) => {
      t.cards.insert('Reader A', null)
      return real(reader)
    }
    expect(await t.signIn()).toMatchObject({ status: 'locked', why: 'card-removed' })
    expect(told.at(-1)).toMatchObject({ status: 'locked' })
  })
})

describe('when somebody is signed in', () => {
  beforeEach(() => t.signIn())
  it('locks before anything is awaited when the card is pulled, ends the session and resets the reader', async () => {
    t.cards.resets.length = 0
    t.cards.insert('Reader A', null)
    expect(told.at(-1)).toMatchObject({ status: 'locked', why: 'card-removed' })
    await expect.poll(whyEnded).toEqual(['card-removed'])
    expect(t.cards.resets).toEqual(['Reader A'])
    await expect.poll(() => t.remote.session).toBeNull()
  })
  it('locks when another card lies in the reader', async () => {
    t.cards.insert('Reader A', await MemoryCard.ofOperator('0FF1CE02', 'Other', new TestAuthority()))
    expect(told.at(-1)).toMatchObject({ status: 'locked', why: 'card-removed' })
  })
  it('does not lock for what happens in the other reader', () => {
    t.cards.insert('Reader B', new MemoryCard('BB'))
    expect(told.at(-1)).toMatchObject({ status: 'signed-in' })
  })
  it.each([
    ['the worker crashes', 'worker-crashed', () => t.cards.setState('restarting')],
    ['the server says the session is over', 'expired', () => t.remote.loseSession('SESSION_EXPIRED')],
    ['the operator asks', 'manual', () => void t.desk.handlers['session.lock']({})],
  ])('locks when %s', async (_what, why, act) => {
    act()
    await expect.poll(() => told.at(-1)).toMatchObject({ status: 'locked', why })
  })
  it('locks when the session expires', async () => {
    await t.desk.handlers['session.signOut']({})
    t.remote.sessionMs = 60
    await t.signIn()
    await expect.poll(() => told.at(-1)).toMatchObject({ status: 'locked', why: 'expired' })
  })
  it('refuses work while locked, and unlocks by signing in again', async () => {
    await t.desk.handlers['session.lock']({})
    await expect(t.desk.handlers['holders.search']({ text: '', limit: 5 })).rejects.toMatchObject({
      code: 'SESSION_LOCKED',
    })
    expect(await t.signIn()).toMatchObject({ status: 'signed-in' })
    await expect(t.desk.handlers['holders.search']({ text: '', limit: 5 })).resolves.toEqual({ items: [], next: null })
  })
  it('signs out: the server is told, the card reset, the proof key dropped', async () => {
    expect(await t.desk.handlers['session.signOut']({})).toEqual({ status: 'signed-out' })
    expect(whyEnded()).toEqual(['sign-out'])
    expect(t.remote.session).toBeNull()
    await expect(t.desk.handlers['holders.search']({ text: '', limit: 5 })).rejects.toMatchObject({
      code: 'SESSION_REQUIRED',
    })
  })
  it('ends everything on close', async () => {
    await t.desk.close()
    expect(whyEnded()).toEqual(['sign-out'])
    expect(t.cards.isClosed).toBe(true)
  })
})
