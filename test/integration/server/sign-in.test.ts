import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal, TestClient } from '../../fakes/server/client.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import type { SignInTwists } from '../../fakes/server/sign-in.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { makeLog } from '../../../server/log/log.ts'

const YEAR_MS = 365 * 86_400_000
const ro = [{ role: 'RO' as const, scope: { kind: 'office' as const, key: 'milan' } }]
let server: TestServer

beforeAll(async () => {
  server = await startServer({
    operators: [
      {
        key: 'expired',
        name: 'Elio Scaduto',
        grants: ro,
        validity: { notAfter: new Date(Date.now() - 1000).toISOString() },
      },
      {
        key: 'early',
        name: 'Enzo Presto',
        grants: ro,
        validity: { notBefore: new Date(Date.now() + YEAR_MS).toISOString() },
      },
      { key: 'revoked', name: 'Rita Revocata', grants: ro },
      { key: 'suspended', name: 'Sara Sospesa', grants: ro },
      { key: 'nogrant', name: 'Nino Niente', grants: [] },
    ],
  })
  const log = makeLog('silent')
  await server.whileStopped(async () => {
    const serial = server.setup.operators['revoked']?.serials['9A'] ?? ''
    await runCommand(server.config, ['certificate', 'revoke'], { serial, reason: 'keyCompromise' }, log)
    const id = server.setup.operators['suspended']?.id ?? ''
    await runCommand(server.config, ['operator', 'suspend'], { id }, log)
  })
})
afterAll(() => server.close())

const audit = async (action: string) => {
  const carla = await server.signIn('carla')
  return (await carla.call('listAudit', { query: { action: action as 'Login' } })).items
}

describe('when an officer signs in with a card', () => {
  it('returns a session bound to card, station and office, and writes it to the audit', async () => {
    const anna = await server.signIn('anna')
    const session = await anna.call('readSession', {})
    expect(session).toMatchObject({
      kind: 'desk',
      role: 'RO',
      operator: { name: 'Anna Rossi' },
      office: { name: 'Milan', division: 'North' },
      station: { name: 'Milan desk' },
      cardSerial: server.cards['anna']?.serial,
    })
    const [login] = (await audit('Login')).filter((entry) => entry.operatorName === 'Anna Rossi')
    expect(login).toMatchObject({ objectType: 'session', objectId: session.id, station: server.stations.milan.id })
  })

  it('ends at sign-out, and the token is no more', async () => {
    const anna = await server.signIn('anna')
    await anna.call('endSession', { query: { why: 'sign-out' } })
    expect((await refusal(anna.call('readSession', {}))).code).toBe('SESSION_REQUIRED')
  })

  it('locks when the card was pulled', async () => {
    const anna = await server.signIn('anna')
    await anna.call('endSession', { query: { why: 'card-removed' } })
    expect((await refusal(anna.call('readSession', {}))).code).toBe('SESSION_LOCKED')
  })

  it('goes on after a restart', async () => {
    const anna = await server.signIn('anna')
    await server.restart()
    expect((await anna.call('readSession', {})).operator.name).toBe('Anna Rossi')
  })
})

