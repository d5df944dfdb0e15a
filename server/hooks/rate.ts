import { AppError } from '../../shared/contract/index.ts'

const MAX_ADDRESSES = 50_000

/** Requests per minute and address; forgets everyone each minute, and is bounded in size. */
export class AddressRate {
  readonly #perMinute: number
  #minute = 0
  readonly #counts = new Map<string, number>()

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  /** Throws REQUEST_RATE_LIMITED. */
  spend(address: string, now: number): void {
    const minute = Math.floor(now / 60_000)
    if (minute !== this.#minute || this.#counts.size > MAX_ADDRESSES) {
      this.#minute = minute
      this.#counts.clear()
    }
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    if (count > this.#perMinute) throw new AppError('REQUEST_RATE_LIMITED')
  }
}

/** The same for one session, counted in the session itself. Throws REQUEST_RATE_LIMITED. */
export const spendSession = (session: { minute: number; requests: number }, perMinute: number, now: number): void => {
  const minute = Math.floor(now / 60_000)
  if (session.minute !== minute) {
    session.minute = minute
    session.requests = 0
  }
  session.requests += 1
  if (session.requests > perMinute) throw new AppError('REQUEST_RATE_LIMITED')
}
