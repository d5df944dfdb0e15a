import { AppError } from '../../shared/contract/index.ts'

/** Any error as one of ours: what nobody foresaw is INTERNAL, its cause kept for the log. */
export const toAppError = (error: unknown): AppError =>
  error instanceof AppError ? error : new AppError('INTERNAL', {}, { cause: error })
