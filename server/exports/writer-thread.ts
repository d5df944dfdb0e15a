import { AppError } from '../../shared/contract/errors.ts'
import { startThread } from '../audit/verification-threads.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { planEntries } from './plan-entries.ts'
import type { ExportProgress } from './ports.ts'
import { errorOf } from './thread-failure.ts'
import type { CountTask, PlannedChain, PlanTask, WriteMessage, WriteResult, WriteTask } from './write-task.ts'

const WRITER = new URL('./writer-worker.ts', import.meta.url)
const PLANNER = new URL('./plan-worker.ts', import.meta.url)
/** Rows only pass through them; numbers of chosen entries lie outside of the heap. */
const LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 96 }

export interface Watching {
  readonly signal: AbortSignal
  readonly onProgress?: (progress: ExportProgress) => void
}
type WithoutCancel<T> = T extends unknown ? Omit<T, 'cancel'> : never
type Task = WithoutCancel<PlanTask | WriteTask | CountTask>
/** An order as it is given: what to take of which chains, and where to. */
export type WriteOrder = Omit<WriteTask, 'kind' | 'plan' | 'cancel'> & Pick<PlanTask, 'chains'>

/** Thrown by what was ended from outside. */
export class Cancelled extends Error {}

const run = (task: Task, { signal, onProgress }: Watching): Promise<WriteMessage> =>
  new Promise((resolve, reject) => {
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    const worker = startThread(task.kind === 'write' ? WRITER : PLANNER, { ...task, cancel }, LIMITS)
    const stop = (): void => void Atomics.store(cancel, 0, 1)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    let last: WriteMessage | null = null
    worker.on('message', (message: WriteMessage) => {
      if (message.kind === 'progress') {
        const { phase, written, total } = message
        onProgress?.({ phase, written, total })
      } else last = message
    })
    worker.on('error', (cause) => reject(new AppError('WORKER_CRASHED', {}, { cause })))
    worker.on('exit', () => {
      signal.removeEventListener('abort', stop)
      if (last) resolve(last)
      else reject(new AppError('WORKER_CRASHED'))
    })
  })

const outcomeOf = <K extends WriteMessage['kind']>(
  message: WriteMessage,
  kind: K,
): Extract<WriteMessage, { kind: K }> => {
  if (message.kind === kind) return message as Extract<WriteMessage, { kind: K }>
  if (message.kind !== 'error') throw new Cancelled()
  throw errorOf(message)
}

/** Where everything is taken nothing is searched for: its ends are looked up here, which no thread would start as fast. */
const planOf = async (
  order: WriteOrder,
  audit: Opened<AuditDb>,
  watching: Watching,
): Promise<readonly PlannedChain[]> => {
  const { location, filter, chains, head } = order
  const task = { head: { completeness: head.completeness }, filter, chains }
  if (head.completeness === 'whole') return planEntries(task, audit, watching.signal)
  return outcomeOf(await run({ kind: 'plan', location, ...task }, watching), 'planned').plan
}

/**
 * Chooses and writes in threads of their own, so that the server answers meanwhile. One after the other: what choosing
 * loads is gone when writing begins. `audit` is the open database that `location` says. Throws as `planEntries` and
 * `writeEntries`; Cancelled, or what the signal was aborted with; WORKER_CRASHED.
 */
export const writeInThread = async (
  order: WriteOrder,
  audit: Opened<AuditDb>,
  watching: Watching,
): Promise<WriteResult> => {
  watching.onProgress?.({ phase: 'counting', written: 0, total: null })
  const plan = await planOf(order, audit, watching)
  const { chains: _planned, ...task } = order
  return outcomeOf(await run({ kind: 'write', ...task, plan }, watching), 'written').result
}

export const countInThread = async (task: Omit<CountTask, 'cancel'>, signal: AbortSignal): Promise<number> =>
  outcomeOf(await run(task, { signal }), 'counted').entries
