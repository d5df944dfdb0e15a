import type { Failure } from '../../shared/contract/index.ts'
import { createClient, type Client } from './client/client.ts'
import { openIndexedDbVault } from './client/indexed-db-vault.ts'
import { createServerClock, type ServerClock } from './client/server-clock.ts'
import { createMemoryVault, type KeptSession, type SessionVault } from './client/session-vault.ts'
import { keptSession, setSession } from './stores/session-store.ts'

/** The console's objects, made once. */
export interface Console {
  readonly client: Client
  readonly clock: ServerClock
  /** Looks at the kept session and asks the server whether it still stands. */
  readonly start: () => Promise<void>
  readonly signedIn: (kept: KeptSession) => Promise<void>
  /** Ends the session at the server and forgets it here, also when the server cannot be reached. */
  readonly signOut: () => Promise<void>
}

const openVault = async (): Promise<SessionVault> => {
  try {
    return await openIndexedDbVault()
  } catch (error) {
    if (error instanceof DOMException || error instanceof ReferenceError) return createMemoryVault()
    throw error
  }
}

/** Tabs tell each other that the session ended or began; the message carries nothing. */
const CHANNEL = 'countersign-console'

export const createConsole = async (): Promise<Console> => {
  const vault = await openVault()
  const clock = createServerClock()
  const tabs = new BroadcastChannel(CHANNEL)
  // A channel has one origin: there is none to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  const tellTabs = () => tabs.postMessage('changed')
  const forget = async (why: Failure | null) => {
    setSession({ phase: 'signed-out', why })
    await vault.clear()
    tellTabs()
  }
  const client = createClient({
    fetch: globalThis.fetch.bind(globalThis),
    vault,
    session: keptSession,
    now: clock.now,
    onSignedOut: (why) => void forget(why),
  })
  const learnTime = async () => {
    const askedAt = Date.now()
    const pong = await client.call('ping', {})
    if (pong.ok) clock.learn(pong.value.time, askedAt)
  }
  const restore = async () => {
    const kept = await vault.load()
    setSession(kept === null ? { phase: 'signed-out', why: null } : { phase: 'signed-in', kept })
    return kept
  }
  tabs.addEventListener('message', () => void restore())
  return {
    client,
    clock,
    async start() {
      await learnTime()
      if ((await restore()) !== null) await client.call('readSession', {})
    },
    async signedIn(kept) {
      await vault.save(kept)
      setSession({ phase: 'signed-in', kept })
      tellTabs()
    },
    async signOut() {
      await client.call('endSession', { query: { why: 'sign-out' } })
      if (keptSession() !== null) await forget(null)
    },
  }
}
