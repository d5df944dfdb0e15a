import { createHash, createHmac } from 'node:crypto'
import { formatProof, PROOF_HEADER, PROOF_SCHEME, proofInput } from '../../shared/contract/index.ts'
import type { RemoteSession } from '../services/ports.ts'

/** Makes the two headers of each request. The counter never repeats in a session, whatever the clock does. */
export class ProofMaker {
  readonly #session: RemoteSession
  #counter = 0
  #lastMs = 0
  constructor(session: RemoteSession) {
    this.#session = session
  }
  headers(method: string, path: string, body: Uint8Array | null, nowMs: number): Record<string, string> {
    const counter = ++this.#counter
    this.#lastMs = Math.max(this.#lastMs, Math.round(nowMs))
    const timeMs = this.#lastMs
    const { token, proofKey } = this.#session
    const bodyDigest = createHash('sha256')
      .update(body ?? new Uint8Array())
      .digest('base64url')
    const mac = createHmac('sha256', proofKey)
      .update(proofInput({ method, path, timeMs, counter, bodyDigest, token }))
      .digest('base64url')
    return { authorization: `${PROOF_SCHEME} ${token}`, [PROOF_HEADER]: formatProof(timeMs, counter, mac) }
  }
  /** Ends it: the key is wiped and no further proof can be made. */
  wipe(): void {
    this.#session.proofKey.fill(0)
  }
}
