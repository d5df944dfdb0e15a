import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HTTP, type HttpName, type HttpRoute } from '../../../shared/contract/index.ts'
import { refusal, TestClient } from '../../fakes/server/client.ts'
import {
  approvedEnrolment,
  blankCard,
  completeStep,
  HOLDER,
  makeProofing,
  makeWorker,
  personalise,
  signRecord,
  startEnrolment,
} from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { makeSessionKey } from '../../fakes/server/sign-in.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
let anna: TestClient
let bruno: TestClient
let carla: TestClient
let officer: SoftCard

beforeAll(async () => {
  server = await startServer()
  ;[anna, bruno, carla] = (await Promise.all(['anna', 'bruno', 'carla'].map((one) => server.signIn(one)))) as [
    TestClient,
    TestClient,
    TestClient,
  ]
  officer = server.cards['anna'] as SoftCard
})
afterAll(() => server.close())

const head = () => server.running().foundation.sequencer.state().head
const prepared = async (stop: string | null) => {
  const view = await approvedEnrolment(anna, officer)
  const card = blankCard()
  const now = await personalise(anna, view.id, card, stop)
  return { id: view.id, params: { id: view.id }, card, view: now, body: { cardSerial: card.serial } }
}
const workerKey = makeWorker().key
const checks = ['birth-date' as const, 'card-in-hand' as const]

/** One good call of every route that is not a read. A route left out fails the first test below. */
const CHANGES: Partial<Record<HttpName, () => Promise<() => Promise<unknown>>>> = {
  signIn: async () => () => server.signIn('nadia', {}, 'naples'),
  endSession: async () => {
    const nadia = await server.signIn('nadia', {}, 'naples')
    return () => nadia.call('endSession', { query: {} })
  },
  createHolder: async () => () => anna.call('createHolder', { body: HOLDER }),
  updateHolder: async () => {
    const { id, etag } = await anna.call('createHolder', { body: HOLDER })
    return () => anna.call('updateHolder', { params: { id }, body: HOLDER }, { ifMatch: etag })
  },
  createEnrolment: async () => {
    const { id } = await anna.call('createHolder', { body: HOLDER })
    return () => anna.call('createEnrolment', { body: { holder: id } })
  },
  setProofing: async () => {
    const { enrolment } = await startEnrolment(anna)
    return () =>
      anna.call('setProofing', { params: { id: enrolment.id }, body: makeProofing() }, { ifMatch: enrolment.etag })
  },
  setProfile: async () => {
    const { enrolment } = await startEnrolment(anna)
    return () =>
      anna.call(
        'setProfile',
        { params: { id: enrolment.id }, body: { profile: 'staff-rsa' } },
        { ifMatch: enrolment.etag },
      )
  },
  setRecord: async () => {
    const { enrolment } = await startEnrolment(anna)
    const params = { id: enrolment.id }
    const proofed = await anna.call('setProofing', { params, body: makeProofing() }, { ifMatch: enrolment.etag })
    const chosen = await anna.call('setProfile', { params, body: { profile: 'staff-p256' } }, { ifMatch: proofed.etag })
    return () => signRecord(anna, officer, chosen)
  },
  startPersonalisation: async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const { serial } = blankCard()
    return () =>
      anna.call('startPersonalisation', { params: { id }, body: { cardSerial: serial, atr: '3b00', workerKey } })
  },
  completeStep: async () => {
    const { id, card } = await prepared('chuid')
    return () => completeStep(anna, id, card, 'chuid')
  },
  issueCertificate: async () => {
    const { params, card, body } = await prepared('certificate:9A')
    const csr = Buffer.from(await card.csr('9A')).toString('base64')
    return () => anna.call('issueCertificate', { params, body: { ...body, slot: '9A', csr } })
  },
  interruptPersonalisation: async () => {
    const { params } = await prepared('key:9A')
    return () => anna.call('interruptPersonalisation', { params, body: { code: 'CARD_MUTE', step: 'key:9A' } })
  },
  rollBack: async () => {
    const { params } = await prepared('key:9A')
    return () => anna.call('rollBack', { params, body: { cardWiped: true, reason: 'x' } })
  },
  startHandOver: async () => {
    const { params, body } = await prepared(null)
    return () => anna.call('startHandOver', { params, body: { ...body, workerKey } })
  },
  handOver: async () => {
    const { params, body } = await prepared(null)
    return () => anna.call('handOver', { params, body })
  },
  cancelEnrolment: async () => {
    const { enrolment } = await startEnrolment(anna)
    return () => anna.call('cancelEnrolment', { params: { id: enrolment.id }, body: { reason: 'x' } })
  },
  startUnblock: async () => {
    const { card } = await prepared(null)
    return () =>
      bruno.call('startUnblock', { params: { serial: card.serial }, body: { workerKey, checks, reason: 'x' } })
  },
  finishUnblock: async () => {
    const { card } = await prepared(null)
    const params = { serial: card.serial }
    const { id } = await bruno.call('startUnblock', { params, body: { workerKey, checks, reason: 'x' } })
    return () => bruno.call('finishUnblock', { params: { ...params, id }, body: { outcome: 'done', code: null } })
  },
  revokeCertificate: async () => {
    const { view } = await prepared(null)
    const serial = view.certificates[0]?.serial ?? ''
    return () => anna.call('revokeCertificate', { params: { serial }, body: { reason: 'superseded', note: 'x' } })
  },
  startVerification: async () => () => carla.call('startVerification', { body: { depth: 'quick' } }),
}
/** Not reads, and nothing lasting: a challenge and a console request live a minute in memory, and change nothing. */
const EPHEMERAL: readonly HttpName[] = ['createChallenge', 'createConsoleRequest']
/** Covered in requests.test.ts (needs a console) and by its own entry only while a run goes on. */
const ELSEWHERE: readonly HttpName[] = ['approveConsole', 'cancelVerification']

