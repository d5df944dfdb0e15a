import pkcs11js, { type Handle } from 'pkcs11js'
import { createHash } from 'node:crypto'
import { unavailable } from '../failure.ts'
import { codeOf, isSessionLost, translate } from './ck-error.ts'
import { acquireModule, findTokenSlots, releaseModule, type Cryptoki, type TokenName } from './module.ts'

export interface Session {
  readonly cryptoki: Cryptoki
  readonly handle: Handle
}

type Work<T> = (session: Session) => T | Promise<T>

export interface PoolConfig extends TokenName {
  readonly libraryPath: string
  /** Sessions open at the same time. */
  readonly sessions: number
  /** The user PIN, read anew for each login. */
  readonly readPin: () => Promise<string>
  /** Digests of refused PINs are salted, since they go from process to process. */
  readonly salt: string
  /** Digest of a PIN the token refused before. */
  readonly refusedPin?: string | null | undefined
}

/**
 * A few logged-in sessions of one token. A session serves one call at a time and is thrown away after any error: what
 * state a failed call left it in, only the module knows. There are no deadlines here: a module that hangs is cured by
 * ending its process.
 */
export class SessionPool {
  readonly #config: PoolConfig
  readonly #onLogin: () => void
  #cryptoki: Cryptoki | null = null
  /** Login holds while one session is open (PKCS#11 2.40, 5.6), so this one does nothing but stay open. */
  #keeper: Handle | null = null
  #slot: Handle | null = null
  #opening: Promise<void> | null = null
  #idle: Handle[] = []
  #taken = 0
  #waiting: (() => void)[] = []
  #closed = false
  #refusedPin: string | null

  /** `onLogin` is called with each login: handles of objects known before are no longer good. */
  constructor(config: PoolConfig, onLogin: () => void) {
    this.#config = config
    this.#onLogin = onLogin
    this.#refusedPin = config.refusedPin ?? null
  }

  get refusedPin(): string | null {
    return this.#refusedPin
  }

  /** Logs in if that has not been done. Throws HSM_UNAVAILABLE. */
  async ready(): Promise<Session> {
    if (this.#closed) throw unavailable('closed')
    if (!this.#keeper) {
      this.#opening ??= this.#login().finally(() => {
        this.#opening = null
      })
      await this.#opening
    }
    return { cryptoki: this.#cryptoki as Cryptoki, handle: this.#keeper as unknown as Handle }
  }

