import { tellReachable } from '../../ui/reachable.ts'
import { goTo } from '../../ui/route.ts'
import { desk } from '../desk.ts'
import { useDeskState } from './desk-state.ts'
import { useEnrolments, withEnrolment } from './enrolments.ts'
import { followState } from './follow-state.ts'
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
  desk.on('enrolment.progress', ({ enrolment, running, ms }) =>
    useEnrolments.setState((state) => withEnrolment(state, enrolment, { running, ms })),
  )
  await followState(desk)
}
