import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError, HTTP, type HttpName, type HttpRoute } from '../../shared/contract/index.ts'
import { sendAnswer } from '../hooks/answer.ts'
import { correlationOf } from '../hooks/correlation.ts'
import { readIdempotency, readIfMatch } from '../hooks/headers.ts'
import { AddressRate, spendSession } from '../hooks/rate.ts'
import { actorOf, readSession } from '../hooks/session.ts'
import type { Denials } from '../identity/denials.ts'
import type { Knock } from '../identity/knock.ts'
import { mayUse } from '../identity/permission.ts'
import type { LiveSession } from '../identity/sessions.ts'
import type { Load } from '../monitor/load.ts'
import type { Call } from '../services/call.ts'
import { authorOf } from '../services/change.ts'
import type { DirectoryPort } from './directory-port.ts'
import type { Handlers, Incoming, Services } from './handlers.ts'

export interface RegistrarOptions {
  readonly services: Services
  readonly handlers: Handlers
  readonly directory: DirectoryPort
  readonly denials: Denials
  readonly load: Load
  readonly limits: { readonly signInsPerMinute: number; readonly requestsPerMinute: number }
  /** Parse every answer by its schema: a mismatch is INTERNAL. Off in production, where answers are only written. */
  readonly checkAnswers: boolean
}
type AnyHandler = (incoming: Incoming<HttpName>) => unknown

const NOTHING = new Uint8Array(0)
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** Throws REQUEST_INVALID naming part and member; the value itself is not repeated. */
const parsePart = (part: string, schema: z.ZodType | undefined, value: unknown): unknown => {
  if (schema === undefined) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = [part, ...(issue?.path ?? [])].map(String).join('.').slice(0, 200)
  throw new AppError('REQUEST_INVALID', { path, reason: issue?.code ?? 'invalid' }, { cause: parsed.error })
}

const parseBody = (route: HttpRoute, bytes: Uint8Array): unknown => {
  if (route.body === undefined) {
    if (bytes.length > 0) throw new AppError('REQUEST_INVALID', { path: 'body', reason: 'unexpected' })
    return undefined
  }
  let value: unknown
  try {
    value = JSON.parse(strictUtf8.decode(bytes))
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { path: 'body', reason: 'json' }, { cause })
  }
  return parsePart('body', route.body, value)
}

const parseQuery = (route: HttpRoute, value: unknown): unknown => {
  if (route.query === undefined) {
    if (Object.keys(value as object).length > 0)
      throw new AppError('REQUEST_INVALID', { path: 'query', reason: 'unexpected' })
    return undefined
  }
  return parsePart('query', route.query, { ...(value as object) })
}

const etagOf = (answer: unknown): string | null =>
  answer !== null && typeof answer === 'object' && 'etag' in answer && typeof answer.etag === 'string'
    ? answer.etag
    : null

/** Registers every route of the contract: the order of checks is the same for all, and written here once. */
export const registerRoutes = (app: FastifyInstance, options: RegistrarOptions): void => {
  const knocks = new AddressRate(options.limits.signInsPerMinute)
  for (const name of Object.keys(HTTP) as HttpName[]) {
    const handle = makeRoute(name, HTTP[name], options, knocks)
    app.route({ method: HTTP[name].method, url: HTTP[name].path, handler: handle })
  }
}

const makeRoute = (name: HttpName, route: HttpRoute, options: RegistrarOptions, knocks: AddressRate) => {
  const { services, directory, denials, load, limits, checkAnswers } = options
  const handler = options.handlers[name] as AnyHandler
  const { auth } = route
  const isSignIn = auth === 'none' && name !== 'ping' && name !== 'readConsoleRequest'

  const enter = async (
    request: FastifyRequest,
    body: Uint8Array,
    knock: Knock,
  ): Promise<{ call: Call; session: LiveSession } | null> => {
    if (auth === 'none') {
      if (isSignIn) knocks.spend(knock.address, knock.at)
      return null
    }
    const session = await readSession(services.sessions, request, body, knock.at)
    spendSession(session, limits.requestsPerMinute, knock.at)
    const call: Call = {
      actor: actorOf(directory, session),
      correlationId: knock.correlationId,
      at: knock.at,
      right: auth,
      ifMatch: null,
      idempotency: null,
    }
    if (!mayUse(session.ability, auth)) {
      await denials.accessDenied(authorOf(call), name, auth)
      throw new AppError('ACCESS_DENIED', { right: auth })
    }
    return { call, session }
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const at = Date.now()
    load.count(at)
    const body = request.body instanceof Uint8Array ? request.body : NOTHING
    const knock: Knock = { correlationId: correlationOf(request), address: request.ip, at }
    const entered = await enter(request, body, knock)
    const parsed = {
      params: parsePart('params', route.params, request.params),
      query: parseQuery(route, request.query),
      body: parseBody(route, body),
    }
    const call =
      entered &&
      (route.changes === true || route.creates === true
        ? {
            ...entered.call,
            ifMatch: readIfMatch(route, request),
            idempotency: readIdempotency(name, route, request, body),
          }
        : entered.call)
    let cookie: string | null = null
    const incoming = {
      request: parsed,
      knock,
      browser: (request.headers['user-agent'] ?? '').slice(0, 300),
      call,
      session: entered?.session,
      setCookie: (line: string) => void (cookie = line),
    } as unknown as Incoming<HttpName>
    let answer: unknown
    try {
      answer = await handler(incoming)
    } catch (error) {
      // A right held elsewhere but not for this thing: refused as any other, and audited as such.
      if (call && error instanceof AppError && error.code === 'ACCESS_DENIED')
        await denials.accessDenied(
          authorOf(call),
          name,
          String(error.detail['reason'] ?? error.detail['right'] ?? auth),
        )
      throw error
    }
    if (checkAnswers) {
      const checked = route.answer.safeParse(answer)
      if (!checked.success) throw new AppError('INTERNAL', { reason: 'answer' }, { cause: checked.error })
    }
    const status = route.creates === true ? 201 : 200
    return sendAnswer(reply, { status, value: answer, etag: etagOf(answer), id: knock.correlationId, cookie })
  }
}
