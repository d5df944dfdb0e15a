import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import Database from 'better-sqlite3'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import { approvedEnrolment, blankCard, HOLDER, personalise } from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'
import { drainLeft } from '../../../server/audit/left-intents.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { makeLog } from '../../../server/log/log.ts'

/** Looking at the audit over the API: filters, following, saved filters, chains, verifications, access. */
let server: TestServer
let anna: TestClient
let nadia: TestClient
let carla: TestClient
let livia: TestClient
let dario: TestClient
const log = makeLog('silent')

beforeAll(async () => {
  server = await startServer({
    operators: [
      { key: 'livia', name: 'Livia Conti', grants: [{ role: 'AO', scope: { kind: 'office', key: 'milan' } }] },
    ],
  })
  nadia = await server.signIn('nadia', {}, 'naples')
  ;[anna, carla, livia, dario] = (await Promise.all(
    ['anna', 'carla', 'livia', 'dario'].map((one) => server.signIn(one)),
  )) as [TestClient, TestClient, TestClient, TestClient]
})
afterAll(() => server.close())

const list = async (client: TestClient, query: Record<string, unknown>) =>
  (await client.call('listAudit', { query: { limit: 200, ...query } })).items

describe('when entries are looked for', () => {
  it('takes several values of a filter, and all filters together', async () => {
    const holder = await anna.call('createHolder', { body: HOLDER })
    const { enrolment } = { enrolment: await anna.call('createEnrolment', { body: { holder: holder.id } }) }
    await anna.call('cancelEnrolment', { params: { id: enrolment.id }, body: { reason: 'typed twice' } })
    const of = { objectType: 'holder,enrolment', from: holder.createdAt, operator: 'anna' }
    expect((await list(carla, of)).map((one) => [one.objectType, one.action])).toEqual([
      ['enrolment', 'Modification'],
      ['enrolment', 'Insertion'],
      ['holder', 'Insertion'],
    ])
    for (const [query, found] of [
      [{ action: 'Modification' }, 1],
      [{ action: 'Insertion,Modification' }, 3],
      [{ action: 'Insertion', objectType: 'enrolment' }, 1],
      [{ operator: 'nadia' }, 0],
      [{ operator: 'nadia,anna' }, 3],
      [{ office: 'milan' }, 3],
      [{ office: 'naples' }, 0],
      [{ chain: server.config.name }, 3],
      [{ chain: 'another.chain' }, 0],
      [{ to: holder.createdAt }, 0],
      [{ tenant: 'system' }, 0],
      [{ tenant: 'tenant_of_somebody' }, 0],
      [{ objectId: enrolment.id, correlationId: 'nothing' }, 0],
    ] as const)
      expect(await list(carla, { ...of, ...query }), JSON.stringify(query)).toHaveLength(found)
    const refused = await refusal(list(carla, { action: 'Steal' }))
    expect([refused.code, refused.detail['path']]).toEqual(['REQUEST_INVALID', 'query.action.0'])
  })

  it('calls enrolments, proofings and codes by whom and what they are for', async () => {
    const { id } = await approvedEnrolment(anna, server.cards['anna'] as SoftCard)
    await personalise(anna, id, blankCard())
    const names = async (objectType: string) => [
      ...new Set((await list(carla, { objectType })).map((one) => one.objectName)),
    ]
    expect(await names('enrolment')).toContain("Giulia Maria D'Àngelo · staff-p256")
    expect(await names('proofing')).toContain("Giulia Maria D'Àngelo · passport")
    expect(await names('secret-code')).toContain("Giulia Maria D'Àngelo · staff-p256 · pin")
  })

  it('shows what the chain says of itself to who sees everything and asks for it', async () => {
    const [key] = await list(carla, { tenant: 'system', objectType: 'audit-key', limit: 1 })
    expect(key).toMatchObject({ action: 'KeyUse', tenant: 'system' })
    const params = { chain: key?.chain ?? '', sequence: key?.sequence ?? 0 }
    expect((await carla.call('readAudit', { params })).objectId).toBe(key?.objectId)
    expect((await refusal(livia.call('readAudit', { params }))).code).toBe('AUDIT_NOT_FOUND')
    expect(await list(livia, { tenant: 'system' })).toEqual([])
  })

  it('keeps an auditor of one office in it', async () => {
    await nadia.call('createHolder', { body: HOLDER })
    const seen = await list(livia, {})
    expect(new Set(seen.map((one) => one.officeName))).toEqual(new Set(['Milan']))
    expect(await list(livia, { office: 'naples' })).toEqual([])
  })
})

