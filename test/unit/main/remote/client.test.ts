import { createHash, createHmac, X509Certificate } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PROOF_PATTERN, proofInput } from '../../../../shared/contract/index.ts'
import { pathOf, RemoteClient } from '../../../../main/remote/client.ts'
import { deriveProofKey, makeSessionKey } from '../../../../main/services/session-key.ts'
import { json, TestHttpsServer, TlsAuthority } from '../../../fakes/desk/https-server.ts'
import { HOLDER } from '../../../fakes/desk/memory-remote.ts'

const authority = new TlsAuthority()
let anchorPem: string
let tls: Awaited<ReturnType<TlsAuthority['serverCertificate']>>
beforeAll(async () => {
  anchorPem = await authority.anchorPem()
  tls = await authority.serverCertificate({ ip: ['127.0.0.1'] })
})
let server: TestHttpsServer
let url: string
let client: RemoteClient
beforeEach(async () => {
  server = new TestHttpsServer(tls)
  url = await server.listen()
  client = new RemoteClient({ url, anchorPem })
})
afterEach(async () => {
  client.close()
  await server.close()
})
const PING = { name: 's', version: '1', time: 1_800_000_000_000, keys: 'software' }
const PROOF_KEY = new Uint8Array(32).fill(7)
const TOKEN = 't'.repeat(43)
const signIn = () => client.useSession({ token: TOKEN, proofKey: Uint8Array.from(PROOF_KEY) })
const problem = (code: string, detail?: object) => ({
  type: `urn:countersign:error:${code}`,
  title: code,
  status: 409,
  code,
  ...(detail && { detail }),
  instance: 'x',
})

describe('when the server answers', () => {
  it('gives the parsed answer and remembers the certificate it saw', async () => {
    server.answer = (_r, response) => json(response, 200, PING)
    expect(await client.call('ping', {})).toEqual(PING)
    const digest = createHash('sha256').update(new X509Certificate(tls.cert).raw).digest('base64url')
    expect(client.serverCertificate()).toBe(digest)
    expect(Math.abs(client.nowMs() - PING.time)).toBeLessThan(5_000)
    expect(server.received[0]!.headers['x-request-id']).toMatch(/^[\w-]{36}$/)
    expect(server.received[0]!.headers.authorization).toBeUndefined()
  })
  it.each([
    ['a POST that says nothing', () => client.call('cancelExport', { params: { id: 'export_1234567890' } }), undefined],
    [
      'a POST',
      () => client.call('createHolder', { body: HOLDER }, { idempotencyKey: 'k'.repeat(36) }),
      'application/json',
    ],
  ])('names no type of what it does not send: %s', async (_what, send, type) => {
    signIn()
    server.answer = (_r, response) => json(response, 409, problem('EXPORT_STATE'))
    await expect(send()).rejects.toMatchObject({ code: 'EXPORT_STATE' })
    expect(server.received[0]!.headers['content-type']).toBe(type)
  })
  it.each([
    ['an extra key', 200, { ...PING, more: 1 }, 'CONTRACT_MISMATCH'],
    ['a missing key', 200, { name: 's' }, 'CONTRACT_MISMATCH'],
    ['no JSON', 200, undefined, 'CONTRACT_MISMATCH'],
    ['a redirect', 302, PING, 'CONTRACT_MISMATCH'],
    ['an error of ours', 409, problem('CARD_MISMATCH', { found: 'AA' }), 'CARD_MISMATCH'],
    ['an error we do not know', 500, problem('SOMETHING_ELSE'), 'CONTRACT_MISMATCH'],
    ["somebody else's error page", 502, { error: 'Bad Gateway' }, 'CONTRACT_MISMATCH'],
  ])('answers %s with %s', async (_what, status, body, code) => {
    server.answer = (_r, response) =>
      body === undefined ? void response.writeHead(status).end('<html>') : json(response, status, body)
    await expect(client.call('ping', {})).rejects.toMatchObject({ code })
  })
})

describe('when a session is in use', () => {
  beforeEach(() => {
    signIn()
    server.answer = (_r, response) => json(response, 200, HOLDER)
  })
  it('proves each request over method, path, body and a growing counter', async () => {
    const { office: _o, etag, createdAt: _c, updatedAt: _u, id, ...fields } = HOLDER
    await client.call('readHolder', { params: { id } })
    await client.call('updateHolder', { params: { id }, body: fields }, { ifMatch: etag })
    const counters = server.received.map(({ method, path, body, headers }) => {
      const [, timeMs, counter, mac] = PROOF_PATTERN.exec(String(headers['session-proof']))!
      const bodyDigest = createHash('sha256').update(body).digest('base64url')
      const input = proofInput({
        method,
        path,
        timeMs: Number(timeMs),
        counter: Number(counter),
        bodyDigest,
        token: TOKEN,
      })
      expect(createHmac('sha256', PROOF_KEY).update(input).digest('base64url')).toBe(mac)
      expect(headers.authorization).toBe(`Countersign ${TOKEN}`)
      return Number(counter)
    })
    expect(counters).toEqual([1, 2])
    expect(server.received[1]!.headers['if-match']).toBe(etag)
  })
  it('sends the idempotency key', async () => {
    server.answer = (_r, response) => json(response, 404, problem('HOLDER_NOT_FOUND'))
    await expect(
      client.call('createEnrolment', { body: { holder: HOLDER.id } }, { idempotencyKey: 'k'.repeat(20) }),
    ).rejects.toMatchObject({ code: 'HOLDER_NOT_FOUND' })
    expect(server.received[0]!.headers['idempotency-key']).toBe('k'.repeat(20))
  })
  it('tells when the session is lost, but not for one that is no longer in use', async () => {
    const lost: string[] = []
    client.onSessionLost((code) => lost.push(code))
    server.answer = (_r, response) => json(response, 401, problem('SESSION_EXPIRED'))
    await expect(client.call('readSession', {})).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(lost).toEqual(['SESSION_EXPIRED'])
    server.answer = (_r, response) => {
      client.useSession({ token: 'n'.repeat(43), proofKey: new Uint8Array(32) })
      json(response, 401, problem('SESSION_EXPIRED'))
    }
    await expect(client.call('readSession', {})).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(lost).toHaveLength(1)
  })
  it('asks nothing without a session', async () => {
    client.useSession(null)
    await expect(client.call('readSession', {})).rejects.toMatchObject({ code: 'SESSION_REQUIRED' })
    expect(server.received).toHaveLength(0)
  })
})

