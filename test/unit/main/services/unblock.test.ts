import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/index.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'
import { MemoryCard } from '../../../fakes/desk/memory-card.ts'
import { TRANSPORT } from '../../../fakes/desk/memory-remote.ts'

const READER = 'Reader B'
let t: TestDesk
let card: MemoryCard
beforeEach(async () => {
  t = await makeDesk()
  card = new MemoryCard('B1A4C001')
  Object.assign(card, { pin: '999999', puk: TRANSPORT.puk, pinTries: 0 })
  t.cards.insert(READER, card)
  t.remote.roles = ['HD']
  await t.signIn()
})
afterEach(() => t.end())
const unblock = () =>
  t.desk.handlers['cards.unblock']({
    reader: READER,
    serial: 'B1A4C001',
    checks: ['document-seen', 'card-in-hand'],
    reason: 'Forgot the PIN',
    newPin: t.cards.seal('new-pin', '864209'),
  })
const finished = () =>
  t.remote.calls.filter(({ name }) => name === 'finishUnblock').map(({ input }) => (input as { body: object }).body)
const offline = () => {
  throw new AppError('NETWORK_OFFLINE')
}

describe('when a PIN is unblocked', () => {
  it('gives the card the new PIN and tells the server', async () => {
    expect(await unblock()).toMatchObject({ card: { pinTries: 3 } })
    expect(card.pin).toBe('864209')
    expect(finished()).toEqual([{ outcome: 'done', code: null }])
  })
  it('asks for no PUK while another card lies there, or none', async () => {
    t.cards.insert(READER, new MemoryCard('CC'))
    await expect(unblock()).rejects.toMatchObject({ code: 'CARD_MISMATCH' })
    t.cards.insert(READER, null)
    await expect(unblock()).rejects.toMatchObject({ code: 'CARD_NOT_PRESENT' })
    expect(t.remote.calls.some(({ name }) => name === 'startUnblock')).toBe(false)
  })
  it('tells the server how a failed one ended', async () => {
    card.puk = '00000000'
    await expect(unblock()).rejects.toMatchObject({ code: 'CARD_PUK_WRONG' })
    expect(finished()).toEqual([{ outcome: 'failed', code: 'CARD_PUK_WRONG' }])
  })
  it('keeps the outcome for later where the server is out of reach, and sends it once', async () => {
    t.remote.handlers.finishUnblock = offline
    await unblock()
    expect(card.pin).toBe('864209')
    expect((await t.desk.handlers['connection.state']({})).waiting).toBe(1)
    t = t.restart()
    delete t.remote.handlers.finishUnblock
    await t.signIn()
    await expect.poll(() => t.store.waiting()).toBe(0)
    expect(finished().at(-1)).toEqual({ outcome: 'done', code: null })
    const before = finished().length
    t.remote.reach(false)
    t.remote.reach(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(finished()).toHaveLength(before)
  })
  it('drops what the server refuses for good, and says so in the log', async () => {
    t.remote.handlers.finishUnblock = offline
    await unblock()
    t.remote.handlers.finishUnblock = () => {
      throw new AppError('NOT_FOUND')
    }
    t.remote.reach(false)
    t.remote.reach(true)
    await expect.poll(() => t.store.waiting()).toBe(0)
    expect(t.log.lines.map(({ event }) => event)).toContain('outbox.refused')
  })
})