describe('when new entries are followed', () => {
  it('gives each once, newest first, to who may see it, and nothing while nothing is new', async () => {
    const begin = await carla.call('followAudit', { query: {} })
    expect(begin.items).toEqual([])
    const made = [await anna.call('createHolder', { body: HOLDER }), await nadia.call('createHolder', { body: HOLDER })]
    const query = { after: begin.cursor, objectType: 'holder' }
    const first = await carla.call('followAudit', { query })
    expect(first.items.map((one) => one.objectId)).toEqual(made.map((one) => one.id).toReversed())
    expect(first.more).toBe(false)
    const own = await livia.call('followAudit', { query })
    expect(own.items.map((one) => one.objectId)).toEqual([made[0]?.id])
    const quiet = await carla.call('followAudit', { query: { ...query, after: first.cursor } })
    expect(quiet).toEqual({ items: [], cursor: first.cursor, more: false })
    const cut = await carla.call('followAudit', { query: { ...query, limit: 1 } })
    expect([cut.items[0]?.objectId, cut.more]).toEqual([made[1]?.id, true])
  })

  it.each(['x', 'e30x', Buffer.from('{"a":-2}').toString('base64url'), Buffer.from('[]').toString('base64url')])(
    'refuses a cursor that is none: %s',
    async (after) => {
      expect((await refusal(carla.call('followAudit', { query: { after } }))).code).toBe('REQUEST_INVALID')
    },
  )
})

describe('when filters are kept', () => {
  it('saves, renames, changes and deletes them, each for who made it', async () => {
    const search = { last: '7d' as const, action: ['Disclosure' as const], operator: ['Rossi, Anna'] }
    const one = await carla.call('createAuditFilter', { body: { name: 'Disclosures', search } })
    expect(one.search).toEqual(search)
    const twice = await refusal(carla.call('createAuditFilter', { body: { name: 'Disclosures', search: {} } }))
    expect([twice.code, twice.detail['reason']]).toEqual(['REQUEST_CONFLICT', 'name'])
    const params = { id: one.id }
    const body = { name: 'Codes shown', search: { text: 'puk' } }
    const changed = await carla.call('updateAuditFilter', { params, body }, { ifMatch: one.etag })
    expect(changed).toMatchObject({ name: 'Codes shown', search: { text: 'puk' }, etag: '"2"' })
    const late = await refusal(carla.call('updateAuditFilter', { params, body }, { ifMatch: one.etag }))
    expect(late.code).toBe('REQUEST_PRECONDITION_FAILED')
    expect((await livia.call('listAuditFilters', {})).items).toEqual([])
    expect((await refusal(livia.call('deleteAuditFilter', { params }))).code).toBe('NOT_FOUND')
    expect((await refusal(livia.call('updateAuditFilter', { params, body }, { ifMatch: changed.etag }))).code).toBe(
      'NOT_FOUND',
    )
    expect(await carla.call('deleteAuditFilter', { params })).toEqual({ done: true })
    expect((await carla.call('listAuditFilters', {})).items).toEqual([])
    const trail = await carla.call('readTrail', { params: { objectType: 'audit-filter', objectId: one.id }, query: {} })
    expect(trail.items.map((entry) => entry.action)).toEqual(['Insertion', 'Modification', 'Deletion'])
  })
})

describe('when chains are verified', () => {
  const ended = async (client: TestClient, id: string) => {
    for (;;) {
      const view = await client.call('readVerification', { params: { id } })
      if (view.state !== 'running') return view
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }

  it('shows each with head, size and last verification', async () => {
    const { id } = await carla.call('startVerification', { body: { depth: 'quick' } })
    const view = await ended(carla, id)
    expect(view).toMatchObject({ state: 'passed', depth: 'quick', scheduled: false, faults: [], error: null })
    const [chain] = (await carla.call('listChains', {})).items
    expect(chain).toMatchObject({ chain: server.config.name, own: true, keyMode: 'epoch', cut: null })
    expect(chain?.lastVerification?.id).toBe(id)
    expect(chain?.size).toBe((chain?.head?.sequence ?? 0) + 1)
    expect(chain?.first?.sequence).toBe(0)
    const missing = refusal(carla.call('startVerification', { body: { depth: 'quick', chain: 'no.such.chain' } }))
    expect((await missing).code).toBe('AUDIT_NOT_FOUND')
  })

  it('proves to an auditor of one office their own entries, by their place in the tree, and tells of no others', async () => {
    const { id, depth } = await livia.call('startVerification', { body: { depth: 'full' } })
    expect(depth).toBe('inclusion')
    const view = await ended(livia, id)
    expect(view).toMatchObject({ state: 'passed', head: null, startedBy: { name: 'Livia Conti' } })
    expect(view.checked).toBeGreaterThan(5)
    expect((await livia.call('listVerifications', { query: {} })).items.map((one) => one.id)).toEqual([id])
    const others = (await carla.call('listVerifications', { query: {} })).items
    expect(others.length).toBeGreaterThan(1)
    const whole = others.find((one) => one.depth === 'quick')?.id ?? ''
    expect((await refusal(livia.call('readVerification', { params: { id: whole } }))).code).toBe('AUDIT_NOT_FOUND')
    if (server.config.databases.audit.kind !== 'sqlite') throw new Error('not SQLite')
    const [entry] = await list(livia, { objectType: 'holder' })
    const file = new Database(server.config.databases.audit.file)
    const where = `where chain = ? and sequence = ?`
    const at = [server.config.name, entry?.sequence]
    const { salt } = file.prepare(`select salt from payload ${where}`).get(...at) as { salt: Buffer }
    file.prepare(`update payload set salt = ? ${where}`).run(Buffer.alloc(16, 7), ...at)
    const second = await ended(livia, (await livia.call('startVerification', { body: { depth: 'full' } })).id)
    file.prepare(`update payload set salt = ? ${where}`).run(salt, ...at)
    file.close()
    expect([second.state, second.faults]).toEqual([
      'failed',
      [{ kind: 'payload-mismatch', chain: server.config.name, sequence: entry?.sequence, what: 'payload' }],
    ])
    // What a proof of one's own entries finds is told like what a whole verification finds.
    const alarms = async () => (await dario.call('listAlarms', { query: {} })).items
    while ((await alarms()).length === 0) await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await alarms()).toMatchObject([
      {
        kind: 'verification-failed',
        key: server.config.name,
        severity: 'critical',
        detail: { run: second.id, verdict: 'payload-mismatch', sequence: entry?.sequence },
      },
    ])
    expect(server.log()).toContain('"alarm":"verification-failed"')
  })
})

