import pkcs11js, { type Handle } from 'pkcs11js'
import { createHash } from 'node:crypto'
import { unavailable } from '../failure.ts'
import type { HsmConfig } from '../config.ts'
import { readSecretFile } from '../secret-file.ts'
import { codeOf, isSessionLost, translate } from './ck-error.ts'
import { acquireModule, findTokenSlot, releaseModule, type Cryptoki } from './module.ts'

export interface Session {
  readonly cryptoki: Cryptoki
  readonly handle: Handle
}

/**
 * A few logged-in sessions of one token. A session serves one call at a time and is thrown away after any error: what
 * state a failed call left it in, only the module knows.
 */
export class SessionPool {
  readonly #config: HsmConfig
  readonly #onReset: () => void
  #cryptoki: Cryptoki | null = null
  /** Login holds while one session is open (PKCS#11 2.40, 5.6), so this one does nothing but stay open. */
  #keeper: Handle | null = null
  #slot: Handle | null = null
  #opening: Promise<void> | null = null
  #idle: Handle[] = []
  #taken = 0
  readonly #running = new Set<Promise<unknown>>()
  #waiting: (() => void)[] = []
  #closed = false
  /** SHA-256 of a PIN the token refused. */
  #refusedPin: string | null = null

  /** `onReset` is called when handles of objects are no longer good. */
  constructor(config: HsmConfig, onReset: () => void) {
    this.#config = config
    this.#onReset = onReset
  }

  /** Logs in if that has not been done. Throws HSM_UNAVAILABLE. */
  async ready(): Promise<void> {
    if (this.#closed) throw unavailable('closed')
    if (this.#keeper) return
    this.#opening ??= this.#login().finally(() => {
      this.#opening = null
    })
    await this.#opening
  }

  /**
   * Runs `work` with a session of its own. After a lost session or login it is run once more with a new one, so `work`
   * must be safe to repeat. Throws HSM_UNAVAILABLE; `timeout` after `timeoutMs`, with the call still in the module: its
   * session stays taken until the module comes back, for closing one under a running call is the module's undoing.
   */
  async run<T>(work: (session: Session) => T | Promise<T>): Promise<T> {
    try {
      return await this.#attempt(work)
    } catch (error) {
      if (!isSessionLost(error)) throw translate(error)
      this.#forget()
      try {
        return await this.#attempt(work)
      } catch (again) {
        throw translate(again)
      }
    }
  }

  /** Waits for running calls, at most `timeoutMs`; where one is stuck the module is left loaded. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const wake of this.#waiting.splice(0)) wake()
    const idle = await this.#withDeadline(Promise.allSettled(this.#running)).then(
      () => true,
      () => false,
    )
    this.#forget()
    if (this.#cryptoki && idle) releaseModule(this.#config.libraryPath)
    this.#cryptoki = null
  }

  async #attempt<T>(work: (session: Session) => T | Promise<T>): Promise<T> {
    const caller = { gone: false }
    const running = this.#once(work, caller)
    this.#running.add(running)
    void Promise.allSettled([running]).then(() => this.#running.delete(running))
    try {
      return await this.#withDeadline(running)
    } finally {
      caller.gone = true
    }
  }

  async #once<T>(work: (session: Session) => T | Promise<T>, caller: { readonly gone: boolean }): Promise<T> {
    while (this.#taken >= this.#config.sessions && !this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#taken++
    let handle: Handle | null = null
    let login: Handle | null = null
    let good = false
    try {
      // Whoever asked has been told `timeout`; doing it now would surprise.
      if (caller.gone) throw unavailable('timeout')
      await this.ready()
      login = this.#keeper
      const cryptoki = this.#cryptoki as Cryptoki
      handle = this.#idle.pop() ?? this.#openSession(cryptoki)
      const result = await work({ cryptoki, handle })
      good = true
      return result
    } finally {
      this.#taken--
      if (handle) this.#giveBack(handle, good && login === this.#keeper)
      this.#waiting.shift()?.()
    }
  }

  #giveBack(handle: Handle, good: boolean): void {
    if (good && !this.#closed && this.#keeper) this.#idle.push(handle)
    else this.#closeSession(handle)
  }

  async #withDeadline<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const { timeoutMs } = this.#config
      timer = setTimeout(() => reject(unavailable('timeout', { timeoutMs })), timeoutMs)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #login(): Promise<void> {
    const { libraryPath, tokenLabel, pinFile } = this.#config
    const pin = await readSecretFile(pinFile, 'pin-missing')
    if (this.#closed) throw unavailable('closed')
    // A token locks after a few wrong PINs: one that was refused is not tried again until the file says another.
    const digest = createHash('sha256').update(pin).digest('hex')
    if (digest === this.#refusedPin) throw unavailable('pin-wrong', { tokenLabel })
    this.#cryptoki ??= acquireModule(libraryPath)
    const cryptoki = this.#cryptoki
    try {
      this.#slot = findTokenSlot(cryptoki, tokenLabel)
      if (!this.#slot) throw unavailable('token-missing', { tokenLabel })
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
    } catch (error) {
      throw translate(error)
    }
  }

  #openSession(cryptoki: Cryptoki): Handle {
    if (!this.#slot) throw unavailable('token-missing', { tokenLabel: this.#config.tokenLabel })
    return cryptoki.C_OpenSession(this.#slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  }

  /** Drops every session and what was known through them; the next call logs in anew. */
  #forget(): void {
    const handles = [...this.#idle, ...(this.#keeper ? [this.#keeper] : [])]
    this.#idle = []
    this.#keeper = null
    for (const handle of handles) this.#closeSession(handle)
    this.#onReset()
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
