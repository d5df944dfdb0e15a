import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal, TestClient } from '../../fakes/server/client.ts'
import {
  approvedEnrolment,
  blankCard,
  HOLDER,
  makeWorker,
  personalise,
  startEnrolment,
} from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { makeSessionKey } from '../../fakes/server/sign-in.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { canonicalBytes } from '../../../shared/audit/jcs.ts'

let server: TestServer
let anna: TestClient
let carla: TestClient

beforeAll(async () => {
  server = await startServer({ listen: true })
  anna = await server.signIn('anna')
  carla = await server.signIn('carla')
})
afterAll(() => server.close())

const session = '/api/v1/session'
const codeOf = (text: string): string => (JSON.parse(text) as { code: string }).code

describe('when a request proves its session, over HTTPS', () => {
  it('refuses the token without its key', async () => {
    const headers = { authorization: `Countersign ${anna.token}` }
    const answer = await anna.raw({ method: 'GET', path: session, headers, body: null })
    expect([answer.status, codeOf(answer.text)]).toEqual([401, 'SESSION_PROOF_INVALID'])
  })

  it('refuses a proof made by another key', async () => {
    const headers = { ...carla.proof('GET', session, null), authorization: `Countersign ${anna.token}` }
    const answer = await anna.raw({ method: 'GET', path: session, headers, body: null })
    expect(codeOf(answer.text)).toBe('SESSION_PROOF_INVALID')
  })

  it('refuses the same proof again', async () => {
    const headers = anna.proof('GET', session, null)
    expect((await anna.raw({ method: 'GET', path: session, headers, body: null })).status).toBe(200)
    expect(codeOf((await anna.raw({ method: 'GET', path: session, headers, body: null })).text)).toBe(
      'SESSION_PROOF_INVALID',
    )
  })

  const rows: [string, () => Record<string, string>, string, string][] = [
    ['another path', () => anna.proof('GET', session, null), 'GET', '/api/v1/holders'],
    ['another query', () => anna.proof('GET', '/api/v1/holders?limit=1', null), 'GET', '/api/v1/holders?limit=2'],
    ['another method', () => anna.proof('GET', session, null), 'DELETE', session],
    ['an old time', () => anna.proof('GET', session, null, { timeMs: Date.now() - 61_000 }), 'GET', session],
    ['a time ahead', () => anna.proof('GET', session, null, { timeMs: Date.now() + 61_000 }), 'GET', session],
    ['no proof at all', () => ({ authorization: `Countersign ${anna.token}`, 'session-proof': 'x' }), 'GET', session],
  ]
  it.each(rows)('refuses %s', async (_name, headers, method, path) => {
    const answer = await anna.raw({ method, path, headers: headers(), body: null })
    expect(codeOf(answer.text)).toBe('SESSION_PROOF_INVALID')
  })

  it('refuses another body than the one proved', async () => {
    const path = '/api/v1/holders'
    const proved = Buffer.from(JSON.stringify(HOLDER))
    const sent = Buffer.from(JSON.stringify({ ...HOLDER, familyName: 'Other' }))
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...anna.proof('POST', path, proved),
    }
    expect(codeOf((await anna.raw({ method: 'POST', path, headers, body: sent })).text)).toBe('SESSION_PROOF_INVALID')
  })

  it('takes proofs out of order within the window, each once', async () => {
    const counters = [1003, 1001, 1002]
    for (const offset of counters) {
      const headers = anna.proof('GET', session, null, { counter: offset })
      expect((await anna.raw({ method: 'GET', path: session, headers, body: null })).status).toBe(200)
    }
    const headers = anna.proof('GET', session, null, { counter: 1002 })
    expect((await anna.raw({ method: 'GET', path: session, headers, body: null })).status).toBe(401)
    // Leave the counter where the rest of the file goes on from.
    while (anna.nextCounter() < 1003);
  })

  it('refuses a token nobody has', async () => {
    const headers = { authorization: `Countersign ${'x'.repeat(43)}`, 'session-proof': 'x' }
    expect(codeOf((await anna.raw({ method: 'GET', path: session, headers, body: null })).text)).toBe(
      'SESSION_REQUIRED',
    )
  })
})

