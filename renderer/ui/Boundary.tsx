import { Component, type ReactNode } from 'react'
import { AppError } from '../../shared/contract/errors.ts'
import type { Failure } from '../../shared/contract/result.ts'
import { failureOf } from './failure.ts'
import { FailureState } from './States.tsx'

/** A part of the page that could not be fetched is a network that is away, or a page older than its server. */
const failureFrom = (error: unknown): Failure => {
  const notFetched = error instanceof TypeError && /module|fetch|import/i.test(error.message)
  return failureOf(notFetched ? new AppError('NETWORK_OFFLINE') : error)
}

/** Keeps the rest of the page when a screen cannot be shown; trying again loads the page anew, as its parts may be newer. */
export class Boundary extends Component<{ children: ReactNode }, { failure: Failure | null }> {
  override state: { failure: Failure | null } = { failure: null }
  static getDerivedStateFromError(error: unknown): { failure: Failure } {
    return { failure: failureFrom(error) }
  }
  override render(): ReactNode {
    const { failure } = this.state
    if (failure === null) return this.props.children
    return <FailureState failure={failure} onRetry={() => globalThis.location.reload()} />
  }
}
