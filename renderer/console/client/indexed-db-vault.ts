import type { KeptSession, SessionVault } from './session-vault.ts'

const STORE = 'session'
const SESSION = 'current'
const COUNTER = 'counter'
/**
 * A page that opens skips this many: what a power cut lost of the counter is less, so none is used twice. It stays far
 * inside the server's window of 1024, so requests of another tab that are on their way are still accepted.
 */
const LEAP = 256

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new DOMException('storage failed')))
  })

const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = () => reject(transaction.error ?? new DOMException('storage failed'))
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', fail)
    transaction.addEventListener('error', fail)
  })

const openDatabase = (name: string): Promise<IDBDatabase> => {
  const request = indexedDB.open(name, 1)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
  return settled(request)
}

/** Keeps the session with its CryptoKey in IndexedDB. Rejects where the browser denies storage. */
export const openIndexedDbVault = async (name = 'countersign-console'): Promise<SessionVault> => {
  const database = await openDatabase(name)
  let leap = LEAP
  const write = async (change: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' })
    const done = committed(transaction)
    change(transaction.objectStore(STORE))
    await done
  }
  return {
    async load() {
      const store = database.transaction(STORE, 'readonly').objectStore(STORE)
      return ((await settled(store.get(SESSION))) as KeptSession | undefined) ?? null
    },
    save: (kept) =>
      write((store) => {
        store.put(kept, SESSION)
        store.put(0, COUNTER)
      }),
    clear: () =>
      write((store) => {
        store.delete(SESSION)
        store.delete(COUNTER)
      }),
    // Read-write transactions on one store run one after the other, in all tabs: no two get the same number.
    async nextCounter() {
      const step = leap
      leap = 1
      const transaction = database.transaction(STORE, 'readwrite')
      const done = committed(transaction)
      const store = transaction.objectStore(STORE)
      const last = (await settled(store.get(COUNTER))) as number | undefined
      const next = (last ?? 0) + step
      store.put(next, COUNTER)
      await done
      return next
    },
  }
}
