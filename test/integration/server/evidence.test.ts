import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLog } from '../../../server/log/log.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { refusal, TestClient } from '../../fakes/server/client.ts'
import { approvedEnrolment, blankCard, HOLDER, makeWorker, personalise } from '../../fakes/server/enrol.ts'
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

const checks = ['birth-date' as const, 'card-in-hand' as const]

describe('when anything is changed', () => {
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

/** Everything the audit gives out: lists, trails, reviews as files, and what the shell prints. */
const everythingGiven = async (): Promise<unknown[]> => {
  const params = { year: new Date().getUTCFullYear() }
  const { items } = await carla.call('listAudit', { query: { limit: 200 } })
  const entries = await Promise.all(
    items.map(({ chain, sequence }) => carla.call('readAudit', { params: { chain, sequence } })),
  )
  const shell = await runCommand(server.config, ['audit', 'list'], { limit: '200' }, makeLog('silent'))
  return [
    items,
    entries,
    shell,
    await carla.call('exportAccessReview', { params, body: { format: 'csv' } }),
    await carla.call('exportAccessReview', { params, body: { format: 'json' } }),
    await carla.call('listAccess', { query: {} }),
    await carla.call('listVerifications', { query: {} }),
  ]
}

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
    // What the index of words holds is packed: it is asked instead of read.
    for (const text of secrets) expect((await carla.call('listAudit', { query: { text } })).items).toEqual([])
    const given = JSON.stringify(await everythingGiven())
    for (const secret of secrets) expect(given.includes(secret)).toBe(false)
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
