import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import { claimJob, reviveJob } from '../../../../server/db/repositories/jobs.ts'
import type { RunningJob } from '../../../../server/jobs/job.ts'
import { openJobsBench } from './jobs-bench.ts'
import type { JobsBench } from './jobs-bench.ts'

let bench: JobsBench
beforeEach(async () => {
  bench = await openJobsBench()
})
afterEach(() => bench.close())

const handler = (run: (job: RunningJob) => Promise<void>, more = {}) => ({
  maxAttempts: 3,
  isExclusive: false,
  backoffMs: (attempt: number) => attempt * 1000,
  run,
  ...more,
})
const runs = (id: string) =>
  bench.databases.operational.db.selectFrom('job_run').selectAll().where('job_id', '=', id).orderBy('attempt').execute()
const entries = async (id: string) => {
  const { db } = bench.databases.audit
  return (await db.selectFrom('entry').select('sequence').where('object_id', '=', id).execute()).length
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 60))

describe('when a job is made', () => {
  it('runs once, is recorded, and leaves entries of its making and its end', async () => {
    const seen: unknown[] = []
    bench.runner({ mail: handler(({ body, attempt }) => Promise.resolve(void seen.push([body, attempt]))) }).start()
    const id = (await bench.add({ kind: 'mail', body: { to: 'x' } })) ?? ''
    await bench.until(id, 'done')
    expect(seen).toEqual([[{ to: 'x' }, 1]])
    expect(await runs(id)).toMatchObject([{ attempt: 1, node: 'node-1', outcome: 'done', error: null }])
    await settled()
    expect(await entries(id)).toBe(2)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('is made once under a unique key', async () => {
    const order = { kind: 'mail' as const, body: {}, uniqueKey: 'k' }
    expect(await bench.add(order)).not.toBeNull()
    expect(await bench.add(order)).toBeNull()
  })

  it('forgets of its body what its handler does not keep', async () => {
    bench.runner({ mail: handler(() => Promise.resolve(), { keptBody: {} }) }).start()
    const id = (await bench.add({ kind: 'mail', body: { to: 'anna@example.test' } })) ?? ''
    await bench.until(id, 'done')
    expect((await bench.job(id)).body).toBe('{}')
  })
})

describe('when a job fails', () => {
  it('is tried again after its wait, then is dead and told', async () => {
    bench.runner({ mail: handler(() => Promise.reject(new AppError('MAIL_UNAVAILABLE'))) }).start()
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    for (const wait of [1000, 2000]) {
      const before = bench.clock.now()
      for (let turn = 0; turn < 400 && (await bench.job(id)).due_at !== before + wait; turn += 1) await settled()
      expect(await bench.job(id)).toMatchObject({ state: 'waiting', due_at: before + wait })
      bench.clock.forward(wait)
    }
    await bench.until(id, 'dead')
    expect(await bench.job(id)).toMatchObject({ attempts: 3, last_error: 'MAIL_UNAVAILABLE' })
    expect((await runs(id)).map((run) => run.outcome)).toEqual(['failed', 'failed', 'failed'])
    await settled()
    expect(bench.dead).toEqual([{ id, kind: 'mail', error: 'MAIL_UNAVAILABLE' }])
  })

  it('is dead at once where trying again cannot help', async () => {
    bench.runner({ mail: handler(() => Promise.reject(new AppError('MAIL_REFUSED'))) }).start()
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    await bench.until(id, 'dead')
    expect((await runs(id)).map((run) => run.outcome)).toEqual(['refused'])
  })

  it('keeps a foreign error out of the database, and logs it', async () => {
    bench.runner({ mail: handler(() => Promise.reject(new Error('secret words'))) }).start()
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    for (let turn = 0; turn < 400 && (await bench.job(id)).last_error === null; turn += 1) await settled()
    expect((await bench.job(id)).last_error).toBe('INTERNAL')
    expect(bench.lines()).toContain('secret words')
  })

  it('runs again when it is revived', async () => {
    let isMended = false
    const run = () => (isMended ? Promise.resolve() : Promise.reject(new AppError('MAIL_REFUSED')))
    bench.runner({ mail: handler(run) }).start()
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    await bench.until(id, 'dead')
    isMended = true
    const more = { at: bench.clock.now(), attempts: 2 }
    expect(await bench.own.run('x', (trx) => reviveJob(trx, id, more))).toBe(true)
    await bench.until(id, 'done')
    expect(await bench.own.run('x', (trx) => reviveJob(trx, id, more))).toBe(false)
  })
})

describe('when the process that held a job died', () => {
  const claim = (owner: string) =>
    claimJob(bench.databases.operational, {
      kinds: ['mail'],
      exclusive: [],
      node: 'node-1',
      owner,
      now: bench.clock.now(),
      leaseMs: 60_000,
    })

  it('is nobody else’s until the lease runs out, then is taken again and told as lost', async () => {
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    expect((await claim('dead-process'))?.job.id).toBe(id)
    expect(await claim('other')).toBeNull()
    bench.clock.forward(60_001)
    let attempts = 0
    bench.runner({ mail: handler(({ attempt }) => Promise.resolve(void (attempts = attempt))) }).start()
    await bench.until(id, 'done')
    expect(attempts).toBe(2)
    expect((await runs(id)).map((run) => run.outcome)).toEqual(['lost', 'done'])
  })

  it('is not tried for ever when each attempt kills the process', async () => {
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await claim(`dead-${attempt}`)).not.toBeNull()
      bench.clock.forward(60_001)
    }
    let isRun = false
    bench.runner({ mail: handler(() => Promise.resolve(void (isRun = true))) }).start()
    await bench.until(id, 'dead')
    expect(isRun).toBe(false)
    expect((await bench.job(id)).last_error).toBe('JOB_LOST')
  })

  it('what it writes afterwards counts no more', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = bench.runner({ mail: handler(() => held) })
    slow.start()
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    await bench.until(id, 'running')
    bench.clock.forward(60_001)
    expect((await claim('other'))?.lost).toBe(1)
    release()
    await settled()
    expect(await bench.job(id)).toMatchObject({ state: 'running', attempts: 2 })
  })
})

