import { parentPort, workerData } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import type { VerificationMode, Verdict } from '../../shared/audit/verdict.ts'
import { verifyChain } from '../../shared/audit/verification.ts'
import { openAuditReader } from '../db/open.ts'
import type { DatabaseLocation } from '../db/open.ts'
import { countEntries } from '../db/repositories/audit-list.ts'
import { inSnapshot } from '../db/transaction.ts'
import { readStoredChain } from './stored-chain.ts'

/** What the worker is started with. `cancel` becomes 1 when the run is to end: this thread never waits for messages. */
export interface VerificationTask {
  readonly location: DatabaseLocation
  readonly chain: string
  readonly mode: VerificationMode
  readonly trustedKeyIds: readonly string[]
  readonly cancel: Int32Array
}

export type VerificationMessage =
  | { readonly kind: 'progress'; readonly checked: number; readonly total: number }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'error'; readonly code: string }

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
const send = (message: VerificationMessage): void => parentPort?.postMessage(message)

const run = async (task: VerificationTask): Promise<VerificationMessage> => {
  const reader = await openAuditReader(task.location)
  const abort = new AbortController()
  try {
    return await inSnapshot(reader.db, reader.dialect, async (trx) => {
      const total = await countEntries(trx, task.chain)
      const onProgress = (checked: number): void => {
        if (Atomics.load(task.cancel, 0) === 1) abort.abort()
        send({ kind: 'progress', checked: Math.min(checked, total), total })
      }
      const { mode, trustedKeyIds } = task
      const stored = await readStoredChain(trx, task.chain)
      const verdict = await verifyChain(stored, { mode, trustedKeyIds, onProgress, signal: abort.signal })
      return { kind: 'verdict', verdict } as const
    })
  } catch (error) {
    if (abort.signal.aborted) return { kind: 'cancelled' }
    return { kind: 'error', code: error instanceof AppError ? error.code : 'INTERNAL' }
  } finally {
    await reader.close()
  }
}

if (parentPort) send(await run(workerData as VerificationTask))
