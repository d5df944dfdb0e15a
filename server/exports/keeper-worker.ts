import { parentPort, workerData } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { keepCompiled } from '../audit/verification-threads.ts'
import { EvidenceWriter } from './evidence-writer.ts'
import { Budget, FileSink } from './file-sink.ts'
import {
  DATA_UNDER_WAY,
  FAILED,
  ROWS_UNDER_WAY,
  type KeeperAnswer,
  type KeeperData,
  type KeeperMessage,
} from './keeper-state.ts'
import { rowsIn } from './row-piece.ts'
import { failureOf } from './thread-failure.ts'

/** Proves, digests and writes what another thread reads and renders: data and evidence, one piece after the other. */
const { shared, path, hashes, maxBytes } = workerData as KeeperData
const state = new Int32Array(shared)
const budget = new Budget(maxBytes)
let evidence: EvidenceWriter | null = null
let data: FileSink | null = null

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
const answer = (message: KeeperAnswer): void => parentPort?.postMessage(message)

const opened = <T>(one: T | null): T => {
  if (one === null) throw new AppError('INTERNAL', { reason: 'keeper' })
  return one
}

const take = (message: KeeperMessage): void => {
  switch (message.kind) {
    case 'data':
      return opened(data).bytes(message.piece)
    case 'rows': {
      const into = opened(evidence)
      for (const row of rowsIn(message.piece)) into.line(row)
      return
    }
    case 'begin':
      evidence = new EvidenceWriter(message.chain, new FileSink(message.path, budget))
      return
    case 'end':
      return answer({ kind: 'evidence', written: opened(evidence).close() })
    case 'close':
      return answer({ kind: 'data', written: opened(data).close(), bytesLeft: budget.left })
  }
}

const attempt = (work: () => void): void => {
  // What follows a failure is taken and left: whoever sends may be waiting for room.
  if (Atomics.load(state, FAILED) !== 0) return
  try {
    work()
  } catch (error) {
    Atomics.store(state, FAILED, 1)
    answer(failureOf(error))
  }
}

attempt(() => {
  data = new FileSink(path, budget, hashes)
})
keepCompiled()
parentPort?.on('message', (message: KeeperMessage) => {
  attempt(() => take(message))
  if (message.kind === 'data' || message.kind === 'rows') {
    const place = message.kind === 'data' ? DATA_UNDER_WAY : ROWS_UNDER_WAY
    Atomics.sub(state, place, 1)
    Atomics.notify(state, place)
  }
  if (message.kind === 'close') parentPort?.close()
})
