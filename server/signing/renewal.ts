import type { KeptSignature, Signatures } from './signatures.ts'

/** A newest time-stamp that ends sooner is given a newer one over it. */
export const RENEW_BEFORE_MS = 90 * 86_400_000

/** One signature that is kept somewhere. */
export interface RenewalPlace {
  /** For the log. */
  readonly id: string
  read(): Promise<KeptSignature>
  /** Replaces the signature, whole or not at all. */
  write(signature: Uint8Array): Promise<void>
}

export interface RenewalCount {
  readonly looked: number
  readonly renewed: number
  /** Ids of those that could not be; they are tried again the next time. */
  readonly failed: readonly string[]
}

/**
 * The body of the job `signature-renewal`: each signature whose newest time-stamp ends within 90 days gets another
 * archive time-stamp (ETSI EN 319 102-1 5.6.2.4: afterwards it would prove nothing). One that fails does not keep the
 * others from theirs. Of a package only `manifest.json.p7s` is renewed: it stands over the digests of all other members,
 * and a member that changed would no longer be the one it names.
 */
export async function renewDue(
  signatures: Pick<Signatures, 'endOf' | 'renew'>,
  places: Iterable<RenewalPlace> | AsyncIterable<RenewalPlace>,
  options: {
    readonly now: Date
    readonly signal?: AbortSignal
    readonly onFailure?: (id: string, error: unknown) => void
  },
): Promise<RenewalCount> {
  let looked = 0
  let renewed = 0
  const failed: string[] = []
  for await (const place of places) {
    options.signal?.throwIfAborted()
    looked++
    try {
      const kept = await place.read()
      const end = signatures.endOf(kept)
      if (!end || end.getTime() - options.now.getTime() > RENEW_BEFORE_MS) continue
      await place.write(await signatures.renew(kept))
      renewed++
    } catch (error) {
      failed.push(place.id)
      options.onFailure?.(place.id, error)
    }
  }
  return { looked, renewed, failed }
}
