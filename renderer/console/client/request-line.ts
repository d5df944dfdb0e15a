import { AppError, HTTP, type HttpName, type HttpRoute } from '../../../shared/contract/index.ts'
import type { z } from 'zod'

export interface RequestParts {
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
}
export interface RequestLine {
  readonly method: HttpRoute['method']
  /** Path with query, as it is sent and as it is proved. */
  readonly path: string
  /** JSON bytes; empty where the route has no body. */
  readonly body: Uint8Array<ArrayBuffer>
}

const parsed = (schema: z.ZodObject | undefined, value: unknown, part: string): Record<string, unknown> => {
  if (schema === undefined) return {}
  const result = schema.safeParse(value ?? {})
  if (!result.success)
    throw new AppError('REQUEST_INVALID', { part, path: result.error.issues[0]?.path.join('.') ?? '' })
  return result.data
}

const fillPath = (path: string, params: Record<string, unknown>): string =>
  path.replaceAll(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(String(params[name])))

const queryText = (query: Record<string, unknown>): string => {
  const text = new URLSearchParams(
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
  return text === '' ? '' : `?${text}`
}

/** What goes on the wire for a call of the HTTP table; parsed before it leaves. Throws REQUEST_INVALID. */
export const buildRequestLine = (name: HttpName, parts: RequestParts): RequestLine => {
  const route: HttpRoute = HTTP[name]
  const path = fillPath(route.path, parsed(route.params, parts.params, 'params'))
  const query = queryText(parsed(route.query, parts.query, 'query'))
  const body = route.body === undefined ? '' : JSON.stringify(parsed(route.body, parts.body, 'body'))
  // What fetch would make of it, so that what is proved is what is sent.
  const url = new URL(`${path}${query}`, 'https://server.invalid')
  return { method: route.method, path: `${url.pathname}${url.search}`, body: new TextEncoder().encode(body) }
}
