import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCertificate } from '../../../../shared/pki/index.ts'
import { AppError, type HttpName } from '../../../../shared/contract/index.ts'
import type { CardPort } from '../../../../main/services/ports.ts'
import { makeDesk, type TestDesk } from '../../../fakes/desk/desk.ts'
import { MAKER, MemoryCard } from '../../../fakes/desk/memory-card.ts'
import { PROFILE, TRANSPORT } from '../../../fakes/desk/memory-remote.ts'

const ID = 'enrolment_00000001'
const READER = 'Reader B'
let t: TestDesk
let card: MemoryCard
beforeEach(async () => {
  t = await makeDesk()
  card = new MemoryCard('B1A4C001')
  t.cards.insert(READER, card)
  await t.signIn()
})
afterEach(() => t.end())
const personalise = (desk = t) => desk.desk.handlers['enrolments.personalise']({ id: ID, reader: READER })

/** Card and server effects of the saga, in the order they happen, with a point to fail before or after each. */
const CARD_CALLS = [
  'setManagementKey',
  'setPinAndPuk',
  'writeChuid',
  'generateKey',
  'signWithTransportPin',
  'writeCertificate',
  'readCertificate',
] as const satisfies (keyof CardPort)[]
const SERVER_CALLS: HttpName[] = [
  'startPersonalisation',
  'completeStep',
  'issueCertificate',
  'interruptPersonalisation',
  'readEnrolment',
]
type Mode = 'before' | 'after'

/** Fails at the nth effect; with `kill` nothing works any more after it, as in a process that is no more. */
function failAt(
  desk: TestDesk,
  index: number,
  mode: Mode,
  kill: boolean,
): { count: number; names: string[]; undo: () => void } {
  const seen = { count: 0, names: [] as string[], undo: () => {} }
  let isDead = false
  const wrap =
    (name: string, real: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      if (isDead) throw new AppError('WORKER_CRASHED')
      const mine = seen.count++
      seen.names.push(name)
      if (mine === index && mode === 'before') {
        isDead = kill
        throw new AppError('CARD_REMOVED')
      }
      const answer = await real(...args)
      if (mine === index) {
        isDead = kill
        throw new AppError('CARD_REMOVED')
      }
      return answer
    }
  const { cards, remote } = desk
  for (const name of CARD_CALLS)
    Object.assign(cards, { [name]: wrap(name, (MemoryProto(cards)[name] as () => Promise<unknown>).bind(cards)) })
  const call = Object.getPrototypeOf(remote).call.bind(remote) as (
    name: HttpName,
    ...rest: unknown[]
  ) => Promise<unknown>
  remote.call = ((name: HttpName, ...rest: unknown[]) =>
    SERVER_CALLS.includes(name) ? wrap(name, () => call(name, ...rest))() : call(name, ...rest)) as never
  seen.undo = () => {
    for (const name of CARD_CALLS) delete (cards as unknown as Record<string, unknown>)[name]
    delete (remote as unknown as Record<string, unknown>)['call']
  }
  return seen
}
const MemoryProto = (cards: object): Record<string, unknown> => Object.getPrototypeOf(cards) as Record<string, unknown>

function expectWhole(desk = t): void {
  const { enrolment } = desk.remote
  expect(enrolment.state).toBe('issued')
  expect(enrolment.steps.every((step) => step.state === 'done')).toBe(true)
  for (const { slot } of PROFILE.keys) {
    const live = enrolment.certificates.filter(
      (certificate) => certificate.slot === slot && certificate.state === 'issued',
    )
    expect(live, `one living certificate in ${slot}`).toHaveLength(1)
    const onCard = parseCertificate(card.certificates.get(slot)!)
    expect(onCard.serial).toBe(live[0]!.serial)
    expect(Buffer.from(onCard.spki)).toEqual(Buffer.from(card.keys.get(slot)!.spki))
  }
  expect(card).toMatchObject({
    pin: TRANSPORT.pin,
    puk: TRANSPORT.puk,
    managementKey: TRANSPORT.managementKey,
    guid: '1f'.repeat(16),
  })
}

