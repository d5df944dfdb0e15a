import { PkiError, refuse } from './pki-error.ts'
import { verifySignature } from './signature.ts'
import type { Certificate } from './types.ts'

/** Honest material needs a few; a sender of look-alikes could ask for one per pair. */
const MAX_CHECKS = 300

/** A certificate, a list, an OCSP response. */
type Signed = Pick<Certificate, 'signatureAlgorithm' | 'signature' | 'tbs'>

/**
 * Signatures checked during one validation: each pair of what is signed and the key once, and not without end.
 * Throws PkiError `too-large` beyond the limit.
 */
export class SignatureChecks {
  readonly #known = new WeakMap<Signed, Map<Uint8Array, PkiError | null>>()
  #left = MAX_CHECKS

  /** As `verifySignature`. */
  verify(signed: Signed, { spki }: Pick<Certificate, 'spki'>): void {
    const refusal = this.#refusal(signed, spki)
    if (refusal) throw refusal
  }

  holds(signed: Signed, issuer: Pick<Certificate, 'spki'>): boolean {
    return this.#refusal(signed, issuer.spki) === null
  }

  #refusal(signed: Signed, spki: Uint8Array): PkiError | null {
    const byKey = this.#known.get(signed) ?? new Map<Uint8Array, PkiError | null>()
    this.#known.set(signed, byKey)
    const known = byKey.get(spki)
    if (known !== undefined) return known
    if (this.#left-- <= 0) refuse('too-large', 'signature checks in one validation', { limit: MAX_CHECKS })
    const refusal = refusalOf(signed, spki)
    byKey.set(spki, refusal)
    return refusal
  }
}

function refusalOf({ signatureAlgorithm: algorithm, signature, tbs: data }: Signed, spki: Uint8Array): PkiError | null {
  try {
    verifySignature({ algorithm, spki, data, signature })
    return null
  } catch (error) {
    if (error instanceof PkiError) return error
    throw error
  }
}
