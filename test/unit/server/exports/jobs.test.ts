import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import { makeLog } from '../../../../server/log/log.ts'
import { ExportFolders } from '../../../../server/exports/folders.ts'
import { ExportJobs, type ExportJobsDeps } from '../../../../server/exports/jobs.ts'
import type { RunningJob } from '../../../../server/jobs/job.ts'
import { noExportFaults } from '../../../../server/exports/ports.ts'
import { openJobsBench, type JobsBench } from '../jobs/jobs-bench.ts'
import { addExport, NODE, rowOf } from './export-rows.ts'

const ID = 'export_00000001'
let bench: JobsBench
let folders: ExportFolders
const db = () => bench.databases.operational.db
const isThere = (): boolean => existsSync(folders.whole(ID))

beforeEach(async () => {
  bench = await openJobsBench()
  folders = new ExportFolders(join(bench.folder, 'exports'))
  await addExport(db(), ID)
})
afterEach(() => bench.close())

/** With a maker of its own: what making itself needs is none of this, only what becomes of an attempt. */
const jobsWith = (make: (order: { readonly signal: AbortSignal }) => Promise<unknown>): ExportJobs =>
  new ExportJobs({
    db: db(),
    own: bench.own,
    log: makeLog('fatal', { write: () => undefined }),
    audit: bench.databases.audit,
    folders,
    node: NODE,
    product: 'Countersign 0',
    seal: () => Promise.resolve(),
    keepMs: 1000,
    maxBytes: 1_000_000,
    forget: () => undefined,
    signatures: { signer: () => Promise.resolve({ kind: 'software' }) },
    maker: { make },
    faults: noExportFaults,
    writeReport: () => Promise.reject(new Error('not asked for')),
    outside: [],
  } as unknown as ExportJobsDeps)

const job = (more: object = {}) =>
  ({
    id: 'job-1',
    kind: 'audit-export',
    body: { export: ID },
    attempt: 1,
    schedule: null,
    requestedBy: null,
    signal: new AbortController().signal,
    ...more,
  }) as unknown as RunningJob

/** Runs the job once; making leaves a whole folder, does `also` and fails with `failure`. */
const run = (failure: unknown, also: () => Promise<unknown> = () => Promise.resolve(), more = {}): Promise<void> => {
  const make = async () => {
    mkdirSync(folders.whole(ID), { recursive: true })
    await also()
    throw failure
  }
  return jobsWith(make).making().run(job(more))
}

const setState = (state: 'ready' | 'cancelled') =>
  db().updateTable('audit_export').set({ state, version: 2 }).where('id', '=', ID).execute()

describe('when making an export ends with a failure', () => {
  const lost = new Error('the answer of the commit was lost')

  it('keeps the files where the row became ready all the same, and is done', async () => {
    await run(lost, () => setState('ready'))
    expect([(await rowOf(db(), ID)).state, isThere()]).toEqual(['ready', true])
  })

  it('removes the files where it was cancelled meanwhile, and is done', async () => {
    await run(lost, () => setState('cancelled'))
    expect([(await rowOf(db(), ID)).state, isThere()]).toEqual(['cancelled', false])
  })

  it.each([
    ['for now', new AppError('HSM_UNAVAILABLE'), {}, 'waiting', null],
    ['for good', new AppError('EXPORT_TOO_LARGE'), {}, 'failed', 'EXPORT_TOO_LARGE'],
    ['for the last time', new AppError('HSM_UNAVAILABLE'), { attempt: 4 }, 'failed', 'HSM_UNAVAILABLE'],
    ['without a code for the last time', new Error('unforeseen'), { attempt: 4 }, 'failed', 'INTERNAL'],
    ['since the server closes', lost, { attempt: 4, signal: AbortSignal.abort() }, 'waiting', null],
  ] as const)('removes the files where it failed %s, and tells', async (_, error, more, state, told) => {
    await expect(run(error, undefined, more)).rejects.toBe(error)
    expect(await rowOf(db(), ID)).toMatchObject({ state, error: told })
    expect(isThere()).toBe(false)
  })
})

describe('when an attempt begins before the earlier one has ended', () => {
  it('stops that, and waits until it has left the folder', async () => {
    const order: string[] = []
    let begun = 0
    const { promise: isBegun, resolve: first } = Promise.withResolvers<void>()
    const jobs = jobsWith(async ({ signal }) => {
      const nth = (begun += 1)
      order.push(`${nth} begins`)
      if (nth > 1) {
        mkdirSync(folders.whole(ID), { recursive: true })
        await setState('ready')
        return
      }
      first()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      // What it does last takes its time.
      await setTimeout(20)
      order.push(`${nth} ends`)
      throw new Error('stopped')
    })
    const lost = jobs.making().run(job())
    await isBegun
    const next = jobs.making().run(job({ attempt: 2 }))
    await expect(lost).rejects.toThrow('stopped')
    await next.catch(() => order.push('2 failed'))
    expect(order.slice(0, 3)).toEqual(['1 begins', '1 ends', '2 begins'])
    expect([(await rowOf(db(), ID)).state, isThere(), jobs.progress(ID)]).toEqual(['ready', true, null])
  })
})
