import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalBytes } from '../../../shared/audit/jcs.ts'
import type { JsonObject } from '../../../shared/audit/json.ts'
import { parseCertificate } from '../../../shared/pki/index.ts'
import { refusal, TestClient } from '../../fakes/server/client.ts'
import {
  HOLDER,
  approvedEnrolment,
  blankCard,
  makeProofing,
  makeWorker,
  personalise,
  signRecord,
  startEnrolment,
} from '../../fakes/server/enrol.ts'
import { makeSessionKey } from '../../fakes/server/sign-in.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
let anna: TestClient
let officer: SoftCard

beforeAll(async () => {
  server = await startServer({
    operators: [
      {
        key: 'ezio',
        name: 'Ezio Doppio',
        grants: [
          { role: 'RO', scope: { kind: 'office', key: 'milan' } },
          { role: 'AO', scope: { kind: 'everything' } },
        ],
      },
    ],
  })
  anna = await server.signIn('anna')
  officer = server.cards['anna'] as SoftCard
})
afterAll(() => server.close())

const database = () => server.running().foundation.databases.operational.db
const session = '/api/v1/session'
const checks = ['card-in-hand' as const, 'birth-date' as const]
const issueFor = async (client: TestClient, id: string, card: SoftCard) => {
  const csr = Buffer.from(await card.csr('9A')).toString('base64')
  const body = { cardSerial: card.serial, slot: '9A' as const, csr }
  return client.call('issueCertificate', { params: { id }, body })
}
/** Good certificates the CA has issued for an enrolment. */
const goodAtCa = async (enrolment: string): Promise<number> => {
  const rows = await database()
    .selectFrom('ca_certificate')
    .select('serial')
    .where('request_key', 'like', `${enrolment}:%`)
    .where('status', '=', 'issued')
    .where('der', 'is not', null)
    .execute()
  return rows.length
}

describe('when a proof is taken and the server starts again', () => {
  it('refuses the proof of a clock ahead, and goes on with that clock', async () => {
    const fast = await server.signIn('anna')
    const ahead = () => Date.now() + 50_000
    const headers = fast.proof('GET', session, null, { timeMs: ahead() })
    const send = (given: Record<string, string>) =>
      fast.raw({ method: 'GET', path: session, headers: given, body: null })
    expect((await send(headers)).status).toBe(200)
    await server.restart()
    expect((await send(headers)).text).toContain('SESSION_PROOF_INVALID')
    expect((await send(fast.proof('GET', session, null, { timeMs: ahead() + 1000 }))).status).toBe(200)
    expect((await anna.call('readSession', {})).operator.name).toBe('Anna Rossi')
  })
})

describe('when an enrolment is changed beside the desk', () => {
  it('names in the certificate whom the officer signed for, whoever is edited afterwards', async () => {
    const approved = await approvedEnrolment(anna, officer)
    const { holder } = approved
    await anna.call(
      'updateHolder',
      { params: { id: holder.id }, body: { ...HOLDER, givenNames: 'Mallory', email: 'mallory@example.test' } },
      { ifMatch: holder.etag },
    )
    const card = blankCard()
    await personalise(anna, approved.id, card, 'write:9A')
    const certificate = parseCertificate(card.certificate('9A'))
    expect(certificate.subject.commonName).toBe(`${HOLDER.givenNames} ${HOLDER.familyName}`)
    expect(certificate.subjectAltName?.email).toEqual([HOLDER.email])
  })

  it('gives no certificate that outlives its card', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    await personalise(anna, id, card, 'certificate:9A')
    const end = Date.now() + 86_400_000
    await database().updateTable('card').set({ expires_at: end }).where('serial', '=', card.serial).execute()
    const { certificate } = await issueFor(anna, id, card)
    expect(certificate.notAfter).toBe(Math.floor(end / 1000) * 1000)
  })

  it.each([0, 1, 2, 4, 8])(
    'leaves no good certificate when it is rolled back meanwhile (%i turns later)',
    async (turns) => {
      const { id } = await approvedEnrolment(anna, officer)
      const card = blankCard()
      await personalise(anna, id, card, 'certificate:9A')
      const issuing = issueFor(anna, id, card).catch((error: unknown) => error)
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      const rolled = await anna.call('rollBack', { params: { id }, body: { cardWiped: true, reason: 'other desk' } })
      await issuing
      expect(rolled.state).toBe('approved')
      expect(await goodAtCa(id)).toBe(0)
      const open = await database()
        .selectFrom('certificate')
        .select('id')
        .where('enrolment_id', '=', id)
        .where('state', '!=', 'revoked')
        .execute()
      expect(open).toEqual([])
    },
  )

  it('starts one card of two asked for at once from two desks', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const start = () => {
      const body = { cardSerial: blankCard().serial, atr: '3b00', workerKey: makeWorker().key }
      return anna.call('startPersonalisation', { params: { id }, body }).then(
        () => 'started',
        (error: unknown) => (error as { code: string }).code,
      )
    }
    expect((await Promise.all([start(), start(), start()])).toSorted()).toEqual([
      'CARD_MISMATCH',
      'CARD_MISMATCH',
      'started',
    ])
  })
})

