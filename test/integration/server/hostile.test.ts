import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import { ERRORS, HTTP, isErrorCode, type HttpName, type HttpRoute } from '../../../shared/contract/index.ts'
import type { TestClient } from '../../fakes/server/client.ts'
import {
  approvedEnrolment,
  blankCard,
  HOLDER,
  makeProofing,
  makeWorker,
  personalise,
} from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** Bad input made from the contract: always a closed code, never a 500, nothing changed. */
let server: TestServer
let officers: Record<'anna' | 'bruno' | 'carla' | 'dario', TestClient>
let enrolment: string
let holder: string
let serial: string

beforeAll(async () => {
  server = await startServer()
  const [anna, bruno, carla, dario] = await Promise.all(
    ['anna', 'bruno', 'carla', 'dario'].map((one) => server.signIn(one)),
  )
  officers = { anna, bruno, carla, dario } as typeof officers
  const view = await approvedEnrolment(officers.anna, server.cards['anna'] as SoftCard)
  const card = blankCard()
  await personalise(officers.anna, view.id, card, 'key:9A')
  enrolment = view.id
  holder = view.holder.id
  serial = card.serial
})
afterAll(() => server.close())

const HOSTILE: readonly unknown[] = [
  null,
  0,
  -1,
  Number.MAX_VALUE,
  true,
  '',
  ' ',
  [],
  {},
  [[]],
  '\u0000',
  '\ud800',
  '‮evil',
  "' OR 1=1 --",
  '"; DROP TABLE holder; --',
  '%',
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '${process.exit()}',
  'A'.repeat(20_000),
  '🂡'.repeat(3000),
  Number.MAX_SAFE_INTEGER + 1,
  '1970-13-45',
  { $gt: '' },
  { toString: 'x' },
]
const EXTRA = ['__proto__', 'constructor', 'prototype', 'isAdmin', 'tenant', 'office', 'id', 'etag']

const VOUCHED = { time: Date.now(), signature: 'AAAA' }
const GOOD_BODIES: Partial<Record<HttpName, () => Record<string, unknown>>> = {
  createHolder: () => HOLDER,
  updateHolder: () => HOLDER,
  createEnrolment: () => ({ holder }),
  setProofing: () => makeProofing(),
  setProfile: () => ({ profile: 'staff-p256' }),
  setRecord: () => ({ cms: 'AAAA' }),
  startPersonalisation: () => ({ cardSerial: serial, atr: '3b00', workerKey: makeWorker().key, vouched: VOUCHED }),
  completeStep: () => ({ cardSerial: serial, startedAt: Date.now(), ms: 1 }),
  issueCertificate: () => ({ cardSerial: serial, slot: '9A', csr: 'AAAA' }),
  interruptPersonalisation: () => ({ code: 'CARD_MUTE', step: null }),
  rollBack: () => ({ cardWiped: true, reason: 'x' }),
  startHandOver: () => ({ cardSerial: serial, workerKey: makeWorker().key, vouched: VOUCHED }),
  handOver: () => ({ cardSerial: serial }),
  cancelEnrolment: () => ({ reason: 'x' }),
  startUnblock: () => ({
    workerKey: makeWorker().key,
    vouched: VOUCHED,
    checks: ['birth-date', 'card-in-hand'],
    reason: 'x',
  }),
  finishUnblock: () => ({ outcome: 'done', code: null }),
  revokeCertificate: () => ({ reason: 'unspecified', note: 'x' }),
  startVerification: () => ({ depth: 'quick' }),
  createAuditFilter: () => ({ name: 'x', search: { action: ['Login'], text: 'x' } }),
  updateAuditFilter: () => ({ name: 'x', search: {} }),
  exportAccessReview: () => ({ format: 'csv' }),
  markAccessReviewed: () => ({ note: 'x' }),
  createChallenge: () => ({ station: server.stations.milan.id }),
  signIn: () => ({
    challenge: 'challenge_00000000',
    statement: 'AAAA',
    cms: 'AAAA',
    stationSignature: 'AAAA',
    cardSerial: null,
    office: null,
  }),
  createConsoleRequest: () => ({ sessionKey: makeWorker().key }),
  estimateExport: () => ({ selection: { kind: 'search', search: {} } }),
  createExport: () => ({
    selection: { kind: 'search', search: {} },
    format: 'csv',
    level: 'B-B',
    language: 'en',
    timeZone: 'UTC',
    reason: 'x',
  }),
  prepareSecondSignature: () => ({ certificate: 'AAAA' }),
  addSecondSignature: () => ({ certificate: 'AAAA', signature: 'AAAA' }),
  approveConsole: () => ({ statement: 'AAAA', cms: 'AAAA' }),
}

