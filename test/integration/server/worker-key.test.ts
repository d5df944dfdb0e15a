import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WorkerKeyVoucher } from '../../../shared/contract/index.ts'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import { approvedEnrolment, blankCard, makeWorker, personalise } from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
let anna: TestClient
let bruno: TestClient
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

beforeAll(async () => {
  server = await startServer()
  anna = await server.signIn('anna')
  bruno = await server.signIn('bruno')
})
afterAll(() => server.close())

/** Entries of a kind in the chain, newest first. */
const told = async (action: 'AccessDenied' | 'Disclosure'): Promise<number> => {
  const { db } = server.running().foundation.databases.audit
  const { n } = await db
    .selectFrom('entry')
    .innerJoin('word', 'word.id', 'entry.action')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('word.text', '=', action)
    .executeTakeFirstOrThrow()
  return n
}
const enrolmentOf = async (client: TestClient): Promise<string> =>
  (await approvedEnrolment(client, server.cards['anna'] as SoftCard)).id

interface About {
  readonly id: string
  readonly cardSerial: string
  readonly key: ReturnType<typeof makeWorker>['key']
}
type Vouch = (about: About) => WorkerKeyVoucher | Promise<WorkerKeyVoucher>
const honest = ({ id: subject, ...about }: About) => ({ purpose: 'personalisation' as const, subject, ...about })

const REFUSED: readonly (readonly [string, string, Vouch])[] = [
  ['a key that another key vouches for', 'signature', (about) => anna.vouch(honest(about), { by: newKey() })],
  [
    'the word of another registered station',
    'signature',
    (about) => anna.vouch(honest(about), { by: server.stations.naples.key }),
  ],
  [
    'the word of another station in its own name',
    'signature',
    (about) => anna.vouch(honest(about), { by: server.stations.naples.key, station: server.stations.naples.id }),
  ],
  ['a word given for another key', 'signature', (about) => anna.vouch({ ...honest(about), key: makeWorker().key })],
  ['a word given for another card', 'signature', (about) => anna.vouch({ ...honest(about), cardSerial: 'C1000000' })],
  ['a word given for another purpose', 'signature', (about) => anna.vouch({ ...honest(about), purpose: 'hand-over' })],
  [
    'a word given for another enrolment',
    'signature',
    async (about) => anna.vouch({ ...honest(about), subject: await enrolmentOf(anna) }),
  ],
  ["a word given in another officer's session", 'signature', (about) => bruno.vouch(honest(about))],
  ['a word given to another server', 'signature', (about) => anna.vouch(honest(about), { serverName: 'elsewhere' })],
  ['a word of before', 'time', (about) => anna.vouch(honest(about), { time: Date.now() - 121_000 })],
  ['a word of later', 'time', (about) => anna.vouch(honest(about), { time: Date.now() + 130_000 })],
  ['a word whose time was changed', 'signature', (about) => ({ ...anna.vouch(honest(about)), time: Date.now() - 50 })],
  ['no signature', 'signature', () => ({ time: Date.now(), signature: 'AAAA' })],
]

describe('when codes are to be sealed to a card worker', () => {
  it.each(REFUSED)('refuses %s, says so in the audit, and discloses nothing', async (_what, why, vouch) => {
    const id = await enrolmentOf(anna)
    const about = { id, cardSerial: blankCard().serial, key: makeWorker().key }
    const vouched = await vouch(about)
    const before = { denied: await told('AccessDenied'), disclosed: await told('Disclosure') }
    const body = { cardSerial: about.cardSerial, atr: '3b00', workerKey: about.key, vouched }
    const { code, detail } = await refusal(anna.call('startPersonalisation', { params: { id }, body }))
    expect({ code, ...detail }).toEqual({ code: 'ACCESS_DENIED', reason: `worker-key-${why}` })
    expect(await told('AccessDenied')).toBe(before.denied + 1)
    expect(await told('Disclosure')).toBe(before.disclosed)
    expect((await anna.call('readEnrolment', { params: { id } })).state).toBe('approved')
  })

  it('refuses a request without it', async () => {
    const id = await enrolmentOf(anna)
    const path = `/api/v1/enrolments/${id}/personalisation`
    const body = { cardSerial: blankCard().serial, atr: '3b00', workerKey: makeWorker().key }
    const answer = await anna.send('POST', path, Buffer.from(JSON.stringify(body)))
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'REQUEST_INVALID', detail: { path: 'body.vouched' } })
  })

  it('takes what the station says, for the same enrolment again too', async () => {
    const id = await enrolmentOf(anna)
    const card = blankCard()
    await personalise(anna, id, card)
    const worker = makeWorker()
    const body = { cardSerial: card.serial, workerKey: worker.key }
    const { secrets } = await anna.call('startHandOver', { params: { id }, body })
    expect(await worker.open(secrets)).toMatchObject({ use: 'card-secrets', card: card.serial })
  })

  it('takes a word for one unblocking for no other', async () => {
    const card = blankCard()
    await personalise(anna, await enrolmentOf(anna), card)
    const params = { serial: card.serial }
    const key = makeWorker().key
    const first = randomUUID()
    const vouched = bruno.vouch({ purpose: 'unblock', subject: first, cardSerial: card.serial, key })
    const body = { workerKey: key, vouched, checks: ['card-in-hand' as const, 'birth-date' as const], reason: 'x' }
    const { id } = await bruno.call('startUnblock', { params, body }, { idempotencyKey: first })
    await bruno.call('finishUnblock', { params: { ...params, id }, body: { outcome: 'done', code: null } })
    const again = bruno.call('startUnblock', { params, body }, { idempotencyKey: randomUUID() })
    expect(await refusal(again)).toMatchObject({
      code: 'ACCESS_DENIED',
      detail: { reason: 'worker-key-signature' },
    })
  })

  it('takes no word of a station that was suspended', async () => {
    const nadia = await server.signIn('nadia', {}, 'naples')
    const id = await enrolmentOf(anna)
    const { db } = server.running().foundation.databases.operational
    const suspend = (status: 'active' | 'suspended') =>
      db.updateTable('station').set({ status }).where('id', '=', server.stations.naples.id).execute()
    await suspend('suspended')
    const body = { cardSerial: blankCard().serial, atr: '3b00', workerKey: makeWorker().key }
    const { code, detail } = await refusal(nadia.call('startPersonalisation', { params: { id }, body }))
    await suspend('active')
    expect({ code, reason: detail['reason'] }).toEqual({ code: 'ACCESS_DENIED', reason: 'worker-key-station' })
  })
})