const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = new Uint8Array(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
const digest = 'A'.repeat(43)

describe('when something about the sign-in is not as it must be', () => {
  const rows: [string, string, () => SignInTwists, string, string?][] = [
    [
      'a statement for another server',
      'anna',
      () => ({ statement: { serverName: 'other.example' } }),
      'SIGN_IN_STATEMENT_INVALID',
      'serverName',
    ],
    [
      'a statement for another TLS certificate',
      'anna',
      () => ({ statement: { serverCertificate: digest } }),
      'SIGN_IN_STATEMENT_INVALID',
      'serverCertificate',
    ],
    [
      'a statement for another station',
      'anna',
      () => ({ statement: { station: server.stations.naples.id } }),
      'SIGN_IN_STATEMENT_INVALID',
      'station',
    ],
    ['another nonce', 'anna', () => ({ statement: { nonce: digest } }), 'SIGN_IN_STATEMENT_INVALID', 'nonce'],
    [
      'a statement of another type',
      'anna',
      () => ({ statement: { type: 'countersign/console-sign-in/v1' } }),
      'SIGN_IN_STATEMENT_INVALID',
      'type',
    ],
    [
      'an old statement',
      'anna',
      () => ({ statement: { time: Date.now() - 121_000 } }),
      'SIGN_IN_STATEMENT_INVALID',
      'time',
    ],
    [
      'a statement from the future',
      'anna',
      () => ({ statement: { time: Date.now() + 121_000 } }),
      'SIGN_IN_STATEMENT_INVALID',
      'time',
    ],
    [
      'an extra member',
      'anna',
      () => ({ statement: (s) => ({ ...s, admin: true }) }),
      'SIGN_IN_STATEMENT_INVALID',
      'form',
    ],
    [
      'a statement that is not canonical',
      'anna',
      () => ({ sentStatement: (b) => new Uint8Array(Buffer.from(` ${Buffer.from(b).toString()}`)) }),
      'SIGN_IN_STATEMENT_INVALID',
      'not-canonical',
    ],
    [
      'a statement altered after signing',
      'anna',
      () => ({
        sentStatement: (b) =>
          new Uint8Array(
            Buffer.from(
              Buffer.from(b)
                .toString()
                .replace(/"time":(\d+)/, (_m, t: string) => `"time":${Number(t) + 1}`),
            ),
          ),
      }),
      'SIGN_IN_STATEMENT_INVALID',
      'digest-mismatch',
    ],
    [
      'a session key off the curve',
      'anna',
      () => ({ statement: { sessionKey: { kty: 'EC', crv: 'P-256', x: digest, y: digest } } }),
      'SIGN_IN_STATEMENT_INVALID',
      'session-key',
    ],
    [
      'a signature by another key',
      'anna',
      () => ({ cms: (c) => flip(c, c.length - 3) }),
      'SIGN_IN_STATEMENT_INVALID',
      'bad-signature',
    ],
    ['another station key', 'anna', () => ({ stationKey: other }), 'STATION_UNKNOWN', 'signature'],
    [
      'the signature certificate instead of the sign-in one',
      'anna',
      () => ({ signWith: { card: server.cards['anna'] as SoftCard, slot: '9C' } }),
      'CERTIFICATE_WRONG_USAGE',
    ],
    ['an expired certificate', 'expired', () => ({}), 'CERTIFICATE_EXPIRED'],
    ['a certificate not valid yet', 'early', () => ({}), 'CERTIFICATE_NOT_YET_VALID'],
    ['a revoked certificate', 'revoked', () => ({}), 'CERTIFICATE_REVOKED'],
    ['a suspended operator', 'suspended', () => ({}), 'OPERATOR_SUSPENDED'],
    ['an operator with no grant', 'nogrant', () => ({}), 'ACCESS_DENIED'],
    [
      'an office that is not granted',
      'anna',
      () => ({ office: server.setup.offices['naples'] ?? '' }),
      'ACCESS_DENIED',
      'office',
    ],
  ]

  it.each(rows)('refuses %s', async (_name, operator, twists, code, reason) => {
    const refused = await refusal(server.signIn(operator, twists()))
    expect(refused.code).toBe(code)
    if (reason !== undefined) expect(refused.detail['reason']).toBe(reason)
  })

  it('refuses a certificate of another authority', async () => {
    const foreign = await startServer()
    try {
      const card = foreign.cards['anna'] as SoftCard
      expect((await refusal(server.signIn('anna', { signWith: { card, slot: '9A' } }))).code).toBe(
        'CERTIFICATE_UNTRUSTED',
      )
    } finally {
      await foreign.close()
    }
  })

  it('refuses a challenge used before', async () => {
    const anyone = new TestClient(server.transport)
    const challenge = await anyone.call('createChallenge', { body: { station: server.stations.milan.id } })
    await server.signIn('anna', { challenge })
    expect((await refusal(server.signIn('anna', { challenge }))).code).toBe('SIGN_IN_CHALLENGE_INVALID')
  })

  it('refuses a challenge used up by a failed try', async () => {
    const anyone = new TestClient(server.transport)
    const challenge = await anyone.call('createChallenge', { body: { station: server.stations.milan.id } })
    await refusal(server.signIn('anna', { challenge, stationKey: other }))
    expect((await refusal(server.signIn('anna', { challenge }))).code).toBe('SIGN_IN_CHALLENGE_INVALID')
  })

  it('refuses a challenge for an unregistered station', async () => {
    const anyone = new TestClient(server.transport)
    const call = anyone.call('createChallenge', { body: { station: 'station_00000000unknown' } })
    expect((await refusal(call)).code).toBe('STATION_UNKNOWN')
  })

  it('writes each refusal to the audit, with its code', async () => {
    const entries = await audit('LoginFailed')
    const carla = await server.signIn('carla')
    const [first] = entries
    const entry = await carla.call('readAudit', {
      params: { chain: first?.chain ?? '', sequence: first?.sequence ?? 0 },
    })
    expect(entry.reason).toBe('SIGN_IN_CHALLENGE_INVALID')
    expect(entries.length).toBeGreaterThan(15)
  })
})