const clientFor = (route: HttpRoute): TestClient => {
  if (route.auth === 'card.unblock') return officers.bruno
  if (/^(access|alarm|audit|console|erasure)/.test(route.auth)) return officers.carla
  if (/^(operator|station|health|job|mail|retention)/.test(route.auth)) return officers.dario
  return officers.anna
}

const pathOf = (route: HttpRoute, value?: string): string =>
  route.path.replace(/:([A-Za-z]+)/g, (_all, name: string) => {
    if (value !== undefined) return encodeURIComponent(value)
    if (name === 'id') return route.path.includes('/holders/') ? holder : enrolment
    if (name === 'serial') return route.path.includes('/certificates/') ? 'ab12' : serial
    return (
      {
        step: 'key:9A',
        code: 'BCDF-GHJK',
        chain: server.config.name,
        sequence: '0',
        objectType: 'holder',
        objectId: 'x',
        year: '2020',
      }[name] ?? 'x'
    )
  })

const TABLES = ['holder', 'enrolment', 'proofing', 'card', 'certificate', 'unblock', 'secret_code'] as const
const fingerprint = async (): Promise<string> => {
  const { db } = server.running().foundation.databases.operational
  const counts = await Promise.all(
    TABLES.map((name) =>
      sql<{ n: number; v: number | null }>`select count(*) as n, sum(version) as v from ${sql.table(name)}`.execute(db),
    ),
  )
  return JSON.stringify(counts.map((one) => one.rows[0]))
}

const headersOf = (route: HttpRoute): Record<string, string> => ({
  ...(route.creates === true ? { 'idempotency-key': randomUUID() } : {}),
  ...(route.changes === true ? { 'if-match': '"999999999"' } : {}),
})

const assertClosed = (
  name: string,
  sent: unknown,
  answer: { status: number; text: string; headers: Record<string, unknown> },
): void => {
  const told = JSON.stringify(sent)?.slice(0, 80)
  const problem = JSON.parse(answer.text) as { code: string; status: number }
  expect([name, told, isErrorCode(problem.code)]).toEqual([name, told, true])
  expect([name, told, answer.status]).toEqual([name, told, ERRORS[problem.code as 'INTERNAL'].status])
  expect([name, told, answer.status < 500]).toEqual([name, told, true])
  expect(String(answer.headers['content-type'])).toContain('application/problem+json')
}

const routes = Object.entries(HTTP) as [HttpName, HttpRoute][]

describe('when a body is not what the contract says', () => {
  const withBody = routes.filter(([, route]) => route.body !== undefined)
  it.each(withBody)('refuses it at %s, with a closed code, and changes nothing', async (name, route) => {
    const client = clientFor(route)
    const good = GOOD_BODIES[name]?.() ?? {}
    const before = await fingerprint()
    const send = (text: string | Buffer) =>
      client.send(route.method, pathOf(route), Buffer.from(text), headersOf(route))
    const bad: unknown[] = HOSTILE.slice()
    for (const member of Object.keys(good)) {
      const { [member]: _left, ...rest } = good
      const without = route.body?.safeParse(rest)
      if (without?.success !== true) bad.push(rest)
      for (const value of HOSTILE) {
        const body = { ...good, [member]: value }
        if (route.body?.safeParse(JSON.parse(JSON.stringify(body))).success !== true) bad.push(body)
      }
    }
    for (const value of bad) assertClosed(name, value, await send(JSON.stringify(value)))
    for (const key of EXTRA) {
      if (key in good) continue
      assertClosed(name, key, await send(`{${JSON.stringify(key)}:{"isAdmin":true},${JSON.stringify(good).slice(1)}`))
    }
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    const texts = ['', '{', '{}x', 'undefined', 'NaN', '[', deep, `{"a":${deep}}`]
    for (const text of texts) assertClosed(name, text, await send(text))
    assertClosed(name, 'bad utf-8', await send(Buffer.from([0x22, 0xff, 0xfe, 0x22])))
    assertClosed(name, 'huge', await send(JSON.stringify({ ...good, note: 'x'.repeat(200_000) })))
    expect(await fingerprint()).toBe(before)
  })
})

