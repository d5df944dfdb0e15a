import { tellReachable } from '../../ui/reachable.ts'
import { goTo } from '../../ui/route.ts'
import { desk } from '../desk.ts'
import { useDeskState, withSession } from './desk-state.ts'
import { useEnrolments, withEnrolment } from './enrolments.ts'
import { setPeopleSearch } from './people-search.ts'

/** What the last operator looked at is not shown to the next: address, search and enrolments are dropped with the screen. */
function forgetScreen(): void {
  goTo([], { replace: true })
  setPeopleSearch('')
  useEnrolments.setState({ byId: {} })
}

/** Subscribes to the desk's events, then asks once for the present state. Rejects when the desk does not answer. */
export async function startStores(): Promise<void> {
  useDeskState.subscribe((now, before) => {
    if (now.epoch !== before.epoch) forgetScreen()
    if (now.connection?.server === 'online' && before.connection?.server !== 'online') tellReachable()
  })
  desk.on('readers', (readers) => useDeskState.setState({ readers }))
  desk.on('session', (session) => useDeskState.setState((state) => withSession(state, session)))
  desk.on('connection', (connection) => useDeskState.setState({ connection }))
  desk.on('witness', (witness) => useDeskState.setState({ witness }))
  desk.on('enrolment.progress', ({ enrolment, running, ms }) =>
    useEnrolments.setState((state) => withEnrolment(state, enrolment, { running, ms })),
  )
  const [info, session, connection, readers, witness] = await Promise.all([
    desk.call('app.info', {}),
    desk.call('session.state', {}),
    desk.call('connection.state', {}),
    desk.call('readers.list', {}),
    desk.call('witness.state', {}),
  ])
  useDeskState.setState((state) => withSession({ ...state, info, connection, readers, witness }, session))
}
