import { parentPort, workerData } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { openAuditReader, type Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { openRows } from './rows-any.ts'
import { openSqliteRows } from './rows-sqlite.ts'
import { selectEntries } from './select-entries.ts'
import type { RowReader } from './stored-row.ts'
import { writeEntries } from './write-entries.ts'
import type { CountTask, WriteMessage, WriteTask } from './write-task.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
const send = (message: WriteMessage): void => parentPort?.postMessage(message)

/** Aborted without waiting for messages, which this thread has no time for. */
const signalOf = (cancel: Int32Array): AbortSignal => {
  const isEnded = (): boolean => Atomics.load(cancel, 0) !== 0
  return {
    get aborted() {
      return isEnded()
    },
    throwIfAborted: () => {
      if (isEnded()) throw new Ended()
    },
  } as AbortSignal
}
class Ended extends Error {}

const rowsOf = async (task: WriteTask): Promise<RowReader> =>
  task.location.dialect === 'sqlite' ? openSqliteRows(task.location) : openRows(await openAuditReader(task.location))

const write = async (task: WriteTask, reader: Opened<AuditDb>): Promise<WriteMessage> => {
  const rows = await rowsOf(task)
  try {
    const result = await writeEntries(task, {
      reader,
      rows,
      signal: signalOf(task.cancel),
      onProgress: (phase, written, total) => send({ kind: 'progress', phase, written, total }),
    })
    return { kind: 'written', result }
  } finally {
    await rows.close()
  }
}

const count = async (task: CountTask, reader: Opened<AuditDb>): Promise<WriteMessage> => {
  const { selected } = task.filter
  const signal = signalOf(task.cancel)
  const found = selected ? await selectEntries(reader.db, selected, reader.dialect, signal, task.most) : []
  return { kind: 'counted', entries: found.length }
}

const run = async (task: WriteTask | CountTask): Promise<WriteMessage> => {
  let reader: Opened<AuditDb> | null = null
  try {
    reader = await openAuditReader(task.location)
    return task.kind === 'write' ? await write(task, reader) : await count(task, reader)
  } catch (error) {
    if (error instanceof Ended) return { kind: 'cancelled' }
    const known =
      error instanceof AppError ? { code: error.code, detail: error.detail } : { code: 'INTERNAL', detail: {} }
    const cause = error instanceof Error ? (error.cause ?? error) : error
    return { kind: 'error', ...known, cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }
  } finally {
    await reader?.close()
  }
}

send(await run(workerData as WriteTask | CountTask))
