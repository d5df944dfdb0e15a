import { beforeEach, describe, expect, it } from 'vitest'
import type {
  AppInfo,
  ConnectionState,
  DeskBridge,
  SessionState,
  WitnessState,
} from '../../../../shared/contract/desk.ts'
import { makeDesk } from '../../../../renderer/desk/bridge.ts'
import { useDeskState } from '../../../../renderer/desk/stores/desk-state.ts'
import { followState } from '../../../../renderer/desk/stores/follow-state.ts'
import { card, reader } from './fixtures.ts'

const info: AppInfo = {
  version: '1.0.0',
  host: 'browser',
  platform: 'linux',
  server: { url: 'https://127.0.0.1:1', name: 'node-1' },
  station: { id: 'sta_00000001', name: 'Desk 1' },
  keyPaths: ['piv'],
  demo: false,
}
const connection: ConnectionState = { server: 'connecting', keys: null, cardService: 'running', waiting: 0, since: 0 }
const witness: WitnessState = {
  chains: [],
  contradictions: [],
  losses: [],
  checkedAt: null,
  failure: null,
  keyRefused: false,
}
const session: SessionState = { status: 'signed-out' }
const reading = [reader('Reader 2', null, { state: 'reading' })]
const ready = [reader('Reader 2', card())]

/** A desk whose answers wait until they are let go, and whose events come when the test says. */
function slowDesk() {
  const values: Record<string, unknown> = {
    'app.info': info,
    'session.state': session,
    'connection.state': connection,
    'readers.list': reading,
    'witness.state': witness,
  }
  const answers = Promise.withResolvers<void>()
  const listeners = new Map<string, (value: unknown) => void>()
  const bridge: DeskBridge = {
    async call(name) {
      await answers.promise
      return { ok: true, value: values[name] }
    },
    on(event, listener) {
      listeners.set(event, listener)
      return () => undefined
    },
  }
  return {
    desk: makeDesk(() => bridge),
    emit: (event: string, value: unknown) => listeners.get(event)?.(value),
    answer: answers.resolve,
  }
}

describe('when the screen starts', () => {
  beforeEach(() =>
    useDeskState.setState({
      info: null,
      session: null,
      connection: null,
      readers: null,
      witness: null,
    }),
  )

  it('shows what the desk answers', async () => {
    const { desk, answer } = slowDesk()
    const started = followState(desk)
    answer()
    await started
    expect(useDeskState.getState()).toMatchObject({ info, session, connection, readers: reading, witness })
  })

  it.each([
    ['readers', ready],
    ['connection', { ...connection, server: 'online', keys: 'hsm', since: 5 }],
    ['witness', { ...witness, checkedAt: 5 }],
  ] as const)('keeps what was told of %s while the answers were under way', async (event, value) => {
    const { desk, emit, answer } = slowDesk()
    const started = followState(desk)
    emit(event, value)
    answer()
    await started
    expect(useDeskState.getState()).toMatchObject({ info, [event]: value })
  })

  it('takes an event that is not understood for no event', async () => {
    const { desk, emit, answer } = slowDesk()
    const started = followState(desk)
    emit('readers', [{ name: 'Reader 2' }])
    answer()
    await started
    expect(useDeskState.getState().readers).toEqual(reading)
  })

  it('follows what is told afterwards', async () => {
    const { desk, emit, answer } = slowDesk()
    const started = followState(desk)
    answer()
    await started
    emit('readers', ready)
    expect(useDeskState.getState().readers).toEqual(ready)
  })
})