describe("when administrators' access is looked at", () => {
  const year = new Date().getUTCFullYear()

  it('lists their sign-ins, sign-outs and failures, the shell and the databases, and nobody else', async () => {
    const again = await server.signIn('dario')
    await again.call('endSession', { query: {} })
    await refusal(server.signIn('dario', { statement: { serverName: 'another' } }))
    await runCommand(server.config, ['audit', 'list'], {}, log)
    const { databases, sequencer } = server.running().foundation
    await drainLeft(databases.operational.db, sequencer)
    const { items } = await carla.call('listAccess', { query: { limit: 200 } })
    const seen = new Set(items.map((one) => `${one.means} ${one.event}`))
    for (const one of [
      'desk sign-in',
      'desk sign-out',
      'desk failed',
      'shell sign-in',
      'shell sign-out',
      'database sign-in',
    ])
      expect([one, seen.has(one)]).toEqual([one, true])
    const people = new Set(items.filter((one) => one.means === 'desk' && one.name !== null).map((one) => one.name))
    expect(people).toEqual(new Set(['Dario Neri']))
    expect(items.find((one) => one.means === 'shell')).toMatchObject({ operatorId: null, detail: 'audit list' })
    const times = items.map((one) => one.time)
    expect(times).toEqual(times.toSorted((a, b) => b - a))
  })

  it('gives every row once, page by page, also of the same millisecond', async () => {
    const all = (await carla.call('listAccess', { query: { limit: 200 } })).items
    for (const limit of [1, 2, 3]) {
      const paged: unknown[] = []
      let cursor: string | undefined
      do {
        const query = { limit, ...(cursor === undefined ? {} : { cursor }) }
        const page: Awaited<ReturnType<typeof carla.call<'listAccess'>>> = await carla.call('listAccess', { query })
        paged.push(...page.items)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(paged).toEqual(all)
    }
    const events = (await carla.call('listAccess', { query: { event: 'failed,sign-out', operator: 'dario' } })).items
    expect(new Set(events.map((one) => one.operatorId))).toEqual(new Set([server.setup.operators['dario']?.id]))
    expect((await refusal(carla.call('listAccess', { query: { cursor: 'AAAA' } }))).code).toBe('REQUEST_INVALID')
    expect((await refusal(dario.call('listAccess', { query: {} }))).code).toBe('ACCESS_DENIED')
  })

  it('reviews a year: counts, files, and a mark that is set once and only when the year is over', async () => {
    const params = { year }
    const review = await carla.call('readAccessReview', { params })
    expect(review).toMatchObject({ isOver: false, reviewed: null, missingBefore: null })
    expect(review.totals.signIns).toBeGreaterThan(2)
    expect(review.totals.failures).toBeGreaterThan(0)
    expect(review.months.some((line) => line.failures === 1)).toBe(true)
    const csv = await carla.call('exportAccessReview', { params, body: { format: 'csv' } })
    expect(csv).toMatchObject({ name: `access-${year}.csv`, mediaType: 'text/csv' })
    expect(csv.content.split('\r\n')).toHaveLength(review.months.length + 2)
    const json = await carla.call('exportAccessReview', { params, body: { format: 'json' } })
    expect(JSON.parse(json.content)).toMatchObject({ year, hours: { zone: 'Europe/Rome' } })
    const mark = (of: number) => carla.call('markAccessReviewed', { params: { year: of }, body: { note: 'looked at' } })
    expect((await refusal(mark(year))).detail['reason']).toBe('year-open')
    expect((await mark(year - 1)).reviewed).toMatchObject({ note: 'looked at', by: { name: 'Carla Verdi' } })
    expect((await refusal(mark(year - 1))).code).toBe('REQUEST_CONFLICT')
    const { items } = await carla.call('listAccessYears', {})
    expect(items.map((one) => [one.year, one.reviewed !== null])).toEqual([
      [year, false],
      [year - 1, true],
    ])
  })
})
