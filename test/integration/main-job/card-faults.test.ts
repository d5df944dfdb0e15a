import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOLDER_READER } from '../../../main/launch/main-job.ts'
import { Clerk } from './clerk.ts'
import { expectIssuedOnce, type Made } from './evidence.ts'
import { Stage } from './stage.ts'

let stage: Stage
const made: Made[] = []
beforeAll(async () => {
  stage = await Stage.open()
})
afterAll(() => stage.close())

const PULLED = ['CARD_REMOVED', 'CARD_NOT_PRESENT'] as const
let people = 0
const nextPerson = () => ({
  givenNames: 'Anna',
  familyName: `Rossi ${String.fromCharCode(65 + Math.floor(people / 26), 65 + (people++ % 26))}`,
})

/** Waits until the desk sees the card now in the holder's reader. */
const untilSeen = () =>
  stage.user.until(async () => {
    const view = (await stage.user.call('readers.list', {})).find(({ name }) => name === HOLDER_READER)
    return view?.state === 'ready' || view?.state === 'blank'
  }, 'the card in the second reader')

describe('when the card is pulled in the middle of a command', () => {
  const rows: [what: string, ins: string, skip: number][] = [
    ['opening it with the management key', '87', 0],
    ['the answer to its challenge', '87', 1],
    ['setting the management key', 'FF', 0],
    ['setting the PUK', '24', 0],
    ['setting the PIN', '2C', 0],
    ['writing the CHUID', 'DB', 0],
    ['making the first key', '47', 0],
    ['making the second key', '47', 1],
    ['signing the first request', '87', 9],
    ['signing, later', '87', 12],
    ['signing, later still', '87', 15],
    ['writing the first certificate', 'DB', 1],
    ['writing the second certificate', 'DB', 2],
    ['reading it at the claim', 'CB', 2],
    ['reading the first certificate back', 'CB', 6],
    ['reading the second certificate back', 'CB', 7],
  ]
  const both = rows.flatMap((row) => [false, true].map((after) => ({ what: row[0], ins: row[1], skip: row[2], after })))
  it.each(both.map((row) => ({ ...row, when: row.after ? 'after' : 'before' })))(
    'goes on once it is back: $what, $when the card did it',
    async ({ ins, skip, after }) => {
      const card = await stage.makeCard()
      stage.place('officer', card.id)
      const clerk = new Clerk(stage, nextPerson(), [...PULLED])
      await clerk.workUntil('approved')
      await untilSeen()
      stage.place('officer', card.id, { pullOn: { ins, skip, after } })
      const view = await clerk.workUntil('issued', async () => {
        stage.place('officer', card.id)
        await untilSeen()
      })
      // Pulled while it is first looked at, a card is not there; later it went.
      expect(clerk.interruptions[0]).toBe(ins === 'CB' && skip < 6 ? 'CARD_NOT_PRESENT' : 'CARD_REMOVED')
      stage.place('officer', card.id)
      await untilSeen()
      made.push({ view: await clerk.workUntil('handed-over'), card })
      expect(view.steps.every(({ state }) => state === 'done')).toBe(true)
    },
  )
})

describe('when the card worker is killed', () => {
  it('goes on with a new one, whatever step it was in', async () => {
    const card = await stage.makeCard()
    stage.place('officer', card.id)
    const clerk = new Clerk(stage, nextPerson(), ['WORKER_CRASHED', ...PULLED])
    await clerk.workUntil('approved')
    const kills = new Set(['management-key', 'pin-puk', 'key:9A', 'write:9A', 'request:9C', 'read-back:9C'])
    stage.desk.on('enrolment.progress', ({ enrolment, running }) => {
      const step = enrolment.steps.find(({ state }) => state === 'running')
      if (running && step !== undefined && kills.delete(step.id)) process.kill(stage.desk.worker, 'SIGKILL')
    })
    const view = await clerk.workUntil('handed-over')
    expect([...kills]).toEqual([])
    expect(clerk.interruptions.filter((code) => code === 'WORKER_CRASHED').length).toBeGreaterThan(3)
    made.push({ view, card })
  })
})

describe('when another card is put in the middle', () => {
  it('writes nothing on it, says so, and goes on with the right one', async () => {
    const card = await stage.makeCard()
    const other = await stage.makeCard()
    const untouched = readFileSync(stage.cardFile(other.id))
    stage.place('officer', card.id)
    const clerk = new Clerk(stage, nextPerson(), ['CARD_CHANGED', 'CARD_MISMATCH'])
    await clerk.workUntil('approved')
    const swap = async () => {
      stage.place('officer', other.id)
      await stage.user.until(async () => {
        const view = (await stage.user.call('readers.list', {})).find(({ name }) => name === HOLDER_READER)
        return view?.card?.serial === other.serial
      }, 'the other card')
    }
    stage.proxy.cuts = [{ label: 'issueCertificate 9A', at: 'before', act: swap }]
    const view = await clerk.workUntil('handed-over', async (code) => {
      if (code !== 'CARD_MISMATCH') return
      stage.place('officer', card.id)
      await untilSeen()
    })
    expect(clerk.interruptions).toEqual(['CARD_CHANGED', 'CARD_MISMATCH'])
    expect(readFileSync(stage.cardFile(other.id)).equals(untouched)).toBe(true)
    made.push({ view, card })
  })
})

describe('when an interrupted card is rolled back', () => {
  /** Stops at the second certificate's writing: one certificate is on the card, the other only issued. */
  const interrupted = async () => {
    const card = await stage.makeCard()
    stage.place('officer', card.id)
    const clerk = new Clerk(stage, nextPerson())
    await clerk.workUntil('approved')
    await untilSeen()
    stage.place('officer', card.id, { pullOn: { ins: 'DB', skip: 2 } })
    await expect(clerk.workUntil('issued')).rejects.toMatchObject({ code: 'CARD_REMOVED' })
    return { card, clerk, id: clerk.enrolmentId! }
  }

  it('wipes the card in the reader, and makes it again from the beginning', async () => {
    const { card, clerk, id } = await interrupted()
    stage.place('officer', card.id)
    await untilSeen()
    const rolled = await stage.user.call('enrolments.rollBack', { id, reader: HOLDER_READER, reason: 'begun again' })
    expect(rolled).toMatchObject({ state: 'approved', cardSerial: null })
    const reader = (await stage.user.call('readers.list', {})).find(({ name }) => name === HOLDER_READER)
    expect(reader).toMatchObject({ state: 'blank', card: { certificates: [] } })
    made.push({ view: await clerk.workUntil('handed-over'), card, rounds: 2 })
  })

  it('ends a card that is not there, and makes another', async () => {
    const { card, clerk, id } = await interrupted()
    const rolled = await stage.user.call('enrolments.rollBack', { id, reader: null, reason: 'card lost' })
    expect(rolled).toMatchObject({ state: 'approved', cardSerial: null })
    expect(rolled.certificates.map(({ state }) => state)).toEqual(['revoked', 'revoked'])
    expect((await stage.user.call('cards.get', { serial: card.serial })).state).toBe('terminated')
    const another = await stage.makeCard()
    stage.place('officer', another.id)
    await untilSeen()
    made.push({ view: await clerk.workUntil('handed-over'), card: another })
  })
})

describe('of all these cards', () => {
  it('each is issued once, holds what the server says, and the chain tells every change', async () => {
    expect(made.length).toBe(32 + 4)
    await expectIssuedOnce(stage, ...made)
  })
})