describe('when a PUK is asked for', () => {
  const activeCard = async (): Promise<SoftCard> => {
    const card = blankCard()
    await personalise(anna, (await approvedEnrolment(anna, officer)).id, card)
    return card
  }
  const unblock = (client: TestClient, card: SoftCard, idempotencyKey: string = randomUUID()) => {
    const body = { workerKey: makeWorker().key, checks, reason: 'PIN forgotten' }
    return client.call('startUnblock', { params: { serial: card.serial }, body }, { idempotencyKey })
  }

  it('opens no code whose row was given to another card', async () => {
    const [victim, own] = [await activeCard(), await activeCard()]
    const idOf = (card: SoftCard) => sql<string>`(select id from card where serial = ${card.serial})`
    await database().deleteFrom('secret_code').where('owner_id', '=', own.serial).where('kind', '=', 'puk').execute()
    await database()
      .updateTable('secret_code')
      .set({ card_id: idOf(own) })
      .where('owner_id', '=', victim.serial)
      .where('kind', '=', 'puk')
      .execute()
    const refused = await refusal(unblock(await server.signIn('bruno'), own))
    expect(refused).toMatchObject({ code: 'VAULT_UNAVAILABLE', detail: { reason: 'altered' } })
  })

  it('gives it for an unblocking that goes on, not again once it ended', async () => {
    const bruno = await server.signIn('bruno')
    const card = await activeCard()
    const key = randomUUID()
    const body = { workerKey: makeWorker().key, checks, reason: 'PIN forgotten' }
    const ask = () => bruno.call('startUnblock', { params: { serial: card.serial }, body }, { idempotencyKey: key })
    const { id } = await ask()
    const params = { serial: card.serial, id }
    await bruno.call('finishUnblock', { params, body: { outcome: 'done', code: null } })
    expect((await refusal(ask())).code).toBe('REQUEST_CONFLICT')
  })
})

describe('when a certificate is revoked and held at once', () => {
  it('stays revoked, in the books and at the CA', async () => {
    const card = blankCard()
    await personalise(anna, (await approvedEnrolment(anna, officer)).id, card)
    const { serial } = parseCertificate(card.certificate('9A'))
    const revoke = (reason: 'keyCompromise' | 'certificateHold') =>
      anna.call('revokeCertificate', { params: { serial }, body: { reason, note: 'x' } }).catch(() => null)
    await Promise.all([revoke('keyCompromise'), revoke('certificateHold'), revoke('certificateHold')])
    const view = await anna.call('readCard', { params: { serial: card.serial } })
    expect(view.certificates.find((one) => one.serial === serial)?.state).toBe('revoked')
    expect((await server.running().foundation.caStore.findBySerial(serial))?.state.status).toBe('revoked')
  })
})

describe('when a session row cannot be opened', () => {
  it('still ends the sessions of an operator whose certificate is revoked', async () => {
    const other = await startServer()
    try {
      const mine = await other.signIn('anna')
      const theirs = await other.signIn('bruno')
      await other.whileStopped(() => Promise.resolve())
      await other
        .running()
        .foundation.databases.operational.db.updateTable('session')
        .set({ proof_key: new Uint8Array(40) })
        .where('id', '=', theirs.session?.id ?? '')
        .execute()
      const serial = other.setup.operators['anna']?.serials['9A'] ?? ''
      const body = { reason: 'keyCompromise' as const, note: 'lost' }
      expect((await mine.call('revokeCertificate', { params: { serial }, body })).state).toBe('revoked')
      expect((await refusal(mine.call('readSession', {}))).status).toBe(401)
    } finally {
      await other.close()
    }
  })
})