describe('when anything is changed', () => {
  const changing = (Object.entries(HTTP) as [HttpName, HttpRoute][])
    .filter(([, route]) => route.method !== 'GET')
    .map(([name]) => name)

  it('has a row here for every route that is not a read', () => {
    const known = [...Object.keys(CHANGES), ...EPHEMERAL, ...ELSEWHERE]
    expect(changing.filter((name) => !known.includes(name))).toEqual([])
  })

  it.each(Object.keys(CHANGES) as HttpName[])('leaves an audit entry: %s', async (name) => {
    const call = await (CHANGES[name] as () => Promise<() => Promise<unknown>>)()
    const before = head()
    await call()
    expect(head()).toBeGreaterThan(before)
  })

  it('carries the request’s id into the entry', async () => {
    const requestId = randomUUID()
    const holder = await anna.call('createHolder', { body: HOLDER }, { requestId })
    const { items } = await carla.call('listAudit', { query: { objectType: 'holder', objectId: holder.id } })
    expect(items.map((one) => one.correlationId)).toEqual([requestId])
  })

  it('names office and station as they are called, and finds by a word of the name', async () => {
    const holder = await anna.call('createHolder', { body: HOLDER })
    const about = { objectType: 'holder', objectId: holder.id }
    const list = async (query: object) => (await carla.call('listAudit', { query: { ...about, ...query } })).items
    expect(await list({})).toMatchObject([{ stationName: 'Milan desk', officeName: expect.stringMatching(/Milan/) }])
    for (const [query, found] of [
      [{ station: 'milan' }, 1],
      [{ station: 'desk' }, 1],
      [{ station: 'naples' }, 0],
      [{ station: 'nowhere' }, 0],
      [{ office: 'MILAN' }, 1],
      [{ office: 'naples' }, 0],
    ] as const) {
      expect(await list(query), JSON.stringify(query)).toHaveLength(found)
    }
  })
})

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())

