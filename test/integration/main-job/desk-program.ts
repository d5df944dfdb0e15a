import { forkWorker, inProcessPort, openCardStack, startCardWorker } from '../../../main/cards/index.ts'
import { composeDesk, type Desk, type DeskHost } from '../../../main/compose.ts'
import { readConfig } from '../../../main/config.ts'
import { plainSeal } from '../../../main/store/crypto.ts'
import { DESK_EVENT_NAMES } from '../../../shared/contract/index.ts'

/**
 * The whole desk as a process without a screen: what a bridge would carry goes over the process's IPC channel. It can be
 * killed at any moment; without its starter it ends. Loaded first, it starts when told which configuration to use.
 */
/** Where cards are spoken to: in the worker as always, or in the desk itself, which starts twice as quickly. */
export type CardsIn = 'worker' | 'desk'
export type ToDesk =
  | { start: string; cards: CardsIn }
  | { call: number; name: string; input: unknown }
  | { close: true }
export type FromDesk =
  | { loaded: true }
  | { ready: true }
  | { worker: number }
  | { call: number; answer: unknown }
  | { event: string; value: unknown }

const tell = (message: FromDesk) => void process.send?.(message)
let desk: Desk | null = null

const launch = forkWorker()
const launchAndTell: typeof launch = () => {
  const worker = launch()
  tell({ worker: worker.pid ?? 0 })
  return worker
}

const startCards: Readonly<Record<CardsIn, DeskHost['startCards']>> = {
  worker: ({ readers, cardTable }) => startCardWorker({ readers, cardTable, launch: launchAndTell }),
  desk: async ({ readers, cardTable }) => inProcessPort(await openCardStack({ readers, cardTable }), { virtual: true }),
}

async function take(message: ToDesk): Promise<void> {
  if ('start' in message) {
    desk = await composeDesk(readConfig(message.start), {
      kind: 'browser',
      version: '0.0.0',
      seal: plainSeal,
      startCards: startCards[message.cards],
    })
    for (const name of DESK_EVENT_NAMES) desk.events.on(name, (value) => tell({ event: name, value }))
    tell({ ready: true })
  } else if ('call' in message) {
    tell({ call: message.call, answer: await desk?.dispatch(message.name, message.input) })
  } else {
    await desk?.close()
    process.exit(0)
  }
}

process.on('message', (message) => {
  take(message as ToDesk).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
process.on('disconnect', () => process.exit(1))
tell({ loaded: true })