describe('when a creating call is sent again', () => {
  it('gives the same answer and makes nothing new', async () => {
    const key = randomUUID()
    const one = await anna.call('createHolder', { body: HOLDER }, { idempotencyKey: key })
    const two = await anna.call('createHolder', { body: HOLDER }, { idempotencyKey: key })
    expect(two).toEqual(one)
  })

  it('makes one of two at once', async () => {
    const key = randomUUID()
    const made = await Promise.all(
      [1, 2, 3].map(() => anna.call('createHolder', { body: HOLDER }, { idempotencyKey: key })),
    )
    expect(new Set(made.map((one) => one.id)).size).toBe(1)
  })

  it('refuses the key with another body', async () => {
    const key = randomUUID()
    await anna.call('createHolder', { body: HOLDER }, { idempotencyKey: key })
    const other = anna.call('createHolder', { body: { ...HOLDER, givenNames: 'Other' } }, { idempotencyKey: key })
    expect((await refusal(other)).code).toBe('REQUEST_IDEMPOTENCY_REUSED')
  })

  it('refuses a call without a key', async () => {
    const refused = await refusal(anna.call('createHolder', { body: HOLDER }, { idempotencyKey: null }))
    expect(refused).toMatchObject({ code: 'REQUEST_INVALID', detail: { path: 'idempotency-key' } })
  })

  it('is the same after a restart', async () => {
    const key = randomUUID()
    const one = await anna.call('createHolder', { body: HOLDER }, { idempotencyKey: key })
    await server.restart()
    expect(await anna.call('createHolder', { body: HOLDER }, { idempotencyKey: key })).toEqual(one)
  })
})

describe('when something is changed', () => {
  it('wants the version seen, and refuses another', async () => {
    const holder = await anna.call('createHolder', { body: HOLDER })
    const change = (ifMatch: string | null) =>
      anna.call('updateHolder', { params: { id: holder.id }, body: { ...HOLDER, email: null } }, { ifMatch })
    expect((await refusal(change(null))).status).toBe(428)
    expect((await refusal(change('"99"'))).status).toBe(412)
    expect((await refusal(change('W/"1"'))).code).toBe('REQUEST_INVALID')
    const changed = await change(holder.etag)
    expect(changed.etag).not.toBe(holder.etag)
    expect((await refusal(change(holder.etag))).status).toBe(412)
  })
})

describe('when offices are apart', () => {
  it('shows an officer nothing of another office, in any list or by name', async () => {
    const nadia = await server.signIn('nadia', {}, 'naples')
    const officer = server.cards['nadia'] as SoftCard
    const theirs = await approvedEnrolment(nadia, officer)
    const card = blankCard()
    await personalise(nadia, theirs.id, card)
    const { holder } = theirs
    const seen = async (client: TestClient) => ({
      holders: (await client.call('listHolders', { query: { limit: 200 } })).items.some((one) => one.id === holder.id),
      found: (await client.call('listHolders', { query: { text: 'giulia' } })).items.some(
        (one) => one.id === holder.id,
      ),
      enrolments: (await client.call('listEnrolments', { query: { limit: 200 } })).items.some(
        (one) => one.id === theirs.id,
      ),
      ofHolder: (await client.call('listEnrolments', { query: { holder: holder.id } })).items.length > 0,
      cards: (await client.call('listCards', { query: { limit: 200 } })).items.some(
        (one) => one.serial === card.serial,
      ),
      byText: (await client.call('listCards', { query: { text: card.serial } })).items.length > 0,
      trail:
        (await client.call('readTrail', { params: { objectType: 'holder', objectId: holder.id }, query: {} })).items
          .length > 0,
    })
    const all = (value: boolean) => ({
      holders: value,
      found: value,
      enrolments: value,
      ofHolder: value,
      cards: value,
      byText: value,
      trail: value,
    })
    expect(await seen(nadia)).toEqual(all(true))
    expect(await seen(anna)).toEqual(all(false))
    const own = { ifMatch: '"1"' }
    const certificate =
      (await nadia.call('readCard', { params: { serial: card.serial } })).certificates[0]?.serial ?? ''
    const byName: [() => Promise<unknown>, string][] = [
      [() => anna.call('readHolder', { params: { id: holder.id } }), 'HOLDER_NOT_FOUND'],
      [() => anna.call('listHolderCards', { params: { id: holder.id } }), 'HOLDER_NOT_FOUND'],
      [() => anna.call('updateHolder', { params: { id: holder.id }, body: HOLDER }, own), 'HOLDER_NOT_FOUND'],
      [() => anna.call('createEnrolment', { body: { holder: holder.id } }), 'HOLDER_NOT_FOUND'],
      [() => anna.call('readEnrolment', { params: { id: theirs.id } }), 'ENROLMENT_NOT_FOUND'],
      [() => anna.call('cancelEnrolment', { params: { id: theirs.id }, body: { reason: 'x' } }), 'ENROLMENT_NOT_FOUND'],
      [() => anna.call('readCard', { params: { serial: card.serial } }), 'CARD_NOT_FOUND'],
      [
        () =>
          anna.call('revokeCertificate', {
            params: { serial: certificate },
            body: { reason: 'unspecified', note: 'x' },
          }),
        'CERTIFICATE_NOT_FOUND',
      ],
    ]
    for (const [call, code] of byName) expect((await refusal(call())).code).toBe(code)
  })
})

