import { hash, randomBytes } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import {
  buildOcspRequest,
  MAX_OCSP_BYTES,
  parseAnyCrl,
  PkiError,
  verifyOcspResponse,
  verifyPath,
  type Certificate,
} from '../../shared/pki/index.ts'
import { refusalOf, type FetchRules } from './fetch-address.ts'
import { fetchBounded } from './fetch-bounded.ts'

/** What somebody with authority says about certificates now. DER. */
export interface RevocationWords {
  readonly crls: readonly Uint8Array[]
  readonly ocsp: readonly Uint8Array[]
}

/** A list that this server makes itself, for the certificates of one issuer. */
export interface OwnList {
  /** DER of the issuer's certificate. */
  readonly issuer: Uint8Array
  /** DER; at least as new as `since`. */
  list(since: Date): Promise<Uint8Array>
}

export interface RevocationDeps {
  readonly rules: FetchRules
  readonly own: () => Promise<readonly OwnList[]>
  readonly now?: () => Date
}

const CRL_TYPES = [
  'application/pkix-crl',
  'application/x-pkcs7-crl',
  'application/x-x509-crl',
  'application/octet-stream',
  'binary/octet-stream',
]
const OCSP_TYPES = ['application/ocsp-response']
const NONCE_BYTES = 32
const MAX_CACHED = 64
/** A responder that does not say when the next answer comes may be asked again after this. */
const OCSP_WITHOUT_END_MS = 3_600_000

interface Kept {
  readonly words: RevocationWords
  readonly until: number
}

/**
 * Whether the certificates of a path are revoked, in words that go into a signature: our own lists from the store, of
 * others an OCSP answer or else a list, asked for over the network under `FetchRules` and verified before it is used or
 * kept. Kept in memory until their own nextUpdate.
 */
export class RevocationAuthorities {
  readonly #deps: RevocationDeps
  readonly #kept = new Map<string, Kept>()

  constructor(deps: RevocationDeps) {
    this.#deps = deps
  }

  /**
   * For each certificate of the path but the anchor, its last. `since`: how new our own lists have to be. Throws
   * SIGNING_CERTIFICATE_UNUSABLE (`revoked`, `on-hold`), SIGNING_LEVEL_UNAVAILABLE (`no-revocation-source`: nobody that
   * may be asked is named), SIGNING_REVOCATION_UNAVAILABLE.
   */
  async wordsAbout(path: readonly Certificate[], since: Date): Promise<RevocationWords> {
    const own = await this.#deps.own()
    const words: RevocationWords[] = []
    for (const [at, certificate] of path.slice(0, -1).entries()) {
      const issuer = path[at + 1] as Certificate
      const ours = own.find((one) => Buffer.compare(one.issuer, issuer.der) === 0)
      words.push(ours ? await this.#ownWord(certificate, issuer, ours, since) : await this.#ask(certificate, issuer))
    }
    return { crls: words.flatMap((one) => one.crls), ocsp: words.flatMap((one) => one.ocsp) }
  }

  async #ownWord(certificate: Certificate, issuer: Certificate, own: OwnList, since: Date): Promise<RevocationWords> {
    const words = { crls: [await own.list(since)], ocsp: [] }
    try {
      this.#verify(certificate, issuer, words)
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      throw new AppError('SIGNING_REVOCATION_UNAVAILABLE', { reason: error.reason, host: '' }, { cause: error })
    }
    return words
  }

