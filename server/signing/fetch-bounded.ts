import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { AppError } from '../../shared/contract/errors.ts'
import { addressOf, fetchRefused, refusalOf, type FetchRules } from './fetch-address.ts'

export interface Fetch {
  readonly url: string
  /** POST with this body and type; left out: GET. */
  readonly body?: { readonly type: string; readonly bytes: Uint8Array }
  /** Content types taken, lower case, without parameters. */
  readonly types: readonly string[]
}

/**
 * One request to a host that the configuration allows: http or https, one address that was checked, no redirect, one
 * deadline for all of it, a size, a type. What comes back is bytes from a stranger: verify them. Throws
 * SIGNING_REVOCATION_UNAVAILABLE (`url`, `scheme`, `credentials`, `host-not-allowed`, `unknown-host`, `private-address`,
 * `timeout`, `unreachable`, `redirect`, `http-…`, `content-type`, `too-large`).
 */
export async function fetchBounded({ url, body, types }: Fetch, rules: FetchRules): Promise<Uint8Array> {
  const refusal = refusalOf(url, rules)
  const host = URL.canParse(url) ? new URL(url).host : ''
  if (refusal !== null) throw fetchRefused(refusal, host)
  const signal = AbortSignal.timeout(rules.timeoutMs)
  try {
    const pinned = await Promise.race([addressOf(new URL(url).hostname, rules), whenAborted(signal)])
    const answer = await send(new URL(url), body, pinned, signal)
    return await readAnswer(answer, types, rules, host)
  } catch (cause) {
    if (cause instanceof AppError && !signal.aborted) throw cause
    throw fetchRefused(signal.aborted ? 'timeout' : 'unreachable', host, cause)
  }
}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('timeout')), { once: true })
  })

function send(
  url: URL,
  body: Fetch['body'],
  { address, family }: Awaited<ReturnType<typeof addressOf>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'content-type': body.type, 'content-length': body.bytes.length } : {},
    // No pool: a connection belongs to the address that was checked for it.
    agent: false,
    signal,
    lookup: (_, wanted, done) => {
      if (wanted.all === true) done(null, [{ address, family }])
      else done(null, address, family)
    },
  }
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps(url, options, resolve) : requestHttp(url, options, resolve)
    // Not once: the deadline may end the request after the answer has begun.
    request.on('error', reject)
    request.end(body?.bytes)
  })
}

async function readAnswer(
  answer: IncomingMessage,
  types: readonly string[],
  { maxBytes }: FetchRules,
  host: string,
): Promise<Uint8Array> {
  try {
    const status = answer.statusCode ?? 0
    if (status >= 300 && status < 400) throw fetchRefused('redirect', host)
    if (status !== 200) throw fetchRefused(`http-${status}`, host)
    const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
    if (!types.includes(type)) throw fetchRefused('content-type', host)
    const parts: Buffer[] = []
    let length = 0
    for await (const part of answer as AsyncIterable<Buffer>) {
      length += part.length
      if (length > maxBytes) throw fetchRefused('too-large', host)
      parts.push(part)
    }
    return new Uint8Array(Buffer.concat(parts))
  } finally {
    answer.destroy()
  }
}
