import type { KeyPath } from '../../../shared/contract/words.ts'
import { desk, sendSealed } from '../desk.ts'
import { useDeskState, withSession } from './desk-state.ts'

/** Signs in with the card in `reader`; also unlocks. Throws the desk's failure; the PIN is sealed at once. */
export async function signIn(reader: string, serial: string | null, via: KeyPath, pin: string): Promise<void> {
  const session = await sendSealed('pin', { pin }, { card: serial }, (sealed) =>
    desk.call('session.signIn', { reader, via, pin: sealed, office: null }),
  )
  useDeskState.setState((state) => withSession(state, session))
}

const end = (name: 'session.signOut' | 'session.lock') => () => {
  desk.call(name, {}).then(
    (session) => useDeskState.setState((state) => withSession(state, session)),
    // The desk tells by event where it stands; a lost answer must still take the screen away.
    () => useDeskState.setState((state) => withSession(state, { status: 'signed-out' })),
  )
}
export const signOut = end('session.signOut')
export const lockDesk = end('session.lock')