describe('when an operator lacks the right', () => {
  it('refuses and writes it to the audit', async () => {
    const bruno = await server.signIn('bruno')
    const requestId = randomUUID()
    const refused = await refusal(bruno.call('createHolder', { body: HOLDER }, { requestId }))
    expect([refused.status, refused.code]).toEqual([403, 'ACCESS_DENIED'])
    const { items } = await carla.call('listAudit', { query: { action: 'AccessDenied', operator: 'bruno' } })
    expect(items[0]).toMatchObject({
      operatorName: 'Bruno Bianchi',
      objectType: 'route',
      objectId: 'createHolder',
      correlationId: requestId,
    })
  })

  const rows: [string, string, (client: TestClient) => Promise<unknown>][] = [
    ['help desk', 'bruno', (c) => c.call('listAudit', { query: {} })],
    ['help desk', 'bruno', (c) => c.call('listOperators', { query: {} })],
    ['registration officer', 'anna', (c) => c.call('readHealth', {})],
    ['registration officer', 'anna', (c) => c.call('startVerification', { body: { depth: 'quick' } })],
    ['auditor', 'carla', (c) => c.call('listHolders', { query: {} })],
    ['administrator', 'dario', (c) => c.call('listAudit', { query: {} })],
    [
      'administrator',
      'dario',
      (c) =>
        c.call('startUnblock', {
          params: { serial: 'AA' },
          body: { workerKey: makeWorker().key, checks: ['card-in-hand', 'birth-date'], reason: 'x' },
        }),
    ],
  ]
  it.each(rows)('refuses the %s (%s)', async (_role, operator, attempt) => {
    expect((await refusal(attempt(await server.signIn(operator)))).code).toBe('ACCESS_DENIED')
  })
})

describe('when a PIN is unblocked', () => {
  it('gives the PUK to the worker only, with a Disclosure entry before it', async () => {
    const officer = server.cards['anna'] as SoftCard
    const card = blankCard()
    const { id } = await approvedEnrolment(anna, officer)
    await personalise(anna, id, card)
    const bruno = await server.signIn('bruno')
    const worker = makeWorker()
    const params = { serial: card.serial }
    const body = {
      workerKey: worker.key,
      checks: ['card-in-hand' as const, 'birth-date' as const],
      reason: 'PIN forgotten',
    }
    const key = randomUUID()
    const started = await bruno.call('startUnblock', { params, body }, { idempotencyKey: key })
    const opened = await worker.open(started.secrets)
    expect(opened).toMatchObject({ use: 'puk', card: card.serial })
    expect(Object.keys(opened.values)).toEqual(['puk'])
    const again = await bruno.call('startUnblock', { params, body }, { idempotencyKey: key })
    expect(again.id).toBe(started.id)
    const { items } = await carla.call('listAudit', { query: { action: 'Disclosure', operator: 'bruno' } })
    expect(items).toHaveLength(2)
    const done = { params: { ...params, id: started.id }, body: { outcome: 'done' as const, code: null } }
    await bruno.call('finishUnblock', done)
    await bruno.call('finishUnblock', done)
    const failed = { ...done, body: { outcome: 'failed' as const, code: 'CARD_PUK_WRONG' as const } }
    expect((await refusal(bruno.call('finishUnblock', failed))).code).toBe('REQUEST_CONFLICT')
  })

  it('refuses a card that is not active, and a key that is no point', async () => {
    const bruno = await server.signIn('bruno')
    const { id } = await approvedEnrolment(anna, server.cards['anna'] as SoftCard)
    const card = blankCard()
    await personalise(anna, id, card, 'key:9A')
    const params = { serial: card.serial }
    const body = { workerKey: makeWorker().key, checks: ['card-in-hand' as const, 'birth-date' as const], reason: 'x' }
    expect((await refusal(bruno.call('startUnblock', { params, body }))).detail['state']).toBe('personalising')
    const off = { ...body.workerKey, x: 'A'.repeat(43) }
    const bad = bruno.call('startUnblock', { params, body: { ...body, workerKey: off } })
    expect((await refusal(bad)).code).toBe('REQUEST_INVALID')
  })
})

