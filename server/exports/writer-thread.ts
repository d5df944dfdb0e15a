import { AppError } from '../../shared/contract/errors.ts'
import { startThread } from '../audit/verification-threads.ts'
import type { ExportProgress } from './ports.ts'
import { errorOf } from './thread-failure.ts'
import type { CountTask, PlanTask, WriteMessage, WriteResult, WriteTask } from './write-task.ts'

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

/**
 * Chooses and writes in threads of their own, so that the server answers meanwhile. One after the other: what choosing
 * loads is gone when writing begins. Throws as `planEntries` and `writeEntries`; Cancelled; WORKER_CRASHED.
 */
export const writeInThread = async ({ chains, ...order }: WriteOrder, watching: Watching): Promise<WriteResult> => {
  const { location, head, filter } = order
  watching.onProgress?.({ phase: 'counting', written: 0, total: null })
  const { completeness } = head
  const chosen = await run({ kind: 'plan', location, head: { completeness }, filter, chains }, watching)
  const { plan } = outcomeOf(chosen, 'planned')
  return outcomeOf(await run({ kind: 'write', ...order, plan }, watching), 'written').result
}

export const countInThread = async (task: Omit<CountTask, 'cancel'>, signal: AbortSignal): Promise<number> =>
  outcomeOf(await run(task, { signal }), 'counted').entries
