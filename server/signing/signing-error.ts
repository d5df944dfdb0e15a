import { AdesError } from '../../shared/ades/index.ts'
import { AppError, type ErrorCode } from '../../shared/contract/errors.ts'
import { PadesError } from '../../shared/pades/index.ts'
import { PkiError } from '../../shared/pki/index.ts'

type Refusal = AdesError | PadesError | PkiError
export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof PkiError || error instanceof AdesError || error instanceof PadesError

/** What leaves this folder: refusals of `shared` under a code of the closed list, everything else as it is. */
export const signingError = (error: unknown, code: ErrorCode): unknown =>
  isRefusal(error) ? new AppError(code, { reason: error.reason, clause: error.clause }, { cause: error }) : error

/** Runs, and translates what is refused. */
export async function translated<T>(code: ErrorCode, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw signingError(error, code)
  }
}

/** The same for what is done at once. */
export function translatedNow<T>(code: ErrorCode, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw signingError(error, code)
  }
}
