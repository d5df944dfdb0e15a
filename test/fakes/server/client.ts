import { createHmac, createSecretKey, hash, randomUUID, sign, type KeyObject } from 'node:crypto'
import {
  formatProof,
  HTTP,
  PROOF_SCHEME,
  proofInput,
  workerKeyInput,
  type HttpAnswer,
  type HttpInput,
  type HttpName,
  type HttpRoute,
  type PublicJwk,
  type SessionView,
  type VouchedKey,
  type WorkerKeyVoucher,
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

/** What a client knows of the station it stands at. */
export interface ClientStation {
  readonly serverName: string
  readonly station: string
  readonly key: KeyObject
}
/** A body as tests write it: the station's word for the worker's key is added where it is not given. */
type Unvouched<I> = I extends { body: infer B }
  ? Omit<I, 'body'> & { body: B extends { vouched: infer V } ? Omit<B, 'vouched'> & { vouched?: V } : B }
  : I

/** What a call that has codes sealed is about, as both ends know it; null for all other calls. */
const sealedFor = (name: HttpName, { params = {}, body }: Parts, idempotencyKey: string | null) => {
  const { cardSerial } = (body ?? {}) as { cardSerial?: string }
  const id = String(params['id'])
  if (name === 'startPersonalisation') return { purpose: 'personalisation' as const, subject: id, cardSerial }
  if (name === 'startHandOver') return { purpose: 'hand-over' as const, subject: id, cardSerial }
  if (name !== 'startUnblock') return null
  return { purpose: 'unblock' as const, subject: idempotencyKey ?? '', cardSerial: String(params['serial']) }
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
  readonly #station: ClientStation | null
  readonly #vouchers = new Map<string, WorkerKeyVoucher>()
  #counter = 0

  constructor(
    transport: Transport,
    signedIn?: { token: string; proofKey: Uint8Array; session: SessionView; station?: ClientStation },
  ) {
    this.#station = signedIn?.station ?? null
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

  /** The station's word for a worker's key, with what a test says otherwise. */
  vouch(
    about: Pick<VouchedKey, 'purpose' | 'subject' | 'cardSerial' | 'key'>,
    twist: Partial<VouchedKey & { by: KeyObject }> = {},
  ): WorkerKeyVoucher {
    const { by, ...other } = twist
    const { key, ...here } = this.#station ?? { serverName: '', station: '', key: null }
    const signer = by ?? key
    if (signer === null) return { time: Date.now(), signature: 'AAAA' }
    const said = { ...here, session: this.session?.id ?? '', time: Date.now(), ...about, ...other }
    return { time: said.time, signature: sign('sha256', workerKeyInput(said), signer).toString('base64') }
  }

  async call<N extends HttpName>(
    name: N,
    input: Unvouched<HttpInput<N>>,
    options: CallOptions = {},
  ): Promise<HttpAnswer<N>> {
    const route: HttpRoute = HTTP[name]
    const parts = input as Parts
    const key = options.idempotencyKey === undefined ? randomUUID() : options.idempotencyKey
    const body = parts.body === undefined ? null : Buffer.from(JSON.stringify(this.#vouched(name, parts, key)))
    const answer = await this.send(route.method, fill(route.path, parts), body, {
      ...(route.creates === true && key !== null ? { 'idempotency-key': key } : {}),
      ...(options.ifMatch == null ? {} : { 'if-match': options.ifMatch }),
      ...(options.requestId === undefined ? {} : { 'x-request-id': options.requestId }),
    })
    if (answer.status > 299) throw new Refused(answer)
    return HTTP[name].answer.parse(JSON.parse(answer.text)) as HttpAnswer<N>
  }

  #vouched(name: HttpName, parts: Parts, idempotencyKey: string | null): unknown {
    const about = sealedFor(name, parts, idempotencyKey)
    const body = parts.body as { workerKey?: PublicJwk; vouched?: unknown; cardSerial?: string }
    if (about === null || body.vouched !== undefined || body.workerKey === undefined) return body
    // Asked again with its key, a request is the same to the byte.
    const again = `${about.purpose} ${about.subject} ${body.workerKey.x}`
    const given = this.vouch({ ...about, cardSerial: about.cardSerial ?? '', key: body.workerKey })
    const vouched = name === 'startUnblock' ? (this.#vouchers.get(again) ?? given) : given
    this.#vouchers.set(again, vouched)
    return { ...body, vouched }
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
