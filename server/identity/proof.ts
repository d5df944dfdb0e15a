import { hash } from 'node:crypto'
import { AppError, PROOF_PATTERN, PROOF_SKEW_MS, PROOF_WINDOW, proofInput } from '../../shared/contract/index.ts'
import type { ProofMac } from './proof-mac.ts'

/** Counters seen, newest 1024, as one bit each (RFC 4303 §3.4.3). Memory of a session's life, not longer. */
export class ReplayWindow {
  #highest = -1
  readonly #bits = new Uint8Array(PROOF_WINDOW)

  /** True once per counter; false for one seen before or older than the window. */
  accept(counter: number): boolean {
    if (counter > this.#highest) {
      const ahead = counter - this.#highest
      if (ahead >= PROOF_WINDOW) this.#bits.fill(0)
      else for (let n = this.#highest + 1; n <= counter; n += 1) this.#bits[n % PROOF_WINDOW] = 0
      this.#highest = counter
      this.#bits[counter % PROOF_WINDOW] = 1
      return true
    }
    if (this.#highest - counter >= PROOF_WINDOW || this.#bits[counter % PROOF_WINDOW] === 1) return false
    this.#bits[counter % PROOF_WINDOW] = 1
    return true
  }
}

export interface ProvedRequest {
  readonly header: unknown
  readonly method: string
  /** Path with query, exactly as it came. */
  readonly path: string
  readonly body: Uint8Array
  readonly token: string
}

const EMPTY = hash('sha256', '', 'base64url')
const refused = (reason: string): AppError => new AppError('SESSION_PROOF_INVALID', { reason })

/**
 * Checks the proof of one request: form, MAC, time, counter; the counter is spent last, so that nobody without the key
 * can spend one. `notBefore`: proofs made before were another process's to take. Gives the time the proof names.
 * Throws SESSION_PROOF_INVALID: `form`, `mac`, `time`, `replay`.
 */
export const verifyProof = (
  request: ProvedRequest,
  mac: ProofMac,
  window: ReplayWindow,
  now: number,
  notBefore: number,
): number => {
  const match = typeof request.header === 'string' ? PROOF_PATTERN.exec(request.header) : null
  if (!match) throw refused('form')
  const timeMs = Number(match[1])
  const counter = Number(match[2])
  if (!Number.isSafeInteger(counter)) throw refused('form')
  const bodyDigest = request.body.length === 0 ? EMPTY : hash('sha256', request.body, 'base64url')
  const { method, path, token } = request
  // Compared as text, so that each MAC has one form only.
  const input = proofInput({ method, path, timeMs, counter, bodyDigest, token })
  if (!mac.matches(input, match[3] ?? '')) throw refused('mac')
  if (Math.abs(now - timeMs) > PROOF_SKEW_MS) throw refused('time')
  if (timeMs < notBefore) throw refused('time')
  if (!window.accept(counter)) throw refused('replay')
  return timeMs
}