describe('when a certificate is revoked', () => {
  it('ends the sessions of the operator it belonged to, and stands on the list', async () => {
    const extra = await startServer()
    try {
      const officer = await extra.signIn('anna')
      const serial = extra.setup.operators['anna']?.serials['9A'] ?? ''
      const revoked = await officer.call('revokeCertificate', {
        params: { serial },
        body: { reason: 'keyCompromise', note: 'lost' },
      })
      expect(revoked).toMatchObject({ state: 'revoked', revocationReason: 'keyCompromise' })
      expect((await refusal(officer.call('readSession', {}))).status).toBe(401)
      expect((await refusal(extra.signIn('anna'))).code).toBe('CERTIFICATE_REVOKED')
    } finally {
      await extra.close()
    }
  })
})

describe('when a console is signed in through a desk', () => {
  const open = async () => {
    const anyone = new TestClient(server.transport)
    const key = makeSessionKey()
    const request = await anyone.call('createConsoleRequest', { body: { sessionKey: key.jwk } })
    const approve = async (client: TestClient, operator: string, change: Record<string, unknown> = {}) => {
      const found = await client.call('findConsoleRequest', { params: { code: request.code } })
      const statement = canonicalBytes({
        type: 'countersign/console-sign-in/v1',
        challenge: found.id,
        nonce: found.nonce,
        serverName: found.serverName,
        serverCertificate: server.setting().tlsDigest,
        station: server.stations.milan.id,
        sessionKey: { ...found.sessionKey },
        console: { request: found.id, code: request.code },
        time: Date.now(),
        ...change,
      } as never)
      const cms = await (server.cards[operator] as SoftCard).sign('9A', statement, true)
      const body = { statement: Buffer.from(statement).toString('base64'), cms: Buffer.from(cms).toString('base64') }
      return client.call('approveConsole', { params: { code: request.code }, body })
    }
    const ask = () => anyone.call('readConsoleRequest', { params: { id: request.id } })
    return { request, key, approve, ask }
  }

  it('gives the console a session of its own', async () => {
    const { request, key, approve, ask } = await open()
    expect(await ask()).toEqual({ state: 'waiting' })
    await approve(carla, 'carla')
    const answer = await ask()
    if (answer.state !== 'approved') throw new Error(answer.state)
    const proofKey = key.derive(request.ephemeralKey, request.nonce)
    const desk = new TestClient(server.transport, { token: answer.token, proofKey, session: answer.session })
    expect(await desk.call('readSession', {})).toMatchObject({
      kind: 'console',
      role: 'AO',
      operator: { name: 'Carla Verdi' },
    })
    expect((await desk.call('listAudit', { query: { limit: 5 } })).items).toHaveLength(5)
  })

  it('refuses who may not use the console, another card, and a second try', async () => {
    const one = await open()
    expect((await refusal(one.approve(anna, 'anna'))).code).toBe('ACCESS_DENIED')
    const refused = await refusal(one.approve(carla, 'dario'))
    expect(refused.detail['reason']).toBe('other-operator')
    expect(await one.ask()).toEqual({ state: 'refused' })
    expect((await refusal(one.approve(carla, 'carla'))).code).toBe('NOT_FOUND')
    const two = await open()
    expect(
      (await refusal(two.approve(carla, 'carla', { console: { request: one.request.id, code: two.request.code } })))
        .detail['reason'],
    ).toBe('console')
  })
})

describe('when the audit is read and verified', () => {
  it('shows an object’s trail with before and after', async () => {
    const { holder } = await startEnrolment(anna)
    await anna.call(
      'updateHolder',
      { params: { id: holder.id }, body: { ...HOLDER, givenNames: 'Giulietta' } },
      { ifMatch: holder.etag },
    )
    const { items } = await anna.call('readTrail', { params: { objectType: 'holder', objectId: holder.id }, query: {} })
    expect(items.map((one) => one.action)).toEqual(['Insertion', 'Modification'])
    expect(items[1]?.changed).toContain('givenNames')
    expect(items[1]).toMatchObject({ before: { givenNames: HOLDER.givenNames }, after: { givenNames: 'Giulietta' } })
  })

  it('passes a full verification', async () => {
    const { id } = await carla.call('startVerification', { body: { depth: 'full' } })
    let view = await carla.call('readVerification', { params: { id } })
    while (view.state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, 20))
      view = await carla.call('readVerification', { params: { id } })
    }
    expect(view).toMatchObject({ state: 'passed', faults: [] })
    expect((await carla.call('listVerifications', { query: {} })).items[0]?.id).toBe(id)
  })

  it('says how the server is', async () => {
    const dario = await server.signIn('dario')
    const health = await dario.call('readHealth', {})
    expect(health.chain.state).toBe('running')
    expect(health.checks.filter((check) => check.state === 'failed')).toEqual([])
    expect((await dario.call('listOperators', { query: {} })).items.length).toBeGreaterThan(4)
    expect((await dario.call('listStations', { query: {} })).items).toHaveLength(2)
  })
})