  /** The slot of the token logged in to. */
  get slot(): Handle {
    if (!this.#slot) throw unavailable('token-missing')
    return this.#slot
  }

  /**
   * Runs `work` with a session of its own. After a lost session or login it is run once more with a new one, so `work`
   * must be safe to repeat. Throws HSM_UNAVAILABLE, and what `work` throws of ours.
   */
  async run<T>(work: Work<T>): Promise<T> {
    return this.begin(work)
  }

  /** As `run`; where a session is idle and `work` waits for nothing, the answer is there at once. Fails by rejecting. */
  begin<T>(work: Work<T>): T | Promise<T> {
    const login = this.#keeper
    const handle = this.#takeIdle()
    if (!handle) return this.#attempt(work).catch((error: unknown) => this.#recover(error, login, work))
    let result: T | Promise<T>
    try {
      result = work({ cryptoki: this.#cryptoki as Cryptoki, handle })
    } catch (error) {
      this.#release(handle, false)
      return this.#recover(error, login, work)
    }
    if (result instanceof Promise)
      return this.#settle(result, handle, login).catch((error: unknown) => this.#recover(error, login, work))
    this.#release(handle, login === this.#keeper)
    return result
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const wake of this.#waiting.splice(0)) wake()
    this.#forget()
    if (this.#cryptoki) releaseModule(this.#config.libraryPath)
    this.#cryptoki = null
  }

  /** A session and its place, where a call may have both without waiting. */
  #takeIdle(): Handle | null {
    if (!this.#keeper || this.#closed || this.#taken >= this.#config.sessions) return null
    const handle = this.#idle.pop() ?? null
    if (handle) this.#taken++
    return handle
  }

  async #attempt<T>(work: Work<T>): Promise<T> {
    if (this.#taken >= this.#config.sessions) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#taken++
    let handle: Handle | null = null
    let login: Handle | null = null
    let isGood = false
    try {
      if (!this.#keeper || this.#closed) await this.ready()
      login = this.#keeper
      const cryptoki = this.#cryptoki as Cryptoki
      handle = this.#idle.pop() ?? this.#openSession(cryptoki)
      const result = await work({ cryptoki, handle })
      isGood = true
      return result
    } finally {
      this.#release(handle, isGood && login === this.#keeper)
    }
  }

  /** The answer of what was begun with an idle session. */
  async #settle<T>(result: Promise<T>, handle: Handle, login: Handle | null): Promise<T> {
    let isGood = false
    try {
      const value = await result
      isGood = true
      return value
    } finally {
      this.#release(handle, isGood && login === this.#keeper)
    }
  }

  /** Throws what failed, or tries once more with a new login. */
  async #recover<T>(error: unknown, login: Handle | null, work: Work<T>): Promise<T> {
    if (!isSessionLost(error)) throw translate(error)
    // Of many that failed at once only the first ends the old login; the others must not end the new one.
    if (this.#keeper === login) this.#forget()
    try {
      return await this.#attempt(work)
    } catch (again) {
      throw translate(again)
    }
  }

  #release(handle: Handle | null, isGood: boolean): void {
    if (handle) this.#giveBack(handle, isGood)
    // The place goes to who waits, so that nobody who comes later takes it.
    const next = this.#waiting.shift()
    if (next) next()
    else this.#taken--
  }

  #giveBack(handle: Handle, isGood: boolean): void {
    if (isGood && !this.#closed && this.#keeper) this.#idle.push(handle)
    else this.#closeSession(handle)
  }

  async #login(): Promise<void> {
    const { libraryPath, tokenLabel = '', tokenSerial = '', readPin, salt } = this.#config
    const pin = await readPin()
    // A token locks after a few wrong PINs: one that was refused is not tried again until there is another.
    const digest = createHash('sha256').update(salt).update(pin).digest('hex')
    if (digest === this.#refusedPin) throw unavailable('pin-wrong', { tokenLabel, tokenSerial })
    this.#cryptoki ??= acquireModule(libraryPath)
    const cryptoki = this.#cryptoki
    try {
      const [slot, second] = findTokenSlots(cryptoki, this.#config)
      if (!slot) throw unavailable('token-missing', { tokenLabel, tokenSerial })
      // The wrong one of two would sign, or take a wrong PIN.
      if (second) throw unavailable('token-ambiguous', { tokenLabel, tokenSerial })
      this.#slot = slot
      const keeper = this.#openSession(cryptoki)
      try {
        cryptoki.C_Login(keeper, pkcs11js.CKU_USER, pin)
      } catch (error) {
        if (codeOf(error) !== pkcs11js.CKR_USER_ALREADY_LOGGED_IN) {
          this.#closeSession(keeper)
          if (codeOf(error) === pkcs11js.CKR_PIN_INCORRECT) this.#refusedPin = digest
          throw error
        }
      }
      this.#keeper = keeper
      this.#onLogin()
    } catch (error) {
      throw translate(error)
    }
  }

  #openSession(cryptoki: Cryptoki): Handle {
    return cryptoki.C_OpenSession(this.slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  }

  /** Drops every session and what was known through them; the next call logs in anew. */
  #forget(): void {
    const handles = [...this.#idle, ...(this.#keeper ? [this.#keeper] : [])]
    this.#idle = []
    this.#keeper = null
    for (const handle of handles) this.#closeSession(handle)
  }

  #closeSession(handle: Handle): void {
    try {
      this.#cryptoki?.C_CloseSession(handle)
    } catch (error) {
      // Only an error that is none of the module's says anything here: a session that is gone is closed.
      if (codeOf(error) === null) throw translate(error)
    }
  }
}
