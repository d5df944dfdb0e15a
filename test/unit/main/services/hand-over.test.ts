import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/index.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'
import { MemoryCard } from '../../../fakes/desk/memory-card.ts'
import { TRANSPORT } from '../../../fakes/desk/memory-remote.ts'

const ID = 'enrolment_00000001'
const READER = 'Reader B'
let t: TestDesk
let card: MemoryCard
beforeEach(async () => {
  t = await makeDesk()
  card = new MemoryCard('B1A4C001')
  t.cards.insert(READER, card)
  await t.signIn()
  await t.desk.handlers['enrolments.personalise']({ id: ID, reader: READER })
})
afterEach(() => t.end())
const handOver = (pin = '775533') =>
  t.desk.handlers['enrolments.handOver']({ id: ID, reader: READER, newPin: t.cards.seal('new-pin', pin) })
const finish = () => t.desk.handlers['enrolments.handOver']({ id: ID, reader: READER, newPin: null })
const chosen = async () => (await t.desk.handlers['enrolments.pinChosen']({ id: ID, serial: card.serial })).chosen
const cardCalls = () => {
  let count = 0
  const real = t.cards.replaceTransportPin.bind(t.cards)
  t.cards.replaceTransportPin = (request) => {
    count += 1
    return real(request)
  }
  return () => count
}

describe('when the holder takes the card', () => {
  it('sets their PIN and tells the server', async () => {
    expect(await handOver()).toMatchObject({ state: 'handed-over' })
    expect(card).toMatchObject({ pin: '775533', pinTries: 3 })
    expect(t.store.readPinChange(ID, card.serial)).toBeNull()
  })
  it('does not finish without a PIN that was chosen', async () => {
    expect(await chosen()).toBe('no')
    await expect(finish()).rejects.toMatchObject({ code: 'ENROLMENT_STATE', detail: { reason: 'pin-not-chosen' } })
    expect(t.remote.enrolment.state).toBe('issued')
  })
  it('is done once: called again it changes nothing on the card, and refuses a PIN that would not be used', async () => {
    await handOver()
    const count = cardCalls()
    expect(await finish()).toMatchObject({ state: 'handed-over' })
    await expect(handOver('111111')).rejects.toMatchObject({
      code: 'ENROLMENT_STATE',
      detail: { state: 'handed-over' },
    })
    expect(card.pin).toBe('775533')
    expect(count()).toBe(0)
  })
  it('refuses another card, and an enrolment that is not there yet', async () => {
    t.cards.insert(READER, new MemoryCard('CC'))
    await expect(handOver()).rejects.toMatchObject({ code: 'CARD_MISMATCH' })
    t.remote.enrolment = { ...t.remote.enrolment, state: 'personalising' }
    await expect(handOver()).rejects.toMatchObject({ code: 'ENROLMENT_STATE' })
  })
})

describe('when it stops in the middle', () => {
  it('says that the PIN is changed where only the server is missing; calling again finishes without the card', async () => {
    t.remote.handlers.handOver = () => {
      throw new AppError('NETWORK_OFFLINE')
    }
    await expect(handOver()).rejects.toMatchObject({ code: 'NETWORK_OFFLINE', detail: { pinChanged: true } })
    expect(card.pin).toBe('775533')
    delete t.remote.handlers.handOver
    t = t.restart()
    await t.signIn()
    const count = cardCalls()
    expect(await chosen()).toBe('yes')
    await expect(handOver('111111')).rejects.toMatchObject({
      code: 'ENROLMENT_STATE',
      detail: { reason: 'pin-chosen', pinChanged: true },
    })
    expect(await finish()).toMatchObject({ state: 'handed-over' })
    expect(count()).toBe(0)
    expect(card).toMatchObject({ pin: '775533', pinTries: 3 })
  })
  it('finishes where the desk died after the card took the PIN, before it could note so', async () => {
    const real = t.cards.replaceTransportPin.bind(t.cards)
    t.cards.replaceTransportPin = async (request) => {
      await real(request)
      throw new AppError('WORKER_CRASHED')
    }
    await expect(handOver()).rejects.toMatchObject({ code: 'WORKER_CRASHED' })
    delete (t.cards as unknown as Record<string, unknown>)['replaceTransportPin']
    t = t.restart()
    await t.signIn()
    expect(await chosen()).toBe('maybe')
    await expect(handOver('864209')).rejects.toMatchObject({ code: 'ENROLMENT_STATE', detail: { pinChanged: true } })
    expect(await chosen()).toBe('yes')
    expect(await finish()).toMatchObject({ state: 'handed-over' })
    expect(card).toMatchObject({ pin: '775533', pinTries: 2 })
  })
  it('does it again where the card was pulled before it took the PIN', async () => {
    t.cards.replaceTransportPin = () => Promise.reject(new AppError('CARD_REMOVED'))
    await expect(handOver()).rejects.toMatchObject({ code: 'CARD_REMOVED' })
    delete (t.cards as unknown as Record<string, unknown>)['replaceTransportPin']
    await handOver()
    expect(card).toMatchObject({ pin: '775533', pinTries: 3 })
  })
  it('does not take a wrong transport PIN for a change that never was', async () => {
    card.pin = '000111'
    await expect(handOver()).rejects.toMatchObject({ code: 'CARD_PIN_WRONG' })
    await expect(handOver()).rejects.toMatchObject({ code: 'CARD_PIN_WRONG' })
    expect(t.remote.enrolment.state).toBe('issued')
    card.pin = TRANSPORT.pin
    await handOver()
    expect(t.remote.enrolment.state).toBe('handed-over')
  })
})
