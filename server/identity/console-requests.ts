import { randomInt } from 'node:crypto'
import {
  AppError,
  type ConsoleAnswer,
  type ConsoleRequest,
  type ConsoleRequestView,
  type PublicJwk,
  type SessionView,
} from '../../shared/contract/index.ts'
import type { NonceSource } from '../hsm/mixed-random.ts'
import { openExchange, type OpenExchange } from './challenges.ts'

const REQUEST_MS = 5 * 60_000
const MAX_OPEN = 1000
/** No vowels, so that no words come up, and nothing that is read as something else. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXYZ23456789'

interface OpenRequest {
  readonly exchange: OpenExchange
  readonly code: string
  readonly sessionKey: PublicJwk
  readonly address: string
  readonly browser: string
  readonly createdAt: number
  state: 'waiting' | 'taken' | 'refused' | 'approved'
  approved: { readonly token: string; readonly session: SessionView } | null
}

const makeCode = (): string => {
  let code = ''
  for (let place = 0; place < 8; place += 1)
    code += (place === 4 ? '-' : '') + (LETTERS[randomInt(LETTERS.length)] ?? '')
  return code
}

/**
 * Consoles that wait for an operator (in the manner of RFC 8628): in memory, five minutes, bounded. The token in here is
 * of no use to who reads the answer without the console's private key, so that the request's id may be asked for again.
 */
export class ConsoleRequests {
  readonly #open = new Map<string, OpenRequest>()
  readonly #serverName: string
  readonly #nonceOf: NonceSource | undefined

  constructor(serverName: string, nonceOf?: NonceSource) {
    this.#serverName = serverName
    this.#nonceOf = nonceOf
  }

  open(
    sessionKey: PublicJwk,
    from: { readonly address: string; readonly browser: string },
    now: number,
  ): ConsoleRequest {
    this.#sweep(now)
    const exchange = openExchange('console', now + REQUEST_MS, this.#nonceOf)
    let code = makeCode()
    while (this.#byCode(code)) code = makeCode()
    const { address, browser } = from
    this.#open.set(exchange.id, {
      exchange,
      code,
      sessionKey,
      address,
      browser,
      createdAt: now,
      state: 'waiting',
      approved: null,
    })
    return {
      id: exchange.id,
      code,
      nonce: exchange.nonce,
      ephemeralKey: exchange.publicJwk,
      expiresAt: exchange.expiresAt,
    }
  }

  /** Throws NOT_FOUND once it is gone. */
  answer(id: string, now: number): ConsoleAnswer {
    const request = this.get(id, now)
    if (request.state === 'approved' && request.approved) return { state: 'approved', ...request.approved }
    return { state: request.state === 'refused' ? 'refused' : 'waiting' }
  }

  /** Throws NOT_FOUND for a code that stands for nothing (any more). */
  find(code: string, now: number): ConsoleRequestView {
    const request = this.#waiting(code, now)
    return {
      id: request.exchange.id,
      address: request.address,
      browser: request.browser,
      sessionKey: request.sessionKey,
      nonce: request.exchange.nonce,
      serverName: this.#serverName,
      createdAt: request.createdAt,
      expiresAt: request.exchange.expiresAt,
    }
  }

  /** Takes the code away from everyone else; approve or refuse follows. Throws NOT_FOUND. */
  take(code: string, now: number): OpenRequest {
    const request = this.#waiting(code, now)
    request.state = 'taken'
    return request
  }

  get(id: string, now: number): OpenRequest {
    const request = this.#open.get(id)
    if (!request || request.exchange.expiresAt < now) throw new AppError('NOT_FOUND')
    return request
  }

  approve(id: string, approved: { readonly token: string; readonly session: SessionView }): void {
    const request = this.#open.get(id)
    if (request) Object.assign(request, { state: 'approved', approved })
  }

  refuse(id: string): void {
    const request = this.#open.get(id)
    if (request) request.state = 'refused'
  }

  #waiting(code: string, now: number): OpenRequest {
    const request = this.#byCode(code)
    if (request?.state !== 'waiting' || request.exchange.expiresAt < now) throw new AppError('NOT_FOUND')
    return request
  }

  #byCode(code: string): OpenRequest | undefined {
    for (const request of this.#open.values()) if (request.code === code) return request
    return undefined
  }

  #sweep(now: number): void {
    for (const [id, { exchange }] of this.#open) {
      if (exchange.expiresAt >= now && this.#open.size < MAX_OPEN) break
      this.#open.delete(id)
    }
  }
}
