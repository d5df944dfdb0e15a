import { AppError, isErrorCode } from '../../shared/contract/errors.ts'
import { startThread } from '../audit/verification-threads.ts'
import type { ExportProgress } from './ports.ts'
import type { CountTask, WriteMessage, WriteResult, WriteTask } from './write-task.ts'

const WORKER = new URL('./writer-worker.ts', import.meta.url)
/** Rows only pass through it; numbers of chosen entries lie outside of the heap. */
const LIMITS = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 96 }

export interface Watching {
  readonly signal: AbortSignal
  readonly onProgress?: (progress: ExportProgress) => void
}
type Task = Omit<WriteTask, 'cancel'> | Omit<CountTask, 'cancel'>

/** Thrown by what was ended from outside. */
export class Cancelled extends Error {}

const run = (task: Task, { signal, onProgress }: Watching): Promise<WriteMessage> =>
  new Promise((resolve, reject) => {
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    const worker = startThread(WORKER, { ...task, cancel }, LIMITS)
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
  const code = isErrorCode(message.code) ? message.code : 'INTERNAL'
  throw new AppError(code, message.detail, { cause: message.cause })
}

/** Writes in a thread of its own, so that the server answers meanwhile. Throws as `writeEntries`; Cancelled; WORKER_CRASHED. */
export const writeInThread = async (task: Omit<WriteTask, 'cancel'>, watching: Watching): Promise<WriteResult> =>
  outcomeOf(await run(task, watching), 'written').result

export const countInThread = async (task: Omit<CountTask, 'cancel'>, signal: AbortSignal): Promise<number> =>
  outcomeOf(await run(task, { signal }), 'counted').entries
