import { createHmac, createSecretKey, hash, randomUUID, type KeyObject } from 'node:crypto'
import {
  formatProof,
  HTTP,
  PROOF_SCHEME,
  proofInput,
  type HttpAnswer,
  type HttpInput,
  type HttpName,
  type HttpRoute,
  type SessionView,
} from '../../../shared/contract/index.ts'

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Buffer | null
}
export interface RawAnswer {
  readonly status: number
  readonly headers: Record<string, string | string[] | number | undefined>
  readonly text: string
}
/** How a request gets there: injected, or over HTTPS. */
export type Transport = (request: RawRequest) => Promise<RawAnswer>

export interface CallOptions {
  readonly idempotencyKey?: string | null
  readonly ifMatch?: string | null
  readonly requestId?: string
}
/** What a refused call throws. */
export class Refused extends Error {
  readonly code: string
  readonly status: number
  readonly detail: Readonly<Record<string, unknown>>
  constructor(answer: RawAnswer) {
    const problem = JSON.parse(answer.text) as { code: string; detail?: Record<string, unknown> }
    super(`${problem.code} ${JSON.stringify(problem.detail ?? {})}`)
    this.code = problem.code
    this.status = answer.status
    this.detail = problem.detail ?? {}
  }
}

interface Parts {
  params?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
}

const fill = (path: string, { params = {}, query = {} }: Parts): string => {
  const filled = path.replace(/:([A-Za-z]+)/g, (_all, name: string) => encodeURIComponent(String(params[name])))
  const entries = Object.entries(query).filter(([, value]) => value !== undefined)
  if (entries.length === 0) return filled
  return `${filled}?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()}`
}

/** Calls the server as the desk does: the typed table, proofs, keys; every answer parsed by its schema. */
export class TestClient {
  readonly #transport: Transport
  readonly token: string | null
  readonly session: SessionView | null
  readonly #proofKey: KeyObject | null
  #counter = 0

  constructor(transport: Transport, signedIn?: { token: string; proofKey: Uint8Array; session: SessionView }) {
    this.#transport = transport
    this.token = signedIn?.token ?? null
    this.session = signedIn?.session ?? null
    this.#proofKey = signedIn ? createSecretKey(signedIn.proofKey) : null
  }

  nextCounter(): number {
    return ++this.#counter
  }

  /** The two headers of a signed-in request. */
  proof(
    method: string,
    path: string,
    body: Buffer | null,
    at: { timeMs?: number; counter?: number } = {},
  ): Record<string, string> {
    if (this.token === null || this.#proofKey === null) return {}
    const { timeMs = Date.now(), counter = this.nextCounter() } = at
    const bodyDigest = hash('sha256', body ?? '', 'base64url')
    const input = proofInput({ method, path, timeMs, counter, bodyDigest, token: this.token })
    const mac = createHmac('sha256', this.#proofKey).update(input).digest('base64url')
    return { authorization: `${PROOF_SCHEME} ${this.token}`, 'session-proof': formatProof(timeMs, counter, mac) }
  }

  raw(request: RawRequest): Promise<RawAnswer> {
    return this.#transport(request)
  }

  /** Any bytes to any path, with a good proof. */
  send(method: string, path: string, body: Buffer | null, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const type: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' }
    return this.raw({ method, path, headers: { ...type, ...this.proof(method, path, body), ...headers }, body })
  }

  async call<N extends HttpName>(name: N, input: HttpInput<N>, options: CallOptions = {}): Promise<HttpAnswer<N>> {
    const route: HttpRoute = HTTP[name]
    const parts = input as Parts
    const body = parts.body === undefined ? null : Buffer.from(JSON.stringify(parts.body))
    const key = options.idempotencyKey === undefined ? randomUUID() : options.idempotencyKey
    const answer = await this.send(route.method, fill(route.path, parts), body, {
      ...(route.creates === true && key !== null ? { 'idempotency-key': key } : {}),
      ...(options.ifMatch == null ? {} : { 'if-match': options.ifMatch }),
      ...(options.requestId === undefined ? {} : { 'x-request-id': options.requestId }),
    })
    if (answer.status > 299) throw new Refused(answer)
    return HTTP[name].answer.parse(JSON.parse(answer.text)) as HttpAnswer<N>
  }
}

/** The error of a call that must be refused. */
export const refusal = async (call: Promise<unknown>): Promise<Refused> => {
  try {
    await call
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  throw new Error('was not refused')
}
