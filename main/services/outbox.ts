import { AppError, type HttpInput, type HttpName } from '../../shared/contract/index.ts'
import type { DeskStore, Log, Remote } from './ports.ts'
import type { SessionService } from './session.ts'

/**
 * What happened on a card and the server could not be told. Sent in order, once, when the same operator is signed in and
 * the server is in reach; what the server refuses for good is dropped and logged. Only calls that may be repeated go in.
 */
export class OutboxService {
  readonly #parts: { store: DeskStore; remote: Remote; session: SessionService; log: Log; changed: () => void }
  #sending: Promise<void> | null = null
  constructor(parts: { store: DeskStore; remote: Remote; session: SessionService; log: Log; changed: () => void }) {
    this.#parts = parts
  }

  /** Sends now, or keeps durably for later. Gives whether the server has it. */
  async deliver<N extends HttpName>(name: N, input: HttpInput<N>): Promise<boolean> {
    const { remote, store, session, changed } = this.#parts
    const before = session.state()
    try {
      await remote.call(name, input)
      return true
    } catch (error) {
      if (before.status === 'signed-out' || !isWaiting(error)) throw error
      store.addToOutbox(before.session.operator.id, name, input)
      changed()
      return false
    }
  }

  /** Sends what waits, if anybody may. Never throws; a call while it runs joins it. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null))
    return this.#sending
  }

  async #sendAll(): Promise<void> {
    const { store, remote, session, log, changed } = this.#parts
    const state = session.state()
    if (state.status !== 'signed-in') return
    for (const item of store.outbox(state.session.operator.id)) {
      try {
        await remote.call(item.call, item.input as HttpInput<typeof item.call>)
      } catch (error) {
        if (isWaiting(error)) break
        log.error('outbox.refused', { call: item.call, error })
      }
      store.removeFromOutbox(item.id)
    }
    changed()
  }
}

/** The server was not reached or cannot answer now: the same call may succeed later. */
const isWaiting = (error: unknown): boolean =>
  error instanceof AppError &&
  (error.retry || error.code.startsWith('SESSION_') || error.code === 'NETWORK_UNTRUSTED_SERVER')
