import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assemble, type Desk } from '../../../main/compose.ts'
import type { Log } from '../../../main/services/ports.ts'
import { plainSeal } from '../../../main/store/crypto.ts'
import { openStore } from '../../../main/store/open.ts'
import type { SqliteStore } from '../../../main/store/sqlite-store.ts'
import { TestAuthority } from './authority.ts'
import { MemoryCard } from './memory-card.ts'
import { MemoryCardPort } from './memory-card-port.ts'
import { MemoryRemote, SERVER_NAME } from './memory-remote.ts'

export interface LogLine {
  level: 'info' | 'warn' | 'error'
  event: string
  fields: Readonly<Record<string, unknown>>
}
export function memoryLog(): Log & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const write =
    (level: LogLine['level']) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, event, fields })
  return { lines, info: write('info'), warn: write('warn'), error: write('error') }
}

/** A whole desk over cards and a server in memory and a real store on disk. `restart` is what a killed desk comes back as. */
export interface TestDesk {
  desk: Desk
  cards: MemoryCardPort
  remote: MemoryRemote
  store: SqliteStore
  officer: MemoryCard
  log: ReturnType<typeof memoryLog>
  folder: string
  signIn(pin?: string): Promise<unknown>
  /** The same cards and server with new objects over the same store file; the old ones are left as a killed process leaves them. */
  restart(explainedAlarms?: string[]): TestDesk
  end(): Promise<void>
}

export async function makeDesk(): Promise<TestDesk> {
  const authority = new TestAuthority()
  const cards = new MemoryCardPort()
  const remote = new MemoryRemote(authority)
  const officer = await MemoryCard.ofOperator('0FF1CE01', 'Elena Conti', authority)
  cards.insert('Reader A', officer)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  remote.stationKey = privateKey
  return assembleDesk({ cards, remote, officer, folder: mkdtempSync(join(tmpdir(), 'desk-')), key: privateKey })
}

function assembleDesk(parts: {
  cards: MemoryCardPort
  remote: MemoryRemote
  officer: MemoryCard
  folder: string
  key: KeyObject
  explainedAlarms?: string[]
}): TestDesk {
  const { cards, remote, officer, folder, key } = parts
  const log = memoryLog()
  const store = openStore(folder, plainSeal, log)
  const desk = assemble({
    config: {
      server: { url: 'https://127.0.0.1:1', name: SERVER_NAME, caFile: '' },
      station: { id: 'station_00000001', name: 'Counter 1', keyFile: '' },
      explainedAlarms: parts.explainedAlarms,
    },
    host: { kind: 'browser', version: '0.0.0' },
    log,
    logFile: null,
    remote,
    store,
    cards,
    stationKey: key,
  })
  return {
    desk,
    cards,
    remote,
    store,
    officer,
    log,
    folder,
    signIn: (pin = officer.pin) =>
      desk.handlers['session.signIn']({ reader: 'Reader A', via: 'piv', pin: cards.seal('pin', pin), office: null }),
    restart: (explainedAlarms) => {
      store.close()
      // The killed desk's timers still run in this process; its store has nothing more to say.
      store.waiting = () => 0
      cards.forgetListeners()
      remote.forgetListeners()
      remote.useSession(null)
      return assembleDesk({ ...parts, ...(explainedAlarms === undefined ? {} : { explainedAlarms }) })
    },
    end: async () => {
      await desk.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
