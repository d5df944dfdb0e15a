import { AppError, isErrorCode } from '../../shared/contract/errors.ts'
import type { ThreadFailure } from './write-task.ts'

/** Ends the work of a thread that was told to. */
export class Ended extends Error {}

/** A signal that is looked up, not listened to: the thread has no time for messages. Throws `Ended`. */
export const signalOf = (cancel: Int32Array): AbortSignal => {
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

/** Anything thrown, as a message to another thread. */
export const failureOf = (error: unknown): ThreadFailure => {
  const known =
    error instanceof AppError ? { code: error.code, detail: error.detail } : { code: 'INTERNAL', detail: {} }
  const cause = error instanceof Error ? (error.cause ?? error) : error
  const words = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  return { kind: 'error', ...known, cause: words }
}

/** The error such a message tells of. */
export const errorOf = ({ code, detail, cause }: ThreadFailure): AppError =>
  new AppError(isErrorCode(code) ? code : 'INTERNAL', detail, { cause })
