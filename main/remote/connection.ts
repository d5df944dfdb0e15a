import type { ConnectionState } from '../../shared/contract/index.ts'
import type { CardPort, DeskEvents, DeskStore, Remote } from '../services/ports.ts'

const ONLINE_EVERY_MS = 15_000
const OFFLINE_EVERY_MS = 2_500
const PING_TIMEOUT_MS = 4_000

/**
 * Watches whether the server answers and the card worker runs, and tells the screen on change. A call that fails or
 * succeeds counts as news too, so that the screen need not wait for the next ping.
 */
export class ConnectionMonitor {
  readonly #remote: Remote
  readonly #cards: CardPort
  readonly #store: DeskStore
  readonly #events: DeskEvents
  readonly #stops: (() => void)[] = []
  readonly #onlineListeners = new Set<() => void>()
  #server: ConnectionState['server'] = 'connecting'
  #keys: ConnectionState['keys'] = null
  #since = Date.now()
  #told = ''
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(parts: { remote: Remote; cards: CardPort; store: DeskStore; events: DeskEvents }) {
    this.#remote = parts.remote
    this.#cards = parts.cards
    this.#store = parts.store
    this.#events = parts.events
  }

  start(): void {
    this.#stops.push(
      this.#remote.onReach((reached) => this.#set(reached ? 'online' : 'offline')),
      this.#cards.on('state', () => this.tell()),
    )
    void this.#ping()
  }

  state(): ConnectionState {
    return {
      server: this.#server,
      keys: this.#keys,
      cardService: this.#cards.state(),
      waiting: this.#store.waiting(),
      since: this.#since,
    }
  }

  /** Emits the state if it differs from what was last told. */
  tell(): void {
    const state = this.state()
    const text = JSON.stringify(state)
    if (text === this.#told) return
    this.#told = text
    this.#events.emit('connection', state)
  }

  /** Called each time the server comes into reach. */
  onOnline(listener: () => void): () => void {
    this.#onlineListeners.add(listener)
    return () => this.#onlineListeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    for (const stop of this.#stops) stop()
  }

  #set(server: ConnectionState['server']): void {
    // A ping under way when the desk closed comes back to a store that is closed.
    if (this.#closed) return
    // A ping still under way when the desk closed: nobody listens any more, and the store is closed.
    if (this.#closed) return
    if (server !== this.#server) {
      this.#server = server
      this.#since = Date.now()
      if (server === 'online') for (const listener of this.#onlineListeners) listener()
    }
    this.tell()
  }

  async #ping(): Promise<void> {
    try {
      const { keys } = await this.#remote.call('ping', {}, { timeoutMs: PING_TIMEOUT_MS })
      this.#keys = keys
      this.#set('online')
    } catch {
      // Any failure means the same here: the server cannot be used. Its cause is told by the call that needs it.
      this.#set('offline')
    }
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#ping(), this.#server === 'online' ? ONLINE_EVERY_MS : OFFLINE_EVERY_MS)
    this.#timer.unref()
  }
}
