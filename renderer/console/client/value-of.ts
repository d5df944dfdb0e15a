import type { Result } from '../../../shared/contract/index.ts'
import { CallFailure } from '../../ui/failure.ts'

/** The value of a call, for hooks that expect a failure to be thrown. Throws CallFailure. */
export const valueOf = async <T>(call: Promise<Result<T>>): Promise<T> => {
  const result = await call
  if (!result.ok) throw new CallFailure(result.error)
  return result.value
}