describe('when nothing goes wrong', () => {
  it('makes the card, tells every step and leaves nothing in the store', async () => {
    const running: string[] = []
    t.desk.events.on('enrolment.progress', ({ enrolment, running: isOn }) => {
      const now = enrolment.steps.find((step) => step.state === 'running')
      if (now && running.at(-1) !== now.id) running.push(now.id)
      if (!isOn) running.push('end')
    })
    expect(await personalise()).toMatchObject({ state: 'issued' })
    expectWhole()
    expect(running).toEqual([...t.remote.enrolment.steps.map((step) => step.id), 'end'])
    expect(card.keysMade).toBe(2)
    expect(t.store.readKey(ID, '9A')).toBeNull()
  })
  it('asks for as many tries as the profile says', async () => {
    const asked: unknown[] = []
    const real = t.cards.setPinAndPuk.bind(t.cards)
    t.cards.setPinAndPuk = (request: Parameters<CardPort['setPinAndPuk']>[0]) => {
      asked.push(request.tries)
      return real(request)
    }
    t.remote.enrolment = { ...t.remote.enrolment, profile: { ...PROFILE, pinTries: 5, pukTries: 8 } }
    await personalise()
    expect(asked).toEqual([{ pin: 5, puk: 8 }])
  })
  it('joins a second call to the run', async () => {
    const [a, b] = await Promise.all([personalise(), personalise()])
    expect(a).toEqual(b)
    expect(card.keysMade).toBe(2)
  })
  it('refuses another reader, and rolling back, while it runs', async () => {
    const first = personalise()
    await expect(t.desk.handlers['enrolments.personalise']({ id: ID, reader: 'Reader A' })).rejects.toMatchObject({
      code: 'ENROLMENT_STATE',
    })
    await expect(t.desk.handlers['enrolments.rollBack']({ id: ID, reader: READER, reason: 'x' })).rejects.toMatchObject(
      { code: 'ENROLMENT_STATE' },
    )
    await first
  })
  it('fetches the secrets again when the worker was restarted', async () => {
    const real = t.cards.generateKey.bind(t.cards)
    t.cards.generateKey = (request) => {
      t.cards.restart('worker-2')
      return real(request)
    }
    await personalise()
    expectWhole()
  })
})

describe('when the card is not the right one', () => {
  it.each([
    ['an empty reader', 'CARD_NOT_PRESENT', () => t.cards.insert(READER, null)],
    ['a card in use', 'CARD_NOT_BLANK', () => void (card.pin = '111111')],
    [
      'another card than the one begun',
      'CARD_MISMATCH',
      () => void (t.remote.enrolment = { ...t.remote.enrolment, cardSerial: 'CC' }),
    ],
  ])('refuses %s with %s', async (_what, code, act) => {
    act()
    await expect(personalise()).rejects.toMatchObject({ code, detail: { step: 'claim' } })
    expect(t.remote.calls.some(({ name }) => name === 'startPersonalisation')).toBe(false)
  })
})

