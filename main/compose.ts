import { join } from 'node:path'
import type { AppInfo, DeskHandlers } from '../shared/contract/index.ts'
import { type DeskConfig, readAnchor, readStationKey } from './config.ts'
import { type Dispatch, register } from './ipc/register.ts'
import { RemoteClient } from './remote/client.ts'
import { ConnectionMonitor } from './remote/connection.ts'
import { CardService } from './services/cards.ts'
import { ConsoleService } from './services/console.ts'
import { DiagnosticsService } from './services/diagnostics.ts'
import { EnrolmentService } from './services/enrolments.ts'
import { ExportService } from './services/exports.ts'
import { EventHub } from './services/events.ts'
import { HandOverService } from './services/hand-over.ts'
import { makeHandlers } from './services/handlers.ts'
import { HolderService } from './services/holders.ts'
import { OutboxService } from './services/outbox.ts'
import { PersonaliseService } from './services/personalise.ts'
import type { CardPort, DeskEvents, DeskStore, Log, Remote } from './services/ports.ts'
import { ReceiptService } from './services/receipt.ts'
import { SessionService } from './services/session.ts'
import { UnblockService } from './services/unblock.ts'
import { WitnessService } from './services/witness.ts'
import { WorkerKeys } from './services/worker-key.ts'
import type { KeySeal } from './store/crypto.ts'
import { openStore } from './store/open.ts'
import { openLog } from './system/log.ts'

export interface Desk {
  readonly handlers: DeskHandlers
  readonly dispatch: Dispatch
  readonly events: DeskEvents
  readonly log: Log
  /** How long cards took to answer commands: see `CardPort.cardTime`. */
  cardTime(): Promise<{ ms: number; commands: number }>
  /** Signs out, resets the cards, ends the worker, closes the store. Safe to call twice. */
  readonly close: () => Promise<void>
}
export interface DeskHost {
  readonly kind: AppInfo['host']
  readonly version: string
  /** How the store's key is kept on this system. */
  readonly seal: KeySeal | ((log: Log) => KeySeal)
  startCards(config: DeskConfig, log: Log): Promise<CardPort>
}

/** Makes every object of the desk for one host and hands them to each other. Throws CONFIG_INVALID, STORE_UNREADABLE. */
export async function composeDesk(config: DeskConfig, host: DeskHost): Promise<Desk> {
  const log = openLog(join(config.dataFolder, 'logs'))
  const stationKey = readStationKey(config.station.keyFile)
  const remote = new RemoteClient({ url: config.server.url, anchorPem: readAnchor(config.server.caFile) })
  const store = openStore(config.dataFolder, typeof host.seal === 'function' ? host.seal(log) : host.seal, log)
  const cards = await host.startCards(config, log)
  log.info('desk.started', { host: host.kind, version: host.version, station: config.station.id })
  return assemble({ config, host, log, logFile: log.file, remote, store, cards, stationKey })
}

export interface DeskParts {
  config: Pick<DeskConfig, 'server' | 'station' | 'explainedAlarms'>
  host: Pick<DeskHost, 'kind' | 'version'>
  log: Log
  logFile: string | null
  remote: Remote & { close(): void }
  store: DeskStore
  cards: CardPort
  stationKey: ReturnType<typeof readStationKey>
}

/** After the start is over, before anybody can have come to a receipt. */
const PREPARE_AFTER_MS = 2_000

/** The services over the given parts: what tests use with parts of their own. */
export function assemble({ config, host, log, logFile, remote, store, cards, stationKey }: DeskParts): Desk {
  const events = new EventHub()
  const connection = new ConnectionMonitor({ remote, cards, store, events })
  const station = { id: config.station.id, key: stationKey }
  const session = new SessionService({ cards, remote, events, log, serverName: config.server.name, station })
  const workerKeys = new WorkerKeys({ cards, remote, session, serverName: config.server.name, station })
  const outbox = new OutboxService({ store, remote, session, log, changed: () => connection.tell() })
  const server = { url: config.server.url, name: config.server.name }
  const about = {
    version: host.version,
    host: host.kind,
    server: `${server.name} ${server.url}`,
    station: config.station.id,
  }
  const witness = new WitnessService({
    remote,
    store: store.witness,
    recovered: store.recovered,
    station: station.id,
    events,
    log,
    mayAsk: () => session.state().status === 'signed-in',
  })
  const receipt = new ReceiptService({ remote, store })
  const handlers = makeHandlers({
    info: async () => ({
      version: host.version,
      host: host.kind,
      platform: process.platform,
      server,
      station: { id: config.station.id, name: config.station.name },
      keyPaths: await cards.keyPaths(),
      demo: cards.demo !== null,
    }),
    cards,
    store,
    connection,
    session,
    holder: new HolderService({ remote, session }),
    enrolment: new EnrolmentService({ remote, cards, session, store }),
    personalise: new PersonaliseService({ cards, remote, store, session, log, events, workerKeys }),
    handOver: new HandOverService({ cards, remote, store, log, workerKeys }),
    unblock: new UnblockService({ cards, remote, outbox, log, workerKeys }),
    card: new CardService({ cards, remote }),
    receipt,
    diagnostics: new DiagnosticsService({ cards, remote, store, witness, about, logFile }),
    console: new ConsoleService({ cards, remote, session }),
    exports: new ExportService({ cards, remote, session }),
    witness,
  })
  const prepare = () => {
    receipt.prepare().catch((error: unknown) => log.warn('receipt.not-prepared', { error }))
  }
  const preparing = setTimeout(prepare, PREPARE_AFTER_MS).unref()
  const stops = [
    cards.on('readers', (readers) => events.emit('readers', readers)),
    connection.onOnline(() => void outbox.flush()),
    connection.onOnline(() => void witness.look()),
    events.on('session', ({ status }) => {
      if (status !== 'signed-in') return
      void outbox.flush()
      void witness.look()
    }),
  ]
  connection.start()
  witness.start(config.explainedAlarms)
  let closing: Promise<void> | null = null
  const close = async () => {
    for (const stop of stops) stop()
    clearTimeout(preparing)
    connection.close()
    await witness.close()
    await session.close()
    await cards.close()
    remote.close()
    store.close()
    log.info('desk.closed')
  }
  return {
    handlers,
    dispatch: register(handlers, log),
    events,
    log,
    cardTime: () => cards.cardTime(),
    close: () => (closing ??= close()),
  }
}
