import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError, type ConnectionState } from '../../../../shared/contract/index.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'

let t: TestDesk
let told: ConnectionState[]
beforeEach(async () => {
  t = await makeDesk()
  told = []
  t.desk.events.on('connection', (state) => told.push(state))
  await expect.poll(() => told.at(-1)?.keys).toBe('software')
})
afterEach(() => t.end())

describe('when the connection is watched', () => {
  it('knows the server and its kind of keys after the first ping', async () => {
    expect(await t.desk.handlers['connection.state']({})).toMatchObject({
      server: 'online',
      keys: 'software',
      cardService: 'running',
      waiting: 0,
    })
  })
  it('tells a change once, from any call that failed or came through', () => {
    const before = told.length
    t.remote.reach(false)
    t.remote.reach(false)
    expect(told.slice(before).map(({ server }) => server)).toEqual(['offline'])
    t.remote.reach(true)
    expect(told.at(-1)?.server).toBe('online')
  })
  it('tells when the card service restarts', () => {
    t.cards.setState('restarting')
    expect(told.at(-1)?.cardService).toBe('restarting')
  })
})

describe('when the operator may not see everything', () => {
  it('asks the server only for what the role reads', async () => {
    const names = () => t.remote.calls.map(({ name }) => name)
    t.remote.roles = ['HD']
    await t.signIn()
    expect(await t.desk.handlers['holders.get']({ id: 'holder_00000001' })).toMatchObject({ cards: [], enrolments: [] })
    expect(names()).toContain('listHolderCards')
    expect(names()).not.toContain('listEnrolments')
  })
  it('passes the refusal on where it asks for more', async () => {
    await t.signIn()
    t.remote.handlers.listHolders = () => {
      throw new AppError('ACCESS_DENIED')
    }
    await expect(t.desk.handlers['holders.search']({ text: 'x', limit: 5 })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    })
  })
  it('leaves an empty search out', async () => {
    await t.signIn()
    await t.desk.handlers['holders.search']({ text: '  ', limit: 5 })
    expect(t.remote.calls.at(-1)!.input).toEqual({ query: { limit: 5 } })
  })
})

describe('when the desk closes while the server is asked', () => {
  it('tells nothing more', async () => {
    const slow = await makeDesk()
    const heard: ConnectionState[] = []
    slow.desk.events.on('connection', (state) => heard.push(state))
    const { promise, resolve } = Promise.withResolvers<never>()
    slow.remote.handlers.ping = () => promise
    const again = slow.restart()
    const closed = again.desk.close()
    resolve({ name: 's', version: '0', time: Date.now(), keys: 'hsm' } as never)
    await closed
    await new Promise((done) => setImmediate(done))
    expect(heard.some(({ keys }) => keys === 'hsm')).toBe(false)
    await again.end()
  })
})
