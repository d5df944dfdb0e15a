import { randomUUID } from 'node:crypto'
import { type AxiosInstance, create } from 'axios'
import {
  AppError,
  type ErrorCode,
  HTTP,
  type HttpAnswer,
  type HttpInput,
  type HttpName,
  type HttpRoute,
} from '../../shared/contract/index.ts'
import type { Remote, RemoteOptions, RemoteSession } from '../services/ports.ts'
import { isConnectionLost, translateProblem, translateTransport } from './failure.ts'
import { ProofMaker } from './proof.ts'
import { linkTo, type ServerLink } from './tls.ts'

/** POSTs that give the same when sent twice, though they carry no `Idempotency-Key`. */
const REPEATABLE: ReadonlySet<HttpName> = new Set<HttpName>([
  'createChallenge',
  'startPersonalisation',
  'issueCertificate',
  'interruptPersonalisation',
  'rollBack',
  'startHandOver',
  'handOver',
  'cancelEnrolment',
  'revokeCertificate',
  'cosignCheckpoint',
  'reportContradiction',
])
/** The server's word that the session is no more. */
const SESSION_LOST: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SESSION_EXPIRED',
  'SESSION_REQUIRED',
  'SESSION_LOCKED',
])
const TIMEOUT_MS = 15_000
const ANSWER_MAX_BYTES = 16_000_000

interface Parts {
  params?: Readonly<Record<string, string | number>>
  query?: Readonly<Record<string, string | number | boolean | undefined>>
  body?: unknown
}

/** The typed client of the HTTP table: one method, every route. */
export class RemoteClient implements Remote {
  readonly #base: string
  readonly #link: ServerLink
  readonly #http: AxiosInstance
  readonly #lost = new Set<(code: ErrorCode) => void>()
  readonly #reach = new Set<(reached: boolean) => void>()
  #proof: ProofMaker | null = null
  #offsetMs = 0

  constructor(server: { url: string; anchorPem: string }) {
    this.#base = server.url
    this.#link = linkTo(server.anchorPem)
    this.#http = create({
      httpsAgent: this.#link.agent,
      // No proxy from the environment: the server's TLS ends here, and station proofs are for it alone.
      proxy: false,
      maxRedirects: 0,
      decompress: false,
      responseType: 'arraybuffer',
      maxContentLength: ANSWER_MAX_BYTES,
      validateStatus: () => true,
      transformRequest: [(data: unknown) => data],
    })
  }

  serverCertificate(): string | null {
    return this.#link.certificate()
  }
  nowMs(): number {
    return Math.round(Date.now() + this.#offsetMs)
  }
  useSession(session: RemoteSession | null): void {
    this.#proof?.wipe()
    this.#proof = session && new ProofMaker(session)
  }
  onSessionLost(listener: (code: ErrorCode) => void): () => void {
    this.#lost.add(listener)
    return () => this.#lost.delete(listener)
  }
  onReach(listener: (reached: boolean) => void): () => void {
    this.#reach.add(listener)
    return () => this.#reach.delete(listener)
  }
  close(): void {
    this.useSession(null)
    this.#link.close()
  }

  async call<N extends HttpName>(name: N, input: HttpInput<N>, options: RemoteOptions = {}): Promise<HttpAnswer<N>> {
    const route: HttpRoute = HTTP[name]
    if (route.auth !== 'none' && this.#proof === null) throw new AppError('SESSION_REQUIRED')
    const proof = route.auth === 'none' ? null : this.#proof
    const mayRepeat = route.method !== 'POST' || options.idempotencyKey !== undefined || REPEATABLE.has(name)
    try {
      const answer = await this.#send(route, input as Parts, options, proof, mayRepeat ? 2 : 1)
      for (const tell of this.#reach) tell(true)
      return this.#parse(name, answer)
    } catch (error) {
      const failure = translateTransport(error)
      if (failure.code === 'NETWORK_OFFLINE' || failure.code === 'NETWORK_UNTRUSTED_SERVER')
        for (const tell of this.#reach) tell(false)
      // Only news about the session still in use: a late answer to an old one must not end the new one.
      if (proof !== null && proof === this.#proof && SESSION_LOST.has(failure.code))
        for (const tell of this.#lost) tell(failure.code)
      throw failure
    }
  }

  async #send(route: HttpRoute, parts: Parts, options: RemoteOptions, proof: ProofMaker | null, tries: number) {
    const path = pathOf(route.path, parts)
    const body = parts.body === undefined ? null : Buffer.from(JSON.stringify(parts.body))
    const requestId = options.requestId ?? randomUUID()
    for (let attempt = 1; ; attempt++) {
      const headers: Record<string, string | false> = {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'x-request-id': requestId,
        // Left to itself it calls a POST without a body a form, which the server takes from nobody.
        'content-type': body === null ? false : 'application/json',
        ...(options.idempotencyKey !== undefined && { 'idempotency-key': options.idempotencyKey }),
        ...(options.ifMatch !== undefined && { 'if-match': options.ifMatch }),
        // A new proof for each try: the server refuses a counter it saw.
        ...proof?.headers(route.method, path, body, this.nowMs()),
      }
      try {
        return await this.#http.request<ArrayBuffer>({
          method: route.method,
          url: this.#base + path,
          headers,
          data: body ?? undefined,
          signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
        })
      } catch (error) {
        if (attempt >= tries || !isConnectionLost(error)) throw error
      }
    }
  }

  #parse<N extends HttpName>(name: N, answer: { status: number; data: ArrayBuffer }): HttpAnswer<N> {
    let json: unknown
    try {
      json = JSON.parse(Buffer.from(answer.data).toString('utf8'))
    } catch (cause) {
      throw new AppError('CONTRACT_MISMATCH', { status: answer.status, reason: 'not-json' }, { cause })
    }
    if (answer.status < 200 || answer.status > 299) throw translateProblem(answer.status, json)
    const parsed = HTTP[name].answer.safeParse(json)
    if (!parsed.success) throw new AppError('CONTRACT_MISMATCH', { route: name }, { cause: parsed.error })
    if (name === 'ping') this.#offsetMs = (parsed.data as HttpAnswer<'ping'>).time - Date.now()
    return parsed.data as HttpAnswer<N>
  }
}

/** The path as sent, which is also the path that is proved: parameters and query percent-encoded, undefined left out. */
export function pathOf(pattern: string, parts: Parts): string {
  const path = pattern.replace(/:([a-zA-Z]+)/g, (_all, name: string) =>
    encodeURIComponent(String(parts.params?.[name])),
  )
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(parts.query ?? {})) if (value !== undefined) query.set(key, String(value))
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}
