import { parentPort, workerData } from 'node:worker_threads'
import { keepCompiled } from '../audit/verification-threads.ts'
import { openSqliteRows } from './rows-sqlite.ts'
import type { RowReader } from './stored-row.ts'
import { Ended, failureOf, signalOf } from './thread-failure.ts'
import { writeEntries, type OpenPaths } from './write-entries.ts'
import type { WriteMessage, WriteTask } from './write-task.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
const send = (message: WriteMessage): void => parentPort?.postMessage(message)

/** What another database needs is loaded only where there is one. */
const openRowsOf = async ({ location }: WriteTask): Promise<RowReader> => {
  if (location.dialect === 'sqlite') return openSqliteRows(location)
  const { openAuditReader } = await import('../db/open.ts')
  const { openRows } = await import('./rows-any.ts')
  return openRows(await openAuditReader(location))
}

/** And what audit paths need, where there are any. */
const openPathsOf =
  ({ location }: WriteTask, closing: (() => Promise<void>)[]): OpenPaths =>
  async (chain, size) => {
    const { openAuditReader } = await import('../db/open.ts')
    const { AuditPaths } = await import('./audit-paths.ts')
    const reader = await openAuditReader(location)
    closing.push(() => reader.close())
    return AuditPaths.open(reader.db, chain, size)
  }

const run = async (task: WriteTask): Promise<WriteMessage> => {
  const closing: (() => Promise<void>)[] = []
  try {
    const rows = await openRowsOf(task)
    closing.push(() => rows.close())
    const result = await writeEntries(task, {
      rows,
      openPaths: openPathsOf(task, closing),
      signal: signalOf(task.cancel),
      onProgress: (phase, written, total) => send({ kind: 'progress', phase, written, total }),
    })
    return { kind: 'written', result }
  } catch (error) {
    return error instanceof Ended ? { kind: 'cancelled' } : failureOf(error)
  } finally {
    for (const close of closing) await close()
  }
}

keepCompiled()
send(await run(workerData as WriteTask))
