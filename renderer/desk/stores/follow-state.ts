import type { Desk } from '../bridge.ts'
import { useDeskState, withSession } from './desk-state.ts'

/**
 * Follows what the desk says of itself, then asks once for all of it. An answer that was asked for before an event came
 * is older than that event and is not taken: a card read while the screen starts would be "being read" for ever.
 * Rejects when the desk does not answer.
 */
export async function followState(desk: Desk): Promise<void> {
  const told = new Set<'session' | 'connection' | 'readers' | 'witness'>()
  desk.on('readers', (readers) => {
    told.add('readers')
    useDeskState.setState({ readers })
  })
  desk.on('session', (session) => {
    told.add('session')
    useDeskState.setState((state) => withSession(state, session))
  })
  desk.on('connection', (connection) => {
    told.add('connection')
    useDeskState.setState({ connection })
  })
  desk.on('witness', (witness) => {
    told.add('witness')
    useDeskState.setState({ witness })
  })
  const [info, session, connection, readers, witness] = await Promise.all([
    desk.call('app.info', {}),
    desk.call('session.state', {}),
    desk.call('connection.state', {}),
    desk.call('readers.list', {}),
    desk.call('witness.state', {}),
  ])
  useDeskState.setState((state) => {
    const next = {
      ...state,
      info,
      connection: told.has('connection') ? state.connection : connection,
      readers: told.has('readers') ? state.readers : readers,
      witness: told.has('witness') ? state.witness : witness,
    }
    return told.has('session') ? next : withSession(next, session)
  })
}
