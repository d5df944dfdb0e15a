import Database from 'better-sqlite3'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { VerificationJobs } from '../../../../server/audit/verification-jobs.ts'
import type { VerificationRun } from '../../../../server/audit/verification-jobs.ts'
import { keyIdOf } from '../../../../shared/audit/crypto.ts'
import { CHAIN, newIntent, newSigner, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

// Threads start slowly on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

let bench: Bench
afterEach(() => bench.close())

const jobsOf = (trusted = bench.signer, onEnd?: (run: VerificationRun) => void): VerificationJobs =>
  new VerificationJobs({
    audit: bench.databases.audit,
    chain: CHAIN,
    trustedKeyIds: () => [keyIdOf(trusted.publicKeySpki())],
    ...(onEnd ? { onEnd } : {}),
  })
const write = (count: number): Promise<void> => bench.write(Array.from({ length: count }, () => newIntent()))

describe('a verification', () => {
  it.each(['quick', 'full'] as const)(
    'runs beside writers, shows progress, and its result is kept: %s',
    async (mode) => {
      bench = await openBench()
      await write(1200)
      const ended: VerificationRun[] = []
      const jobs = jobsOf(bench.signer, (run) => ended.push(run))
      const run = await jobs.start({ mode, requestedBy: 'operator-9' })
      expect(run).toMatchObject({ state: 'running', chain: CHAIN, total: 1202, verdict: null })
      await write(3)
      const done = await jobs.wait(run.id)
      expect(done).toMatchObject({ state: 'passed', requestedBy: 'operator-9', verdict: { ok: true, mode } })
      expect(done.checked).toBeGreaterThanOrEqual(1202)
      expect(await jobs.get(run.id)).toEqual(done)
      expect(await jobs.list()).toEqual([done])
      expect(ended).toEqual([done])
    },
  )

  it('tells what is wrong and where', async () => {
    bench = await openBench()
    await write(20)
    const db = new Database(join(bench.folder, 'audit.db'))
    db.exec("update entry set tenant = 'x' where sequence = 9")
    db.close()
    const jobs = jobsOf()
    const run = await jobs.start({ mode: 'full', requestedBy: null })
    expect(await jobs.wait(run.id)).toMatchObject({
      state: 'failed',
      verdict: { ok: false, kind: 'altered', sequence: 9, what: 'tenant' },
    })
  })

  it('fails for a chain signed by a key that is not trusted', async () => {
    bench = await openBench()
    const jobs = jobsOf(newSigner())
    const run = await jobs.start({ mode: 'quick', requestedBy: null })
    expect(await jobs.wait(run.id)).toMatchObject({ state: 'failed', verdict: { kind: 'unknown-key' } })
  })

  it('is one at a time, and can be cancelled', async () => {
    bench = await openBench()
    await write(2000)
    const jobs = jobsOf()
    const [run, second] = await Promise.allSettled([
      jobs.start({ mode: 'full', requestedBy: null }),
      jobs.start({ mode: 'quick', requestedBy: null }),
    ])
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'AUDIT_VERIFICATION_RUNNING' } })
    if (run.status !== 'fulfilled') throw new Error('the first run did not start')
    await expect(jobs.start({ mode: 'quick', requestedBy: null })).rejects.toMatchObject({
      code: 'AUDIT_VERIFICATION_RUNNING',
    })
    expect(await jobs.cancel(run.value.id)).toMatchObject({ state: 'cancelled', verdict: null })
    const next = await jobs.start({ mode: 'quick', requestedBy: null })
    expect(await jobs.wait(next.id)).toMatchObject({ state: 'passed' })
    await expect(jobs.get('nobody')).rejects.toMatchObject({ code: 'AUDIT_NOT_FOUND' })
  })

  it('does not begin before it is told of, and never when that fails', async () => {
    bench = await openBench()
    const jobs = jobsOf()
    const held = await jobs.reserve({ mode: 'quick', requestedBy: null, waiting: ['other'] })
    const busy = { code: 'AUDIT_VERIFICATION_RUNNING' }
    await expect(jobs.start({ mode: 'quick', requestedBy: null })).rejects.toMatchObject(busy)
    expect(await jobs.wait(held.run.id)).toMatchObject({ state: 'running', checked: 0 })
    await held.release()
    expect(await jobs.get(held.run.id)).toMatchObject({ state: 'cancelled', verdict: null, waiting: [] })
    const next = await jobs.reserve({ mode: 'quick', requestedBy: null })
    await next.begin()
    expect(await jobs.wait(next.run.id)).toMatchObject({ state: 'passed', resumed: null })
  })

  it('left behind by a process that died is set to error at the next start', async () => {
    bench = await openBench()
    const row = { chain: CHAIN, mode: 'full' as const, state: 'running' as const, requested_by: null, ended_at: null }
    await bench.databases.audit.db
      .insertInto('verification_run')
      .values({ ...row, id: 'old', started_at: 1, checked: 0, total: 5, verdict: null })
      .execute()
    const jobs = jobsOf()
    await jobs.recover()
    expect(await jobs.get('old')).toMatchObject({ state: 'error', verdict: null })
    await jobs.close()
  })
})
