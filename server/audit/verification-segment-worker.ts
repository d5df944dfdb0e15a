import { parentPort, workerData } from 'node:worker_threads'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { walkSegment } from '../../shared/audit/segment.ts'
import type { SegmentOutcome, SegmentTask } from '../../shared/audit/segment.ts'
import type { DatabaseLocation } from '../db/open.ts'
import { readSqliteSegments } from './verification-rows.ts'
import type { SegmentReader } from './verification-rows.ts'
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

/** What another database needs is loaded only where there is one. */
const openReader = async (location: DatabaseLocation, chain: string): Promise<SegmentReader> => {
  if (location.dialect === 'sqlite') return readSqliteSegments(location, chain)
  const { openAuditReader } = await import('../db/open.ts')
  const { readSegments } = await import('./verification-rows-any.ts')
  return readSegments(await openAuditReader({ ...location, maxConnections: 1 }), chain)
}

const work = async ({ location, chain, keys }: SegmentWorkerData): Promise<void> => {
  const reader = await openReader(location, chain)
  const known = new Map(keys.map((key) => [key.keyId, key]))
  const verify = createSignatureVerifier()
  keepCompiled()
  parentPort?.on('message', (asked: { id: number; task: SegmentTask }) => {
    const answer = (outcome: SegmentOutcome | null): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
      parentPort?.postMessage({ id: asked.id, outcome } satisfies SegmentAnswer)
    }
    // What cannot be read here is read again in order, where its error is told.
    walkSegment(asked.task, reader, known, verify).then(answer, () => answer(null))
  })
}

if (parentPort) await work(workerData as SegmentWorkerData)