  async #ask(certificate: Certificate, issuer: Certificate): Promise<RevocationWords> {
    const name = hash('sha256', certificate.der)
    const known = this.#kept.get(name)
    if (known && known.until > this.#now().getTime()) return known.words
    const isAllowed = (url: string): boolean => refusalOf(url, this.#deps.rules) === null
    const responders = certificate.authorityInfoAccess.ocsp.filter(isAllowed)
    const points = certificate.crlDistributionPoints.filter(isAllowed)
    if (responders.length + points.length === 0) {
      const detail = { reason: 'no-revocation-source', subject: certificate.subject.text.slice(0, 200) }
      throw new AppError('SIGNING_LEVEL_UNAVAILABLE', detail)
    }
    const asks = [
      ...responders.map((url) => () => this.#askResponder(url, certificate, issuer)),
      ...points.map((url) => () => this.#askList(url, certificate, issuer)),
    ]
    const failures: unknown[] = []
    for (const ask of asks) {
      try {
        return this.#keep(name, await ask())
      } catch (error) {
        if (error instanceof AppError && error.code === 'SIGNING_CERTIFICATE_UNUSABLE') throw error
        failures.push(error)
      }
    }
    const reason = reasonOf(failures.at(-1))
    const cause = new AggregateError(failures, 'revocation')
    throw new AppError('SIGNING_REVOCATION_UNAVAILABLE', { reason, tried: failures.length }, { cause })
  }

  async #askResponder(url: string, certificate: Certificate, issuer: Certificate): Promise<Kept> {
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES))
    const bytes = buildOcspRequest({ certificate, issuer, nonce })
    const { rules } = this.#deps
    const response = await fetchBounded(
      { url, body: { type: 'application/ocsp-request', bytes }, types: OCSP_TYPES },
      { ...rules, maxBytes: Math.min(rules.maxBytes, MAX_OCSP_BYTES) },
    )
    const wanted = { response, certificate, issuer, at: this.#now() }
    const answer = verifyWithNonce(wanted, nonce)
    const words = { crls: [], ocsp: [response] }
    this.#verify(certificate, issuer, words)
    const until = answer.nextUpdate?.getTime() ?? this.#now().getTime() + OCSP_WITHOUT_END_MS
    return { words, until }
  }

  async #askList(url: string, certificate: Certificate, issuer: Certificate): Promise<Kept> {
    const der = await fetchBounded({ url, types: CRL_TYPES }, this.#deps.rules)
    const words = { crls: [der], ocsp: [] }
    this.#verify(certificate, issuer, words)
    return { words, until: parseAnyCrl(der).nextUpdate.getTime() }
  }

  /** The whole of the rules of `shared/pki`, on this one edge of the path. */
  #verify(leaf: Certificate, issuer: Certificate, { crls, ocsp }: RevocationWords): void {
    try {
      verifyPath({
        leaf,
        anchors: [issuer],
        caLeaf: true,
        at: this.#now(),
        revocation: 'require',
        crls: crls.map((der) => parseAnyCrl(der)),
        ocsp,
      })
    } catch (error) {
      if (error instanceof PkiError && (error.reason === 'revoked' || error.reason === 'on-hold')) {
        const detail = { reason: error.reason, subject: leaf.subject.text.slice(0, 200) }
        throw new AppError('SIGNING_CERTIFICATE_UNUSABLE', detail, { cause: error })
      }
      throw error
    }
  }

  #keep(name: string, kept: Kept): RevocationWords {
    this.#kept.delete(name)
    this.#kept.set(name, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_CACHED && oldest !== undefined) this.#kept.delete(oldest)
    return kept.words
  }

  #now(): Date {
    return (this.#deps.now ?? (() => new Date()))()
  }
}

/**
 * The nonce must come back; a responder that answers from a store sends none (RFC 5019 4), and is then held to the time
 * its answer says alone. A nonce of another request is never taken.
 */
function verifyWithNonce(wanted: Omit<Parameters<typeof verifyOcspResponse>[0], 'nonce'>, nonce: Uint8Array) {
  try {
    return verifyOcspResponse({ ...wanted, nonce })
  } catch (error) {
    const isAbsent = error instanceof PkiError && error.reason === 'ocsp-nonce' && error.detail['present'] === false
    if (!isAbsent) throw error
    return verifyOcspResponse(wanted)
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof PkiError) return error.reason
  return error instanceof AppError ? String(error.detail['reason'] ?? error.code) : 'INTERNAL'
}
