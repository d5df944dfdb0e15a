import { AppError } from '../../shared/contract/errors.ts'

export interface BoundedPost {
  readonly url: string
  readonly type: string
  readonly body: Uint8Array
  readonly timeoutMs: number
  /** Bytes an answer may have. */
  readonly maxBytes: number
}
export interface PostAnswer {
  readonly status: number
  /** Content type without its parameters, lower case; empty where none is said. */
  readonly type: string
  readonly bytes: Uint8Array
}

const failed = (reason: string, url: string, cause?: unknown): AppError =>
  new AppError('NETWORK_OFFLINE', { reason, host: URL.canParse(url) ? new URL(url).host : '' }, { cause })

const readBounded = async (answer: Response, maxBytes: number, url: string): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of answer.body ?? []) {
    length += part.length
    if (length > maxBytes) throw failed('too-large', url)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/**
 * One POST to an address of the configuration. A redirect is not followed: what is sent there was meant for the one
 * configured. Throws NETWORK_OFFLINE (`timeout`, `unreachable`, `redirect`, `too-large`).
 */
export const postBounded = async ({ url, type, body, timeoutMs, maxBytes }: BoundedPost): Promise<PostAnswer> => {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Uint8Array.from(body),
      redirect: 'manual',
      signal,
    })
    if (answer.status >= 300 && answer.status < 400) {
      await answer.body?.cancel()
      throw failed('redirect', url)
    }
    const bytes = await readBounded(answer, maxBytes, url)
    const said = answer.headers.get('content-type') ?? ''
    return { status: answer.status, type: said.split(';')[0]?.trim().toLowerCase() ?? '', bytes }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw failed(signal.aborted ? 'timeout' : 'unreachable', url, cause)
  }
}
