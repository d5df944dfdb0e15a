import type { SessionView } from '../../../shared/contract/index.ts'

/** What is kept of a session. The token is worth nothing without the key, and the key cannot be exported. */
export interface KeptSession {
  readonly token: string
  readonly proofKey: CryptoKey
  readonly session: SessionView
}

/** Where the session lives across reloads and tabs. */
export interface SessionVault {
  load(): Promise<KeptSession | null>
  /** Durable when it returns; counting starts anew. */
  save(kept: KeptSession): Promise<void>
  clear(): Promise<void>
  /** A counter never given before for this session, in this tab or another; dense, so that parallel requests stay in the server's window. */
  nextCounter(): Promise<number>
}

/** For browsers that deny storage: the session ends with the page. */
export const createMemoryVault = (): SessionVault => {
  let kept: KeptSession | null = null
  let counter = 0
  return {
    load: () => Promise.resolve(kept),
    save(next) {
      kept = next
      counter = 0
      return Promise.resolve()
    },
    clear() {
      kept = null
      return Promise.resolve()
    },
    nextCounter: () => Promise.resolve(++counter),
  }
}
