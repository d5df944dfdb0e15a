import { parentPort, workerData } from 'node:worker_threads'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { walkSegment } from '../../shared/audit/segment.ts'
import type { SegmentOutcome, SegmentTask } from '../../shared/audit/segment.ts'
import type { DatabaseLocation } from '../db/open.ts'
import { openSegmentReader } from './verification-reader.ts'
import { keepCompiled } from './verification-threads.ts'

/** What a thread that walks segments is started with. */
export interface SegmentWorkerData {
  readonly location: DatabaseLocation
  readonly chain: string
  readonly keys: readonly AuditKey[]
}
export interface SegmentAnswer {
  readonly id: number
  readonly outcome: SegmentOutcome | null
}

const work = async ({ location, chain, keys }: SegmentWorkerData): Promise<void> => {
  const reader = await openSegmentReader(location, chain)
  const known = new Map(keys.map((key) => [key.keyId, key]))
  const verify = createSignatureVerifier()
  keepCompiled()
  const walk = async (asked: { id: number; task: SegmentTask }): Promise<void> => {
    // What cannot be read here is read again in order, where its error is told.
    const outcome = await walkSegment(asked.task, reader, known, verify).catch(() => null)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
    parentPort?.postMessage({ id: asked.id, outcome } satisfies SegmentAnswer)
  }
  // One after the other: on PostgreSQL a walk waits for rows, and the next one is here already.
  let walked = Promise.resolve()
  parentPort?.on('message', (asked: { id: number; task: SegmentTask }) => {
    walked = walked.then(() => walk(asked))
  })
}

if (parentPort) await work(workerData as SegmentWorkerData)
