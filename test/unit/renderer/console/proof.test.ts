import { createECDH, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { proveRequest } from '../../../../renderer/console/client/proof.ts'
import { createSessionKey, deriveProofKey, type SessionKey } from '../../../../renderer/console/client/session-key.ts'
import { PROOF_PATTERN, proofInput, PublicJwk } from '../../../../shared/contract/index.ts'

const TOKEN = 'A'.repeat(43)
const bytes = (text: string) => new TextEncoder().encode(text)

/** The server's half, from the words of the contract with node:crypto alone. */
const serverSide = (console_: PublicJwk) => {
  const own = createECDH('prime256v1')
  const point = own.generateKeys()
  const nonce = randomBytes(32)
  const secret = own.computeSecret(
    Buffer.concat([Buffer.from([4]), Buffer.from(console_.x, 'base64url'), Buffer.from(console_.y, 'base64url')]),
  )
  return {
    nonce: nonce.toString('base64url'),
    ephemeralKey: {
      kty: 'EC' as const,
      crv: 'P-256' as const,
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
    proofKey: Buffer.from(hkdfSync('sha256', secret, nonce, 'countersign session v1', 32)),
  }
}

describe('when a console proves a request', () => {
  let key: SessionKey
  let server: ReturnType<typeof serverSide>
  let proofKey: CryptoKey
  beforeAll(async () => {
    key = await createSessionKey()
    server = serverSide(key.publicJwk)
    proofKey = await deriveProofKey(key, server)
  })

  it('sends a public key that the contract takes', () => {
    expect(PublicJwk.parse(key.publicJwk)).toEqual(key.publicJwk)
  })

  it.each([
    ['GET', '/api/v1/session', ''],
    ['GET', '/api/v1/audit/entries?limit=100&text=Jos%C3%A9+M%C3%BCller', ''],
    ['POST', '/api/v1/audit/verifications', '{"depth":"full"}'],
    ['DELETE', '/api/v1/session?why=sign-out', ''],
  ])('makes the MAC that the server expects: %s %s', async (method, path, body) => {
    const headers = await proveRequest(
      { method, path, body: bytes(body) },
      { token: TOKEN, proofKey },
      1_790_000_000_123,
      42,
    )
    expect(headers.authorization).toBe(`Countersign ${TOKEN}`)
    const [, time, counter, mac] = PROOF_PATTERN.exec(headers['session-proof'] ?? '') ?? []
    expect([time, counter]).toEqual(['1790000000123', '42'])
    const input = [
      'countersign-proof-v1',
      method,
      path,
      '1790000000123',
      '42',
      createHash('sha256').update(body).digest('base64url'),
      TOKEN,
    ].join('\n')
    expect(mac).toBe(createHmac('sha256', server.proofKey).update(input).digest('base64url'))
  })

  it.each([
    ['method', { method: 'PUT' }],
    ['path', { path: '/api/v1/audit/entries?limit=2' }],
    ['body', { body: bytes('{}') }],
  ])('makes another MAC for another %s', async (_, change) => {
    const request = { method: 'GET', path: '/api/v1/audit/entries?limit=1', body: bytes('') }
    const session = { token: TOKEN, proofKey }
    const one = await proveRequest(request, session, 1_790_000_000_123, 1)
    const other = await proveRequest({ ...request, ...change }, session, 1_790_000_000_123, 1)
    expect(other['session-proof']).not.toBe(one['session-proof'])
  })

  it('keeps private key and proof key from being exported', async () => {
    expect([key.privateKey.extractable, proofKey.extractable]).toEqual([false, false])
    await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow(/extractable/)
    await expect(crypto.subtle.exportKey('raw', proofKey)).rejects.toThrow(/extractable/)
  })

  it('agrees with the contract on what the MAC covers', () => {
    const parts = { method: 'get', path: '/x', timeMs: 1, counter: 2, bodyDigest: 'd', token: 't' }
    expect(proofInput(parts)).toBe('countersign-proof-v1\nGET\n/x\n1\n2\nd\nt')
  })

  it('refuses a server key that is no point of the curve', async () => {
    const ephemeralKey = { ...server.ephemeralKey, y: server.ephemeralKey.x }
    await expect(deriveProofKey(key, { ...server, ephemeralKey })).rejects.toThrow()
  })
})