describe('when the server closes', () => {
  it('asks what runs to stop and gives it back uncounted', async () => {
    const runner = bench.runner({
      mail: handler(
        ({ signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
      ),
    })
    runner.start()
    const id = (await bench.add({ kind: 'mail', body: {} })) ?? ''
    await bench.until(id, 'running')
    await runner.close()
    expect(await bench.job(id)).toMatchObject({ state: 'waiting', attempts: 1, max_attempts: 4 })
  })
})

describe('when several runners share the database', () => {
  it('each job runs once, and a kind that must be alone is', async () => {
    const ran: string[] = []
    let now = 0
    let most = 0
    const alone = handler(
      async ({ id }) => {
        now += 1
        most = Math.max(most, now)
        await new Promise((resolve) => setTimeout(resolve, 3))
        now -= 1
        ran.push(id)
      },
      { isExclusive: true },
    )
    const many = handler(({ id }) => Promise.resolve(void ran.push(id)))
    for (const node of ['node-1', 'node-2', 'node-3'])
      bench.runner({ mail: many, 'audit-cleaning': alone }, { node }).start()
    const ids: string[] = []
    for (let n = 0; n < 12; n += 1) {
      ids.push((await bench.add({ kind: n % 2 === 0 ? 'mail' : 'audit-cleaning', body: {} })) ?? '')
    }
    for (const id of ids) await bench.until(id, 'done')
    expect([...ran].sort()).toEqual([...ids].sort())
    expect(most).toBe(1)
  })

  it('a job of one node is left to it', async () => {
    const ran: string[] = []
    const note = (node: string) => handler(() => Promise.resolve(void ran.push(node)))
    bench.runner({ mail: note('node-1') }, { node: 'node-1' }).start()
    const id = (await bench.add({ kind: 'mail', body: {}, node: 'node-2' })) ?? ''
    await settled()
    expect(ran).toEqual([])
    bench.runner({ mail: note('node-2') }, { node: 'node-2' }).start()
    await bench.until(id, 'done')
    expect(ran).toEqual(['node-2'])
  })
})
