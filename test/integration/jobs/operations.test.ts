import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpAnswer } from '../../../shared/contract/index.ts'
import { RETENTION_DEFAULTS } from '../../../shared/contract/routes/audit-retention.ts'
import { refusal } from '../../fakes/server/client.ts'
import type { TestClient } from '../../fakes/server/client.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer } from '../../fakes/server/start-server.ts'
import type { TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
let anna: TestClient
let carla: TestClient
let dario: TestClient

beforeAll(async () => {
  server = await startServer({
    operators: [
      { key: 'elena', name: 'Elena Riva', grants: [{ role: 'SA', scope: { kind: 'office', key: 'milan' } }] },
    ] as never,
  })
  ;[anna, carla, dario] = (await Promise.all(['anna', 'carla', 'dario'].map((one) => server.signIn(one)))) as [
    TestClient,
    TestClient,
    TestClient,
  ]
})
afterAll(() => server.close())

const head = () => server.running().foundation.sequencer.state().head
const changes = async <T>(call: () => Promise<T>): Promise<T> => {
  const before = head()
  const value = await call()
  expect(head()).toBeGreaterThan(before)
  return value
}
const untilJob = async (id: string, state: string): Promise<HttpAnswer<'readJob'>> => {
  for (let turn = 0; turn < 400; turn += 1) {
    const job = await dario.call('readJob', { params: { id } })
    if (job.state === state) return job
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`job is not ${state}`)
}
const classes = { ...RETENTION_DEFAULTS }

describe('when schedules are changed', () => {
  it('they are listed, changed with an entry, and refused where they never come', async () => {
    const { items } = await carla.call('listSchedules', {})
    const verify = items.find((one) => one.name === 'audit-verification')
    expect(verify).toMatchObject({ cron: '30 2 * * *', timeZone: 'UTC', enabled: true })
    const set = { cron: '0 1 * * *', timeZone: 'Europe/Rome', enabled: true }
    const params = { name: 'audit-verification' as const }
    const etag = verify?.etag ?? ''
    const after = await changes(() => dario.call('setSchedule', { params, body: set }, { ifMatch: etag }))
    expect(after).toMatchObject(set)
    const stale = await refusal(dario.call('setSchedule', { params, body: set }, { ifMatch: etag }))
    expect(stale.code).toBe('REQUEST_PRECONDITION_FAILED')
    for (const wrong of [{ cron: '99 * * * *' }, { timeZone: 'Nowhere/Land' }, { cron: '0 0 30 2 *' }]) {
      const body = { ...set, ...wrong }
      const refused = await refusal(dario.call('setSchedule', { params, body }, { ifMatch: after.etag }))
      expect(refused.code).toBe('JOB_SCHEDULE_INVALID')
    }
  })

  it('a verification run now is done, recorded and shown', async () => {
    const made = await changes(() => dario.call('runSchedule', { params: { name: 'audit-verification' } }))
    expect(made).toMatchObject({ kind: 'audit-verification', schedule: 'audit-verification' })
    const job = await untilJob(made.id, 'done')
    expect(job.runs).toMatchObject([{ attempt: 1, outcome: 'done', error: null }])
    const runs = await carla.call('listVerifications', { query: {} })
    expect(runs.items[0]).toMatchObject({ state: 'passed', resumed: null })
    // That it ended is in the chain: nobody can have it go on from an old place afterwards.
    const object = { objectType: 'audit-verification' as const, objectId: runs.items[0]?.id ?? '' }
    await expect
      .poll(async () => (await carla.call('listAudit', { query: object })).items.map((one) => one.action))
      .toEqual(['Verification', 'Verification'])
    expect((await carla.call('listSchedules', {})).items.find((one) => one.lastJob?.id === made.id)).toBeDefined()
    const { code } = await refusal(dario.call('retryJob', { params: { id: made.id }, body: { reason: 'x' } }))
    expect(code).toBe('JOB_STATE')
  })

  it('cleaning run now without a window is done and deletes nothing', async () => {
    const made = await dario.call('runSchedule', { params: { name: 'audit-cleaning' } })
    await untilJob(made.id, 'done')
    expect((await dario.call('listCleanings', { query: {} })).items).toEqual([])
  })
})

describe('when who may not tries', () => {
  it.each(['listJobs', 'listSchedules', 'listAlarms', 'readRetention', 'readMailSettings'] as const)(
    'an officer is refused %s',
    async (name) => {
      expect((await refusal(anna.call(name, { query: {} } as never))).code).toBe('ACCESS_DENIED')
    },
  )

  it('an auditor reads jobs and changes none', async () => {
    expect((await carla.call('listJobs', { query: {} })).items.length).toBeGreaterThan(0)
    expect((await refusal(carla.call('runSchedule', { params: { name: 'audit-cleaning' } }))).code).toBe(
      'ACCESS_DENIED',
    )
  })

  it('an administrator of one office does not see the installation’s work', async () => {
    const elena = await server.signIn('elena')
    expect((await refusal(elena.call('listJobs', { query: {} }))).code).toBe('ACCESS_DENIED')
  })
})

describe('when the window is set', () => {
  it('unset says that the whole chain is kept', async () => {
    const view = await carla.call('readRetention', {})
    expect(view).toMatchObject({ windowMonths: null, notes: ['window-unset'] })
    expect(view.chains).toMatchObject([{ first: 0 }])
    const { items } = await carla.call('planCleaning', {})
    expect(items).toMatchObject([{ verdict: 'window-unset', entries: 0, bytes: 0 }])
  })

  it('shorter than 12 becomes 12 and says so; a class below its law is refused', async () => {
    const { etag } = await dario.call('readRetention', {})
    const short = { windowMonths: 3, classes, reason: 'space' }
    const view = await changes(() => dario.call('setRetention', { body: short }, { ifMatch: etag }))
    expect(view).toMatchObject({ windowMonths: 12, notes: ['window-raised', 'held-by-class'] })
    const body = { ...short, classes: { ...classes, events: 23 } }
    const refused = await refusal(dario.call('setRetention', { body }, { ifMatch: view.etag }))
    expect(refused).toMatchObject({ code: 'AUDIT_RETENTION_TOO_SHORT', detail: { class: 'events', months: 24 } })
    const { items } = await dario.call('planCleaning', {})
    expect(items).toMatchObject([{ verdict: 'nothing-old-enough' }])
    const chain = items[0]?.chain ?? ''
    const clean = await refusal(dario.call('startCleaning', { body: { chain, cut: 256, reason: 'x' } }))
    expect(clean.code).toBe('AUDIT_CLEANING_CHANGED')
  })
})

describe('when an erasure is asked for', () => {
  it('what must be kept is refused, and the plan says what holds it', async () => {
    const { id } = await anna.call('createHolder', { body: HOLDER })
    const object = { objectType: 'holder', objectId: id }
    const plan = await dario.call('planErasure', { query: object })
    expect(plan).toMatchObject({ entries: 1, heldBy: { class: 'events', entries: 1 } })
    const body = { ...object, rule: 'data-subject-request' as const, reason: 'asked in writing' }
    expect((await refusal(dario.call('requestErasure', { body }))).code).toBe('AUDIT_RETENTION_HELD')
  })

  it('it is decided by a second person, once', async () => {
    const body = { objectType: 'holder', objectId: 'holder_00000000', rule: 'object-deleted' as const, reason: 'gone' }
    const asked = await changes(() => dario.call('requestErasure', { body }))
    expect(asked).toMatchObject({ state: 'requested', entries: 0, requestedBy: { name: 'Dario Neri' } })
    const params = { id: asked.id }
    const own = await refusal(dario.call('approveErasure', { params }, { ifMatch: asked.etag }))
    expect(own.code).toBe('ACCESS_DENIED')
    const done = await changes(() => carla.call('approveErasure', { params }, { ifMatch: asked.etag }))
    expect(done).toMatchObject({ state: 'done', decidedBy: { name: 'Carla Verdi' } })
    const again = await refusal(
      carla.call('refuseErasure', { params, body: { reason: 'late' } }, { ifMatch: done.etag }),
    )
    expect(again.code).toBe('AUDIT_ERASURE_STATE')
    const other = await dario.call('requestErasure', { body })
    const refused = await changes(() =>
      carla.call('refuseErasure', { params: { id: other.id }, body: { reason: 'no' } }, { ifMatch: other.etag }),
    )
    expect(refused).toMatchObject({ state: 'refused', refusal: 'no' })
    expect((await carla.call('listErasures', { query: {} })).items).toHaveLength(2)
  })
})

describe('when mail is set', () => {
  it('recipients are kept with an entry; without a mail server no test mail is made', async () => {
    const before = await dario.call('readMailSettings', {})
    expect(before).toMatchObject({ recipients: [], server: null, waiting: 0 })
    const recipients = [{ address: 'desk@example.test', language: 'it' as const }]
    const after = await changes(() => dario.call('setMailSettings', { body: { recipients } }, { ifMatch: before.etag }))
    expect(after.recipients).toEqual(recipients)
    const test = await refusal(dario.call('sendTestMail', { body: { address: 'desk@example.test' } }))
    expect(test.code).toBe('MAIL_NOT_CONFIGURED')
  })
})

describe('when something is wrong', () => {
  it('a verification that finds an error raises an alarm, which is shown and acknowledged', async () => {
    const { db } = server.running().foundation.databases.audit
    const row = await db.selectFrom('payload').selectAll().where('sequence', '=', 3).executeTakeFirstOrThrow()
    await db
      .updateTable('payload')
      .set({ bytes: new Uint8Array([1]) })
      .where('sequence', '=', 3)
      .execute()
    const made = await dario.call('runSchedule', { params: { name: 'audit-verification-full' } })
    await untilJob(made.id, 'done')
    let items: HttpAnswer<'listAlarms'>['items'] = []
    for (let turn = 0; turn < 100 && items.length === 0; turn += 1) {
      ;({ items } = await carla.call('listAlarms', { query: {} }))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const [alarm] = items
    expect(alarm).toMatchObject({
      kind: 'verification-failed',
      severity: 'critical',
      detail: { verdict: 'payload-mismatch', sequence: 3 },
    })
    const params = { id: alarm?.id ?? '' }
    const seen = await changes(() => carla.call('acknowledgeAlarm', { params, body: { note: 'looking' } }))
    expect(seen).toMatchObject({ acknowledgedBy: { name: 'Carla Verdi' }, clearedAt: null })
    await db.updateTable('payload').set({ bytes: row.bytes }).where('sequence', '=', 3).execute()
    const again = await dario.call('runSchedule', { params: { name: 'audit-verification-full' } })
    await untilJob(again.id, 'done')
    for (let turn = 0; turn < 100 && items.length > 0; turn += 1) {
      ;({ items } = await carla.call('listAlarms', { query: {} }))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(items).toEqual([])
    expect((await carla.call('listAlarms', { query: { state: 'all' } })).items).toHaveLength(1)
  })

  it('health tells of jobs and mail', async () => {
    const { checks } = await dario.call('readHealth', {})
    expect(checks.map((one) => one.name)).toEqual(expect.arrayContaining(['jobs', 'mail']))
  })
})