describe('when it stops anywhere', () => {
  it('tells the server where and why', async () => {
    t.cards.writeCertificate = async () => {
      throw new AppError('CARD_REMOVED')
    }
    await expect(personalise()).rejects.toMatchObject({ code: 'CARD_REMOVED', detail: { step: 'write:9A' } })
    expect(t.remote.enrolment).toMatchObject({ state: 'interrupted', interruption: { code: 'CARD_REMOVED' } })
    expect(t.remote.enrolment.steps.find(({ id }) => id === 'write:9A')).toMatchObject({
      state: 'failed',
      error: 'CARD_REMOVED',
    })
  })
  it('stops before the next step when the desk locks', async () => {
    const real = t.cards.writeChuid.bind(t.cards)
    t.cards.writeChuid = async (request) => {
      await real(request)
      t.cards.insert('Reader A', null)
    }
    await expect(personalise()).rejects.toMatchObject({ code: expect.stringMatching(/^SESSION_/) as string })
    expect(card.keysMade).toBe(0)
  })

  it('goes on to one certificate per slot, whichever effect failed, in the same desk or a new one', async () => {
    const dry = failAt(t, -1, 'before', false)
    await personalise()
    const total = dry.count
    expect(total).toBeGreaterThan(30)
    await t.end()
    for (const kill of [false, true])
      for (const mode of ['before', 'after'] as const)
        for (let index = 0; index < total; index++) {
          t = await makeDesk()
          card = new MemoryCard('B1A4C001')
          t.cards.insert(READER, card)
          await t.signIn()
          const plan = failAt(t, index, mode, kill)
          await expect(personalise(), `${index} ${mode} ${plan.names.at(-1)}`).rejects.toBeInstanceOf(AppError)
          plan.undo()
          if (kill) {
            t = t.restart()
            await t.signIn()
          }
          await personalise()
          expectWhole()
          // A kept request gives the same certificate: at this desk nothing is ever issued twice.
          expect(t.remote.revoked, `${index} ${mode} ${plan.names[index]}`).toEqual([])
          await t.end()
        }
    t = await makeDesk()
  }, 120_000)

  it('makes a new key where the desk that goes on does not know the old one, and the first certificate is revoked', async () => {
    t.cards.writeCertificate = async () => {
      throw new AppError('CARD_REMOVED')
    }
    await expect(personalise()).rejects.toBeInstanceOf(AppError)
    delete (t.cards as unknown as Record<string, unknown>)['writeCertificate']
    t.store.forgetEnrolment(ID)
    await personalise()
    expectWhole()
    expect(t.remote.revoked).toHaveLength(1)
  })
  it('makes a new key where the card holds another one than the certificate names', async () => {
    t.remote.handlers.completeStep = ({ params }) => {
      if (params.step === 'finish') throw new AppError('NETWORK_OFFLINE')
      delete t.remote.handlers.completeStep
      return t.remote
        .call('completeStep', { params, body: (t.remote.calls.at(-1)!.input as { body: never }).body })
        .finally(() => (t.remote.handlers.completeStep = keep))
    }
    const keep = t.remote.handlers.completeStep
    await expect(personalise()).rejects.toMatchObject({ code: 'NETWORK_OFFLINE' })
    delete t.remote.handlers.completeStep
    card.makeKey('9A', 'ecdsa-p256')
    await personalise()
    expectWhole()
    expect(t.remote.revoked).toHaveLength(1)
  })
})

describe('when it is rolled back', () => {
  beforeEach(async () => {
    t.cards.writeCertificate = async () => {
      throw new AppError('CARD_REMOVED')
    }
    await expect(personalise()).rejects.toBeInstanceOf(AppError)
    delete (t.cards as unknown as Record<string, unknown>)['writeCertificate']
  })
  const rollBack = (reader: string | null) =>
    t.desk.handlers['enrolments.rollBack']({ id: ID, reader, reason: 'Holder left' })
  const told = () => t.remote.calls.findLast(({ name }) => name === 'rollBack')?.input
  it('wipes the card, then tells the server', async () => {
    expect(await rollBack(READER)).toMatchObject({ state: 'approved', cardSerial: null })
    expect(card).toMatchObject({ pin: MAKER.pin, isBlank: true })
    expect(told()).toMatchObject({ body: { cardWiped: true } })
    expect(t.store.readKey(ID, '9A')).toBeNull()
  })
  it('says that the card was not wiped where it is not there', async () => {
    await rollBack(null)
    expect(told()).toMatchObject({ body: { cardWiped: false } })
  })
  it('refuses to wipe another card', async () => {
    t.cards.insert(READER, new MemoryCard('CC'))
    await expect(rollBack(READER)).rejects.toMatchObject({ code: 'CARD_MISMATCH' })
    expect(told()).toBeUndefined()
  })
  it('leaves an enrolment that may begin again on the wiped card', async () => {
    await rollBack(READER)
    await personalise()
    expectWhole()
  })
})