describe('when parameters and queries are not what the contract says', () => {
  const strings = HOSTILE.filter(
    (one): one is string => typeof one === 'string' && one.isWellFormed() && one.length < 500,
  )
  const withParams = routes.filter(([, route]) => route.params !== undefined)
  it.each(withParams)('refuses them at %s', async (name, route) => {
    const body = route.body === undefined ? null : Buffer.from(JSON.stringify(GOOD_BODIES[name]?.() ?? {}))
    const before = await fingerprint()
    for (const value of [...strings, '%00', 'constructor', '__proto__', 'a'.repeat(399)]) {
      const answer = await clientFor(route).send(route.method, pathOf(route, value), body, headersOf(route))
      if (answer.status < 300 && name === 'readTrail') continue
      assertClosed(name, value, answer)
    }
    expect(await fingerprint()).toBe(before)
  })

  const gets = routes.filter(([, route]) => route.method === 'GET')
  const queries = [
    'x=1',
    '__proto__=1',
    'limit=0',
    'limit=201',
    'limit=1e9',
    'limit=a',
    'limit=1&limit=2',
    'cursor=AAAA',
    'cursor=!!',
    'cursor=W10',
    'text=%00',
    'state=nonsense',
    'from=-1',
  ]
  it.each(gets)('refuses odd queries at %s', async (name, route) => {
    for (const query of queries) {
      const answer = await clientFor(route).send('GET', `${pathOf(route)}?${query}`, null)
      if (
        answer.status === 200 &&
        route.query?.safeParse(Object.fromEntries(new URLSearchParams(query))).success === true
      )
        continue
      assertClosed(name, query, answer)
    }
  })
})

describe('when a request is no request of this server', () => {
  const rows: [string, string, string, Record<string, string>, Buffer | null, string][] = [
    ['an unknown path', 'GET', '/api/v1/nothing', {}, null, 'NOT_FOUND'],
    ['another method', 'DELETE', '/api/v1/holders', {}, null, 'REQUEST_NOT_ALLOWED'],
    ['a path that does not decode', 'GET', '/api/v1/holders/%zz', {}, null, 'REQUEST_INVALID'],
    [
      'a form',
      'POST',
      '/api/v1/holders',
      { 'content-type': 'application/x-www-form-urlencoded' },
      Buffer.from('a=1'),
      'REQUEST_UNSUPPORTED_MEDIA',
    ],
    [
      'text',
      'POST',
      '/api/v1/holders',
      { 'content-type': 'text/plain' },
      Buffer.from('{}'),
      'REQUEST_UNSUPPORTED_MEDIA',
    ],
    [
      'more than is taken',
      'POST',
      '/api/v1/sign-in/sessions',
      { 'content-type': 'application/json' },
      Buffer.alloc(300_000, 32),
      'REQUEST_TOO_LARGE',
    ],
    ['a file outside', 'GET', '/console/../../package.json', {}, null, 'NOT_FOUND'],
    ['no session', 'GET', '/api/v1/holders', {}, null, 'SESSION_REQUIRED'],
    ['another scheme', 'GET', '/api/v1/holders', { authorization: 'Bearer x' }, null, 'SESSION_REQUIRED'],
  ]
  it.each(rows)('answers %s with a closed code', async (_name, method, path, headers, body, code) => {
    const answer = await server.transport({ method, path, headers, body })
    expect((JSON.parse(answer.text) as { code: string }).code).toBe(code)
    expect(answer.status).toBe(ERRORS[code as 'INTERNAL'].status)
  })

  it('limits how often an address may knock', async () => {
    const small = await startServer({ limits: { signInsPerMinute: 3 } })
    try {
      const body = Buffer.from(JSON.stringify({ station: small.stations.milan.id }))
      const headers = { 'content-type': 'application/json' }
      const path = '/api/v1/sign-in/challenges'
      const statuses: number[] = []
      for (let n = 0; n < 8; n += 1)
        statuses.push((await small.transport({ method: 'POST', path, headers, body })).status)
      expect(statuses).toContain(429)
      expect(statuses[0]).toBe(200)
    } finally {
      await small.close()
    }
  })

  it('sends strict headers with pages and describes itself', async () => {
    const answer = await server.transport({ method: 'GET', path: '/api/openapi.json', headers: {}, body: null })
    expect(String(answer.headers['content-security-policy'])).toContain("default-src 'none'")
    const document = JSON.parse(answer.text) as {
      openapi: string
      paths: Record<string, Record<string, { operationId: string }>>
    }
    expect(document.openapi).toBe('3.1.0')
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId))
    // The file of an export is no answer of the table: it is written in by hand.
    expect(ids.toSorted()).toEqual([...Object.keys(HTTP), 'getExportFile', 'headExportFile'].toSorted())
  })
})
