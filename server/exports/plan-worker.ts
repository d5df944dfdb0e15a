import { parentPort, workerData } from 'node:worker_threads'
import { openAuditReader, type Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { planEntries } from './plan-entries.ts'
import { selectEntries } from './select-entries.ts'
import { Ended, failureOf, signalOf } from './thread-failure.ts'
import type { CountTask, PlanTask, WriteMessage } from './write-task.ts'

/** Settles what an export takes, or how much; gone, with all it loaded, before the first entry is written. */
const plan = async (task: PlanTask, reader: Opened<AuditDb>): Promise<WriteMessage> => ({
  kind: 'planned',
  plan: await planEntries(task, reader, signalOf(task.cancel)),
})

const count = async (task: CountTask, reader: Opened<AuditDb>): Promise<WriteMessage> => {
  const { selected } = task.filter
  const signal = signalOf(task.cancel)
  const found = selected ? await selectEntries(reader.db, selected, reader.dialect, signal, task.most) : []
  return { kind: 'counted', entries: found.length }
}

const run = async (task: PlanTask | CountTask): Promise<WriteMessage> => {
  let reader: Opened<AuditDb> | null = null
  try {
    reader = await openAuditReader(task.location)
    return task.kind === 'plan' ? await plan(task, reader) : await count(task, reader)
  } catch (error) {
    return error instanceof Ended ? { kind: 'cancelled' } : failureOf(error)
  } finally {
    await reader?.close()
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
parentPort?.postMessage(await run(workerData as PlanTask | CountTask))
