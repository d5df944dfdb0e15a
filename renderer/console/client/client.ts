import {
  AppError,
  ERRORS,
  HTTP,
  type Failure,
  type HttpAnswer,
  type HttpInput,
  type HttpName,
  type HttpRoute,
  type Result,
} from '../../../shared/contract/index.ts'
import { failureHere, readAnswer } from './answer.ts'
import { proveRequest } from './proof.ts'
import { buildRequestLine, type RequestLine } from './request-line.ts'
import type { KeptSession, SessionVault } from './session-vault.ts'

export interface CallOptions {
  /** Required where the route creates; the same key gives the same answer. */
  readonly idempotencyKey?: string
  /** Required where the route changes: the ETag of what was seen. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
  /** The answer brings a cookie for what the browser will fetch by itself; no other call sends or takes one. */
  readonly takesCookie?: true
}

/** Calls of the HTTP table. Never rejects: what goes wrong is in the result, with a code and an id to quote. */
export interface Client {
  readonly call: <N extends HttpName>(
    name: N,
    input: HttpInput<N>,
    options?: CallOptions,
  ) => Promise<Result<HttpAnswer<N>>>
}

export interface ClientParts {
  readonly fetch: typeof fetch
  readonly vault: SessionVault
  /** The session in use, null when signed out. */
  readonly session: () => KeptSession | null
  /** The server's time as well as it is known here: proofs are refused when they are a minute off. */
  readonly now: () => number
  /** Told once per answer that ends the session; not told for a session that is no longer the one in use. */
  readonly onSignedOut: (why: Failure) => void
}

const endsSession = (failure: Failure): boolean => ERRORS[failure.code].status === 401

export const createClient = (parts: ClientParts): Client => {
  const headersFor = async (route: HttpRoute, line: RequestLine, kept: KeptSession | null, options: CallOptions) => {
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json' }
    if (route.body !== undefined) headers['content-type'] = 'application/json'
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey
    if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch
    if (kept === null) return headers
    const counter = await parts.vault.nextCounter()
    return { ...headers, ...(await proveRequest(line, kept, Math.round(parts.now()), counter)) }
  }

  const send = async <N extends HttpName>(
    name: N,
    line: RequestLine,
    kept: KeptSession | null,
    options: CallOptions,
  ): Promise<Result<HttpAnswer<N>>> => {
    const headers = await headersFor(HTTP[name], line, kept, options)
    const response = await parts.fetch(line.path, {
      method: line.method,
      headers,
      ...(line.body.length > 0 ? { body: line.body } : {}),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      credentials: options.takesCookie === true ? 'same-origin' : 'omit',
      cache: 'no-store',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    })
    return await readAnswer(name, response)
  }

  return {
    async call(name, input, options = {}) {
      const open = HTTP[name].auth === 'none'
      const kept = open ? null : parts.session()
      if (!open && kept === null) return { ok: false, error: failureHere('SESSION_REQUIRED') }
      try {
        const result = await send(name, buildRequestLine(name, input as object), kept, options)
        if (!result.ok && kept !== null && endsSession(result.error) && parts.session() === kept)
          parts.onSignedOut(result.error)
        return result
      } catch (error) {
        if (error instanceof AppError) return { ok: false, error: failureHere(error.code, { ...error.detail }) }
        // fetch rejects with TypeError when nothing answers, DOMException when the caller gave up or storage failed.
        const gaveUp = options.signal?.aborted === true
        return { ok: false, error: failureHere('NETWORK_OFFLINE', gaveUp ? { gaveUp } : {}) }
      }
    },
  }
}
