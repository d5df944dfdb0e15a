import { describe, expect, it } from 'vitest'
import { CHALLENGE_MS, Challenges, deriveProofKey, openExchange } from '../../../../server/identity/challenges.ts'
import { ConsoleRequests } from '../../../../server/identity/console-requests.ts'
import { makeSessionKey } from '../../../fakes/server/sign-in.ts'

const STATION = 'station_00000000a'
const from = { address: '127.0.0.1', browser: 'test' }

describe('when a challenge is open', () => {
  it('is good once', () => {
    const challenges = new Challenges('server')
    const { id, nonce } = challenges.create(STATION, 0)
    expect(challenges.take(id, 1)).toMatchObject({ id, nonce, station: STATION })
    expect(() => challenges.take(id, 1)).toThrow('SIGN_IN_CHALLENGE_INVALID')
  })

  it('ends after a minute', () => {
    const challenges = new Challenges('server')
    const { id, expiresAt } = challenges.create(STATION, 0)
    expect(expiresAt).toBe(CHALLENGE_MS)
    expect(() => challenges.take(id, CHALLENGE_MS + 1)).toThrow('SIGN_IN_CHALLENGE_INVALID')
  })

  it('agrees with the other side on a key that depends on nonce and session key', () => {
    const exchange = openExchange('challenge', 0)
    const session = makeSessionKey()
    const key = deriveProofKey(exchange, session.jwk)
    expect(Buffer.from(session.derive(exchange.publicJwk, exchange.nonce)).equals(key)).toBe(true)
    expect(Buffer.from(session.derive(exchange.publicJwk, openExchange('x', 0).nonce)).equals(key)).toBe(false)
    expect(Buffer.from(deriveProofKey(exchange, makeSessionKey().jwk)).equals(key)).toBe(false)
  })

  it('refuses a session key that is no point of the curve', () => {
    const off = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } as const
    expect(() => deriveProofKey(openExchange('challenge', 0), off)).toThrow('SIGN_IN_STATEMENT_INVALID')
  })
})

describe('when a console waits', () => {
  it('has a code people can read out, found while it waits', () => {
    const requests = new ConsoleRequests('server')
    const { code, id } = requests.open(makeSessionKey().jwk, from, 0)
    expect(code).toMatch(/^[BCDFGHJ-NP-TV-Z2-9]{4}-[BCDFGHJ-NP-TV-Z2-9]{4}$/)
    expect(requests.find(code, 1)).toMatchObject({ id, address: '127.0.0.1' })
    requests.take(code, 1)
    expect(() => requests.find(code, 1)).toThrow('NOT_FOUND')
    requests.refuse(id)
    expect(requests.answer(id, 1)).toEqual({ state: 'refused' })
    expect(() => requests.answer(id, 10 * 60_000)).toThrow('NOT_FOUND')
  })
})
