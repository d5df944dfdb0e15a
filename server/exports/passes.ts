import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a pass lasts; a range asked for before that goes on. */
export const PASS_MS = 10 * 60_000
/** Of all, and of one session: whoever asks for many pushes out their own. */
const PASSES_MAX = 10_000
const OF_SESSION_MAX = 20
const PASS = /^[A-Za-z0-9_-]{43}$/

interface Kept {
  readonly digest: Buffer
  readonly exportId: string
  readonly sessionId: string
  /** How far the right reached when it was given (`ExportReach`). */
  readonly reach: string
  readonly expiresAt: number
}

const digestOf = (pass: string): Buffer => createHash('sha256').update(pass, 'utf8').digest()

/**
 * Rights to read one export's file for some minutes. Only digests are kept, in memory: whoever reads it has no pass, and a
 * server that starts anew knows none. A pass is of one export and one session, and ends with either,
 * and with the right or its reach.
 */
export class DownloadPasses {
  readonly #kept = new Map<string, Kept>()

  /** The pass is told once and is nowhere else. */
  issue(
    exportId: string,
    sessionId: string,
    now: number,
    reach = '',
  ): { readonly pass: string; readonly expiresAt: number } {
    this.#forget(sessionId, now)
    const pass = randomBytes(32).toString('base64url')
    const digest = digestOf(pass)
    const expiresAt = now + PASS_MS
    this.#kept.set(digest.toString('hex'), { digest, exportId, sessionId, reach, expiresAt })
    return { pass, expiresAt }
  }

  /** The session it was given to; null for one that is not of this export, ran out, or was never given. */
  sessionOf(pass: string, exportId: string, now: number): string | null {
    return this.holderOf(pass, exportId, now)?.sessionId ?? null
  }

  /** As `sessionOf`, with how far its right reached. */
  holderOf(pass: string, exportId: string, now: number): { readonly sessionId: string; readonly reach: string } | null {
    if (!PASS.test(pass)) return null
    const digest = digestOf(pass)
    const kept = this.#kept.get(digest.toString('hex'))
    if (!kept || !timingSafeEqual(kept.digest, digest)) return null
    return kept.exportId === exportId && kept.expiresAt > now ? kept : null
  }

  /** Whoever holds one of this export holds nothing any more. */
  revoke(exportId: string): void {
    for (const [name, kept] of this.#kept) if (kept.exportId === exportId) this.#kept.delete(name)
  }

  #forget(sessionId: string, now: number): void {
    for (const [name, kept] of this.#kept) if (kept.expiresAt <= now) this.#kept.delete(name)
    const own = [...this.#kept].filter(([, kept]) => kept.sessionId === sessionId)
    for (const [name] of own.slice(0, Math.max(0, own.length - OF_SESSION_MAX + 1))) this.#kept.delete(name)
    for (const name of this.#kept.keys()) {
      if (this.#kept.size < PASSES_MAX) return
      this.#kept.delete(name)
    }
  }
}
