import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/errors.ts'
import {
  PkiError,
  buildTimeStampRequest,
  decodePem,
  parseCertificate,
  verifyTimeStampResponse,
  type Certificate,
  type MessageImprint,
  type VerifiedTimeStamp,
} from '../../shared/pki/index.ts'
import type { NonceSource } from '../hsm/mixed-random.ts'
import { postBounded } from './http-post.ts'

/** One time-stamp authority of the configuration. */
export interface Authority {
  /** `https`, or `http` where that is written: the token proves itself, the way to it need not. */
  readonly url: string
  /** What its certificate must lead to. */
  readonly anchors: readonly Certificate[]
  /** Dotted OID asked for and demanded; left out: the authority's own. */
  readonly policy?: string | undefined
}

export interface TimestampClientOptions {
  /** Asked in this order until one gives a token that verifies. */
  readonly authorities: readonly Authority[]
  /** For each of them. */
  readonly timeoutMs?: number
  readonly now?: () => number
  /** Left out: this machine's generator alone. */
  readonly nonces?: NonceSource
}

export interface Stamped {
  /** DER of the token, verified. */
  readonly token: Uint8Array
  /** UTC in ms, as the authority says. */
  readonly at: number
  readonly url: string
}

/** The same with what a signature that is to last needs of it. */
export interface StampedImprint extends Stamped {
  readonly verified: VerifiedTimeStamp
  /** Whose word was taken for it, see `Authority`. */
  readonly anchors: readonly Certificate[]
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 256 * 1024
const NONCE_BYTES = 16

/** Trust anchors of a PEM file. Throws CONFIG_INVALID. */
export const readAnchors = (file: string): readonly Certificate[] => {
  try {
    return decodePem('CERTIFICATE', readFileSync(file, 'utf8')).map((der) => parseCertificate(der))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'trust-unreadable', path: 'timestamping' }, { cause })
  }
}

/** Authorities as the configuration names them. Throws CONFIG_INVALID. */
export const authoritiesOf = (
  authorities: readonly { readonly url: string; readonly trustFile: string; readonly policy?: string | undefined }[],
): readonly Authority[] =>
  authorities.map(({ url, trustFile, policy }) => ({ url, policy, anchors: readAnchors(trustFile) }))

/** RFC 3161 over HTTP (3.4): asks for a token, and keeps none that does not verify. */
export class TimestampClient {
  readonly #options: TimestampClientOptions

  constructor(options: TimestampClientOptions) {
    this.#options = options
  }

  get isConfigured(): boolean {
    return this.#options.authorities.length > 0
  }

  /** Everybody whose word is taken for the time: of all authorities of the configuration. */
  get anchors(): readonly Certificate[] {
    return this.#options.authorities.flatMap(({ anchors }) => anchors)
  }

  /** A token over a SHA-256 digest. Throws TIMESTAMP_UNAVAILABLE with the last authority's reason. */
  async stamp(digest: Uint8Array): Promise<Stamped> {
    const { token, at, url } = await this.stampImprint({ hash: 'sha256', digest })
    return { token, at, url }
  }

  /** A token over any imprint. Throws TIMESTAMP_UNAVAILABLE with the last authority's reason. */
  async stampImprint(imprint: MessageImprint): Promise<StampedImprint> {
    const reasons: string[] = []
    const causes: unknown[] = []
    for (const authority of this.#options.authorities) {
      try {
        return await this.#ask(authority, imprint)
      } catch (cause) {
        reasons.push(reasonOf(cause))
        causes.push(cause)
      }
    }
    const detail = { reason: reasons.at(-1) ?? 'none-configured', tried: reasons.length }
    throw new AppError('TIMESTAMP_UNAVAILABLE', detail, { cause: new AggregateError(causes, reasons.join(', ')) })
  }

  async #ask({ url, anchors, policy }: Authority, imprint: MessageImprint): Promise<StampedImprint> {
    const nonce = new Uint8Array((this.#options.nonces ?? randomBytes)(NONCE_BYTES))
    const body = buildTimeStampRequest({ ...imprint, nonce, ...(policy === undefined ? {} : { policy }) })
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS
    const answer = await postBounded({ url, type: 'application/timestamp-query', body, timeoutMs, maxBytes: MAX_BYTES })
    if (answer.status !== 200) throw new AppError('NETWORK_OFFLINE', { reason: `http-${answer.status}` })
    if (answer.type !== 'application/timestamp-reply') throw new AppError('NETWORK_OFFLINE', { reason: 'content-type' })
    const verified = verifyTimeStampResponse(answer.bytes, {
      imprint,
      nonce,
      anchors,
      ...(policy === undefined ? {} : { policies: [policy] }),
      // The authority's own revocation is judged when the token is used as evidence; here it only has to be sound.
      revocation: 'none',
      now: new Date((this.#options.now ?? Date.now)()),
    })
    return { token: verified.token, at: verified.genTime.getTime(), url, verified, anchors }
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof PkiError) return error.reason
  if (error instanceof AppError) return String(error.detail['reason'] ?? error.code)
  return 'INTERNAL'
}
