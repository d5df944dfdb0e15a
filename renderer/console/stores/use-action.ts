import { useCallback, useState } from 'react'
import type { Failure, Result } from '../../../shared/contract/index.ts'

/** One thing a person does that may be refused: whether it is under way, and why it was not done the last time. */
export interface Action {
  readonly busy: boolean
  readonly failure: Failure | undefined
  /** The call's value, undefined when it failed. */
  readonly run: <T>(call: () => Promise<Result<T>>) => Promise<T | undefined>
  readonly forget: () => void
}

export const useAction = (): Action => {
  const [state, setState] = useState<{ busy: boolean; failure: Failure | undefined }>({
    busy: false,
    failure: undefined,
  })
  const run = useCallback(async <T>(call: () => Promise<Result<T>>): Promise<T | undefined> => {
    setState({ busy: true, failure: undefined })
    const result = await call()
    setState({ busy: false, failure: result.ok ? undefined : result.error })
    return result.ok ? result.value : undefined
  }, [])
  const forget = useCallback(() => setState({ busy: false, failure: undefined }), [])
  return { ...state, run, forget }
}

/** For calls that create: the same attempt, tried again, makes one thing. */
export const once = (): { idempotencyKey: string } => ({ idempotencyKey: crypto.randomUUID() })
