import { calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair, type CryptoKey } from 'jose'
import { AppError } from '../../../shared/contract/errors.ts'
import { pinWeakness } from '../../../shared/contract/pin-policy.ts'
import type { PublicJwk } from '../../../shared/contract/scalars.ts'
import { SEALED_HEADER, SealedContent, type Sealed, type SealedUse } from '../../../shared/contract/sealed.ts'

export type SecretName = keyof SealedContent['values']
export type Secrets<N extends SecretName> = Readonly<Record<N, string>>

/** How long `card-secrets` of one id may be used again: the steps of one personalisation share one ticket. */
const TICKET_MS = 30 * 60_000
/** Ids are kept while the process lives; this many mean that someone floods it. */
const MOST_IDS = 200_000

/**
 * Opens secrets sealed to this process (RFC 7516, ECDH-ES with A256GCM). The private key is made here, is not
 * extractable and dies with the process. An id is taken once, so that a sealed PIN seen on its way cannot be sent
 * again; only `card-secrets`, bound to one card, may be repeated for that card for half an hour.
 * Every refusal is SEALED_INVALID with `reason`, CARD_MISMATCH for another card, or CARD_PIN_POLICY for a new PIN that
 * nobody may choose (a screen that was tampered with checks nothing); none tells of the content.
 */
export class SealedBox {
  readonly publicKey: PublicJwk
  readonly #privateKey: CryptoKey
  readonly #seen = new Map<string, number>()
  readonly #now: () => number

  private constructor(publicKey: PublicJwk, privateKey: CryptoKey, now: () => number) {
    this.publicKey = publicKey
    this.#privateKey = privateKey
    this.#now = now
  }

  static async create(now: () => number = Date.now): Promise<SealedBox> {
    const pair = await generateKeyPair(SEALED_HEADER.alg, { crv: 'P-256' })
    const { x = '', y = '' } = await exportJWK(pair.publicKey)
    const jwk = { kty: 'EC', crv: 'P-256', x, y } as const
    return new SealedBox({ ...jwk, kid: await calculateJwkThumbprint(jwk) }, pair.privateKey, now)
  }

  /** The named secrets, all of which must be there. `card` is the serial they will be used on, null where not known. */
  async open<N extends SecretName>(
    sealed: Sealed,
    use: SealedUse,
    card: string | null,
    names: readonly N[],
  ): Promise<Secrets<N>> {
    const content = await this.#decrypt(sealed)
    if (content.use !== use) throw refused('use')
    checkCard(content, card)
    this.#takeId(content)
    const secrets: Partial<Record<SecretName, string>> = {}
    for (const name of names) {
      const value = content.values[name]
      if (value === undefined) throw refused('missing')
      if (name === 'newPin' && pinWeakness(value) !== null) throw new AppError('CARD_PIN_POLICY')
      secrets[name] = value
    }
    return secrets as Secrets<N>
  }

  async #decrypt(sealed: Sealed): Promise<SealedContent> {
    const opened = await this.#tryDecrypt(sealed)
    if (opened.protectedHeader.typ !== SEALED_HEADER.typ) throw refused('header')
    const { plaintext } = opened
    try {
      const parsed = SealedContent.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext)))
      if (parsed.success) return parsed.data
    } catch {
      // No cause is kept: a parser's message quotes what it read.
      throw refused('content')
    } finally {
      plaintext.fill(0)
    }
    throw refused('content')
  }

  async #tryDecrypt(sealed: Sealed): ReturnType<typeof compactDecrypt> {
    try {
      return await compactDecrypt(sealed, this.#privateKey, {
        keyManagementAlgorithms: [SEALED_HEADER.alg],
        contentEncryptionAlgorithms: [SEALED_HEADER.enc],
      })
    } catch (error) {
      throw new AppError('SEALED_INVALID', { reason: 'key' }, { cause: error })
    }
  }

  #takeId(content: SealedContent): void {
    const now = this.#now()
    const first = this.#seen.get(content.jti)
    if (first === undefined) {
      if (this.#seen.size >= MOST_IDS) throw refused('too-many')
      this.#seen.set(content.jti, now)
      return
    }
    if (content.use !== 'card-secrets' || now - first > TICKET_MS) throw refused('replay')
  }
}

function checkCard(content: SealedContent, card: string | null): void {
  const bound = content.use === 'card-secrets' || content.use === 'puk'
  if (content.card === null && !bound) return
  if (content.card !== null && content.card === card) return
  throw new AppError('CARD_MISMATCH', { expected: content.card, found: card })
}

const refused = (reason: string): AppError => new AppError('SEALED_INVALID', { reason })
