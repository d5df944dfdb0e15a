import { create } from 'zustand'
import type { Failure, Right, SessionView } from '../../../shared/contract/index.ts'
import { hasRight } from '../../../shared/contract/index.ts'
import type { KeptSession } from '../client/session-vault.ts'

/** `checking` until the kept session was looked at; `why` says what ended the last one, null after a sign-out of one's own. */
export type SessionState =
  | { readonly phase: 'checking' }
  | { readonly phase: 'signed-out'; readonly why: Failure | null }
  | { readonly phase: 'signed-in'; readonly kept: KeptSession }

export const useSession = create<{ state: SessionState }>()(() => ({ state: { phase: 'checking' } }))

export const setSession = (state: SessionState): void => useSession.setState({ state })
export const keptSession = (): KeptSession | null => {
  const { state } = useSession.getState()
  return state.phase === 'signed-in' ? state.kept : null
}

/** What the session may do, by the same table as the server: for what to show, never for what to allow. */
export const sessionMay = (session: SessionView, right: Right): boolean =>
  hasRight(
    session.grants.map((grant) => grant.role),
    right,
  )

/** Does a role with the right reach everything? Others are shown, and may prove, a part. */
export const sessionSeesAll = (session: SessionView, right: Right): boolean =>
  session.grants.some(({ role, scope }) => scope.kind === 'everything' && hasRight([role], right))

/** The signed-in session; screens behind the sign-in call it. */
export const useSignedIn = (): SessionView => {
  const state = useSession((store) => store.state)
  if (state.phase !== 'signed-in') throw new TypeError('this screen is behind the sign-in')
  return state.kept.session
}
export const useMay = (right: Right): boolean => sessionMay(useSignedIn(), right)
export const useSeesAll = (right: Right): boolean => sessionSeesAll(useSignedIn(), right)