describe('when an officer would sign for what a colleague saw', () => {
  it('refuses the statement until they have checked the identity themselves', async () => {
    const ezio = await server.signIn('ezio')
    const { enrolment } = await startEnrolment(anna)
    const params = { id: enrolment.id }
    const proofed = await anna.call('setProofing', { params, body: makeProofing() }, { ifMatch: enrolment.etag })
    const chosen = await anna.call('setProfile', { params, body: { profile: 'staff-p256' } }, { ifMatch: proofed.etag })
    const card = server.cards['ezio'] as SoftCard
    await expect(signRecord(ezio, card, chosen)).rejects.toMatchObject({ code: 'PROOFING_OF_ANOTHER' })
    const again = await ezio.call('setProofing', { params, body: makeProofing() }, { ifMatch: chosen.etag })
    expect((await signRecord(ezio, card, again)).state).toBe('approved')
  })
})

describe('when rights are looked for where they are not', () => {
  it('gives a console the rights of console roles only', async () => {
    const ezio = await server.signIn('ezio')
    expect((await ezio.call('listHolders', { query: {} })).items.length).toBeGreaterThan(0)
    const anyone = new TestClient(server.transport)
    const key = makeSessionKey()
    const request = await anyone.call('createConsoleRequest', { body: { sessionKey: key.jwk } })
    const params = { code: request.code }
    const found = await ezio.call('findConsoleRequest', { params })
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
    } as JsonObject)
    const cms = await (server.cards['ezio'] as SoftCard).sign('9A', statement, true)
    const body = { statement: Buffer.from(statement).toString('base64'), cms: Buffer.from(cms).toString('base64') }
    await ezio.call('approveConsole', { params, body })
    const answer = await anyone.call('readConsoleRequest', { params: { id: request.id } })
    if (answer.state !== 'approved') throw new Error(answer.state)
    const signedIn = { token: answer.token, session: answer.session }
    const proofKey = key.derive(request.ephemeralKey, request.nonce)
    const console = new TestClient(server.transport, { ...signedIn, proofKey })
    expect((await console.call('listAudit', { query: { limit: 1 } })).items).toHaveLength(1)
    expect((await refusal(console.call('listHolders', { query: {} }))).code).toBe('ACCESS_DENIED')
    // Who saw the answer go by has the token, but not the key it was bound to.
    const thief = new TestClient(server.transport, {
      ...signedIn,
      proofKey: makeSessionKey().derive(request.ephemeralKey, request.nonce),
    })
    expect((await refusal(thief.call('readSession', {}))).code).toBe('SESSION_PROOF_INVALID')
  })

  it('shows an officer the trail of what they register, not who signed in', async () => {
    const of = (objectType: string, objectId: string) =>
      anna.call('readTrail', { params: { objectType, objectId }, query: {} })
    const own = anna.session?.id ?? ''
    expect((await refusal(of('session', own))).code).toBe('ACCESS_DENIED')
    expect((await refusal(of('route', 'listAudit'))).code).toBe('ACCESS_DENIED')
    const carla = await server.signIn('carla')
    const trail = await carla.call('readTrail', { params: { objectType: 'session', objectId: own }, query: {} })
    expect(trail.items.map((one) => one.action)).toEqual(['Login'])
  })

  it('writes the refusal of an operator, however many strangers are refused in the same minute', async () => {
    const anyone = new TestClient(server.transport)
    const challenge = await anyone.call('createChallenge', { body: { station: server.stations.milan.id } })
    for (let n = 0; n < 130; n += 1) {
      const body = { challenge: challenge.id, statement: 'AAAA', cms: 'AAAA', stationSignature: 'AAAA' }
      await refusal(anyone.call('signIn', { body: { ...body, cardSerial: null, office: null } }))
    }
    const requestId = randomUUID()
    await refusal((await server.signIn('bruno')).call('createHolder', { body: HOLDER }, { requestId }))
    const carla = await server.signIn('carla')
    const { items } = await carla.call('listAudit', { query: { action: 'AccessDenied', operator: 'bruno' } })
    expect(items.map((one) => one.correlationId)).toContain(requestId)
  })

  it('says 403 also while the chain takes no entry', async () => {
    const small = await startServer()
    try {
      const bruno = await small.signIn('bruno')
      await small.running().foundation.sequencer.close()
      expect((await refusal(bruno.call('listOperators', { query: {} }))).code).toBe('ACCESS_DENIED')
      expect((await refusal(small.signIn('anna'))).code).toBe('AUDIT_CHAIN_UNWRITABLE')
    } finally {
      await small.close()
    }
  })
})
