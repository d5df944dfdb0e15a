import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const SECRET_BYTES = 32
const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * Who may be the screen. The link carries a one-time token in its fragment (never sent to any server, never in a
 * history that is kept: the bridge removes it). The page exchanges it, once, for a secret that it keeps in its tab's
 * `sessionStorage`; the WebSocket needs that secret. A reload has it still, another tab, window or program has not.
 * Only digests are kept. A new link voids nothing until it is used; using it ends the secret before it.
 */
export class ScreenAccess {
  #token: Buffer | null = null
  #secret: Buffer | null = null

  /** A new token; the one before, if unused, is void. */
  mintToken(): string {
    const token = randomBytes(SECRET_BYTES).toString('base64url')
    this.#token = digest(token)
    return token
  }
  /** The secret for a token, once; null for anything else. */
  exchange(token: string): string | null {
    const kept = this.#token
    if (kept === null || !timingSafeEqual(kept, digest(token))) return null
    this.#token = null
    const secret = randomBytes(SECRET_BYTES).toString('base64url')
    this.#secret = digest(secret)
    return secret
  }
  isSecret(secret: string): boolean {
    return this.#secret !== null && timingSafeEqual(this.#secret, digest(secret))
  }
  get hasUnusedToken(): boolean {
    return this.#token !== null
  }
}