describe('when the connection is lost', () => {
  const dropFirst = (answer: unknown) => {
    let count = 0
    server.answer = (_r, response, request) => (count++ === 0 ? request.socket.destroy() : json(response, 200, answer))
  }
  it('sends a repeatable request once more, with a new proof', async () => {
    signIn()
    dropFirst(HOLDER)
    await client.call('readHolder', { params: { id: HOLDER.id } })
    const proofs = server.received.map(({ headers }) => headers['session-proof'])
    expect(proofs).toHaveLength(2)
    expect(proofs[0]).not.toBe(proofs[1])
    expect(server.received[0]!.headers['x-request-id']).toBe(server.received[1]!.headers['x-request-id'])
  })
  it('never repeats one that is not', async () => {
    dropFirst({})
    const body = {
      challenge: 'challenge_00000001',
      statement: '',
      cms: '',
      stationSignature: '',
      cardSerial: null,
      office: null,
    }
    await expect(client.call('signIn', { body })).rejects.toMatchObject({ code: 'NETWORK_OFFLINE' })
    expect(server.received).toHaveLength(1)
  })
  it('gives up after the second time, and says that the server is out of reach', async () => {
    const reached: boolean[] = []
    client.onReach((is) => reached.push(is))
    server.answer = (_r, _response, request) => request.socket.destroy()
    await expect(client.call('ping', {})).rejects.toMatchObject({ code: 'NETWORK_OFFLINE' })
    expect(server.received).toHaveLength(2)
    expect(reached).toEqual([false])
  })
  it('says so when nobody listens, and when the answer does not come', async () => {
    const nobody = new RemoteClient({ url: 'https://127.0.0.1:1', anchorPem })
    await expect(nobody.call('ping', {})).rejects.toMatchObject({ code: 'NETWORK_OFFLINE' })
    server.answer = () => undefined
    await expect(client.call('ping', {}, { timeoutMs: 80 })).rejects.toMatchObject({ code: 'NETWORK_OFFLINE' })
  })
})

describe('when the server is not the one to trust', () => {
  it.each([
    ['another authority', async () => ({ tls, anchor: await new TlsAuthority().anchorPem() })],
    [
      'another address',
      async () => ({ tls: await authority.serverCertificate({ ip: ['127.0.0.2'] }), anchor: anchorPem }),
    ],
    [
      'only a name',
      async () => ({ tls: await authority.serverCertificate({ dns: ['localhost'] }), anchor: anchorPem }),
    ],
    [
      'an expired certificate',
      async () => ({ tls: await authority.serverCertificate({ ip: ['127.0.0.1'] }, -2), anchor: anchorPem }),
    ],
  ])('refuses %s', async (_what, make) => {
    const { tls: other, anchor } = await make()
    const impostor = new TestHttpsServer(other)
    const mine = new RemoteClient({ url: await impostor.listen(), anchorPem: anchor })
    await expect(mine.call('ping', {})).rejects.toMatchObject({ code: 'NETWORK_UNTRUSTED_SERVER' })
    expect(mine.serverCertificate()).toBeNull()
    expect(impostor.received).toHaveLength(0)
    mine.close()
    await impostor.close()
  })
})

describe('pathOf', () => {
  it.each([
    ['/a/:id', { params: { id: 'x_1' } }, '/a/x_1'],
    ['/a/:id', { params: { id: '../b?c' } }, '/a/..%2Fb%3Fc'],
    ['/a/:id/s/:step', { params: { id: 'x', step: 'key:9A' } }, '/a/x/s/key%3A9A'],
    ['/a', { query: { text: 'Rossi & C', limit: 5, none: undefined } }, '/a?text=Rossi+%26+C&limit=5'],
  ])('makes %s of %j', (pattern, parts, path) => expect(pathOf(pattern, parts)).toBe(path))
})

describe('the session key', () => {
  it('gives both ends the same proof key, and another for another nonce', () => {
    const desk = makeSessionKey()
    const other = makeSessionKey()
    const nonce = Buffer.alloc(32, 1).toString('base64url')
    const a = deriveProofKey(desk.privateKey, other.publicJwk, nonce)
    expect(a).toEqual(deriveProofKey(other.privateKey, desk.publicJwk, nonce))
    expect(a).not.toEqual(deriveProofKey(desk.privateKey, other.publicJwk, Buffer.alloc(32, 2).toString('base64url')))
  })
})
