import { AppError, ERRORS } from '../../shared/contract/errors.ts'
import type { Failure } from '../../shared/contract/result.ts'

/** An error another process answered with. `id` finds its cause in that process's log. */
export class CallFailure extends AppError {
  readonly id: string
  constructor(failure: Failure) {
    super(failure.code, failure.detail)
    this.name = 'CallFailure'
    this.id = failure.id
  }
}

/** Any thrown value as a failure that can be shown. What is not ours becomes INTERNAL and tells nothing of its text. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CallFailure) return { code: error.code, detail: { ...error.detail }, id: error.id }
  if (error instanceof AppError) return { code: error.code, detail: { ...error.detail }, id: 'screen' }
  return { code: 'INTERNAL', detail: {}, id: 'screen' }
}

/** May the same call succeed when simply tried again. */
export const mayRetry = (failure: Failure): boolean => ERRORS[failure.code].retry

/** What a person copies to quote an error: code, id, time; never more. */
export const failureText = (failure: Failure, at: number): string =>
  `Countersign ${failure.code} ${failure.id} ${new Date(at).toISOString()}`
