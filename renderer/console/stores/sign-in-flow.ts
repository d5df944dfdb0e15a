import type { ConsoleRequest, Failure } from '../../../shared/contract/index.ts'
import type { Client } from '../client/client.ts'
import { createSessionKey, deriveProofKey } from '../client/session-key.ts'
import type { KeptSession } from '../client/session-vault.ts'

export type SignInState =
  | { readonly phase: 'starting' }
  | { readonly phase: 'waiting'; readonly request: ConsoleRequest; readonly offline: boolean }
  | { readonly phase: 'refused' }
  | { readonly phase: 'expired' }
  | { readonly phase: 'failed'; readonly failure: Failure }

export interface SignInParts {
  readonly client: Client
  /** The server's time. */
  readonly now: () => number
  readonly onState: (state: SignInState) => void
  /** The session is kept when it is done. */
  readonly onSignedIn: (kept: KeptSession) => Promise<void>
  readonly pollMs?: number
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })

/**
 * Asks for a code and waits until an operator approved it at a desk, refused it, or it ran out; every code has a key of
 * its own. A network that goes away is waited for. Ends without a word when `signal` aborts.
 */
export const runSignIn = async (parts: SignInParts, signal: AbortSignal): Promise<void> => {
  const { client, onState, now } = parts
  const tell = (state: SignInState) => {
    if (!signal.aborted) onState(state)
  }
  tell({ phase: 'starting' })
  const key = await createSessionKey()
  const asked = await client.call('createConsoleRequest', { body: { sessionKey: key.publicJwk } }, { signal })
  if (!asked.ok) return tell({ phase: 'failed', failure: asked.error })
  const request = asked.value
  tell({ phase: 'waiting', request, offline: false })
  while (!signal.aborted) {
    await pause(parts.pollMs ?? 1500, signal)
    const answer = await client.call('readConsoleRequest', { params: { id: request.id } }, { signal })
    if (signal.aborted) return
    if (answer.ok && answer.value.state === 'approved') {
      const { token, session } = answer.value
      return await parts.onSignedIn({ token, session, proofKey: await deriveProofKey(key, request) })
    }
    if (answer.ok && answer.value.state === 'refused') return tell({ phase: 'refused' })
    if (now() >= request.expiresAt) return tell({ phase: 'expired' })
    if (!answer.ok && !answer.error.code.startsWith('NETWORK_') && answer.error.code !== 'REQUEST_RATE_LIMITED')
      return tell(answer.error.code === 'NOT_FOUND' ? { phase: 'expired' } : { phase: 'failed', failure: answer.error })
    tell({ phase: 'waiting', request, offline: !answer.ok })
  }
}