describe('when secrets were made, used and disclosed', () => {
  it('finds none of them in databases, logs or audit payloads', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    const worker = makeWorker()
    const start = { params: { id }, body: { cardSerial: card.serial, atr: '3b00', workerKey: worker.key } }
    const ticket = await anna.call('startPersonalisation', start)
    const { pin, puk, managementKey } = (await worker.open(ticket.secrets)).values
    await personalise(anna, id, card)
    await bruno.call('startUnblock', {
      params: { serial: card.serial },
      body: { workerKey: worker.key, checks, reason: 'x' },
    })
    await refusal(bruno.call('createHolder', { body: HOLDER }))
    const secrets = [pin, puk, managementKey, anna.token, bruno.token].filter(
      (one): one is string => typeof one === 'string',
    )
    expect(secrets).toHaveLength(5)
    const needles = secrets.flatMap((one) => [
      Buffer.from(one),
      ...(/^[0-9a-f]{48}$/.test(one) ? [Buffer.from(one, 'hex')] : []),
    ])
    const files = filesUnder(server.folder)
    expect(files.some((file) => file.endsWith('operational.db-wal') || file.endsWith('operational.db'))).toBe(true)
    for (const file of files) {
      const bytes = readFileSync(file)
      for (const [at, needle] of needles.entries())
        expect([file, at, bytes.includes(needle)]).toEqual([file, at, false])
    }
    for (const secret of secrets) expect(server.log().includes(secret)).toBe(false)
    expect(server.log()).not.toContain('Countersign ey')
  })

  it('keeps codes apart, and none trivial', async () => {
    const seen = new Set<string>()
    for (let n = 0; n < 5; n += 1) {
      const { id } = await approvedEnrolment(anna, officer)
      const worker = makeWorker()
      const body = { cardSerial: blankCard().serial, atr: '3b00', workerKey: worker.key }
      const { values } = await worker.open((await anna.call('startPersonalisation', { params: { id }, body })).secrets)
      for (const value of Object.values(values)) if (value !== undefined) seen.add(value)
    }
    expect(seen.size).toBe(15)
  })
})

describe('when the chain cannot be written', () => {
  it('refuses changes before they are made, still reads, and says so', async () => {
    const small = await startServer()
    try {
      const ro = await small.signIn('anna')
      await small.running().foundation.sequencer.close()
      const before = await ro.call('listHolders', { query: {} })
      expect((await refusal(ro.call('createHolder', { body: HOLDER }))).code).toBe('AUDIT_CHAIN_UNWRITABLE')
      expect((await ro.call('listHolders', { query: {} })).items).toHaveLength(before.items.length)
      expect((await refusal(ro.call('endSession', { query: { why: 'card-removed' } }))).code).toBe(
        'AUDIT_CHAIN_UNWRITABLE',
      )
      expect((await refusal(ro.call('readSession', {}))).code).toBe('SESSION_LOCKED')
      const ready = await small.transport({ method: 'GET', path: '/health/ready', headers: {}, body: null })
      expect(ready.status).toBe(503)
    } finally {
      await small.close()
    }
  })
})

describe('when keys are in an HSM', () => {
  it('signs in, issues and verifies the same way (SoftHSM2 where it is there)', async () => {
    const hsm = await startServer({ keys: 'softhsm' })
    try {
      const ping = await new TestClient(hsm.transport).call('ping', {})
      const ro = await hsm.signIn('anna')
      const issued = await personalise(ro, (await approvedEnrolment(ro, hsm.cards['anna'] as SoftCard)).id, blankCard())
      expect([issued.state, ping.keys]).toEqual(['issued', hsm.config.keys.kind === 'pkcs11' ? 'hsm' : 'software'])
      expect(makeSessionKey().jwk.kty).toBe('EC')
    } finally {
      await hsm.close()
    }
  })
})
