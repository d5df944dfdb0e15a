import { create } from 'zustand'
import type { AppInfo, ConnectionState, SessionState, WitnessState } from '../../../shared/contract/desk.ts'
import type { ReaderView, SessionView } from '../../../shared/contract/views.ts'
import { hasRight, type Right } from '../../../shared/contract/permissions.ts'
import type { Role } from '../../../shared/contract/words.ts'

/** What the desk says about itself, kept by its events. `null` until it has said so once. */
export interface DeskState {
  info: AppInfo | null
  session: SessionState | null
  connection: ConnectionState | null
  readers: readonly ReaderView[] | null
  witness: WitnessState | null
  /** Grows when another person signs in: everything on screen belonged to somebody else and is dropped. */
  epoch: number
}

export const useDeskState = create<DeskState>()(() => ({
  info: null,
  session: null,
  connection: null,
  readers: null,
  witness: null,
  epoch: 0,
}))

export const sessionOf = (state: SessionState | null): SessionView | null =>
  state === null || state.status === 'signed-out' ? null : state.session

/** The new state when the session changes: another operator, or nobody, starts with an empty screen. */
export function withSession(state: DeskState, session: SessionState): DeskState {
  const before = sessionOf(state.session)?.operator.id
  const after = sessionOf(session)?.operator.id
  return { ...state, session, epoch: before !== undefined && before !== after ? state.epoch + 1 : state.epoch }
}

export const rolesOf = (session: SessionView | null): Role[] =>
  session === null ? [] : [...new Set([session.role, ...session.grants.map((grant) => grant.role)])]

export const may = (state: DeskState, right: Right): boolean => hasRight(rolesOf(sessionOf(state.session)), right)

export const useSession = (): SessionView | null => useDeskState((state) => sessionOf(state.session))
export const useMay = (right: Right): boolean => useDeskState((state) => may(state, right))

/** The audit contradicts what this desk saw: no card may be issued here. */
export const useContradicted = (): boolean => useDeskState((state) => (state.witness?.contradictions.length ?? 0) > 0)

/** The reader that holds the operator's own card while signed in. */
export const useOfficerReader = (): string | null =>
  useDeskState((state) => (state.session?.status === 'signed-in' ? state.session.reader : null))

const NO_READERS: readonly ReaderView[] = []
export const useReaders = (): readonly ReaderView[] => useDeskState((state) => state.readers ?? NO_READERS)
