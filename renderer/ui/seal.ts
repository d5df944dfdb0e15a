import { CompactEncrypt, importJWK } from 'jose'
import type { PublicJwk } from '../../shared/contract/scalars.ts'
import { SEALED_HEADER, type Sealed, type SealedContent, type SealedUse } from '../../shared/contract/sealed.ts'
import { AppError } from '../../shared/contract/errors.ts'

export type SealedValues = SealedContent['values']

/**
 * Seals secrets to the card worker's key (RFC 7516, ECDH-ES and A256GCM): nothing between screen and worker can read
 * them. `card` is the serial the secret is for, null where a card's owner types it. Strings cannot be wiped in a
 * browser engine: callers keep them in no variable longer than this call.
 */
export async function seal(
  key: PublicJwk,
  use: SealedUse,
  values: SealedValues,
  options: { card: string | null },
): Promise<Sealed> {
  const content: SealedContent = { use, jti: crypto.randomUUID(), card: options.card, values }
  const plain = new TextEncoder().encode(JSON.stringify(content))
  try {
    const { kty, crv, x, y } = key
    return await new CompactEncrypt(plain)
      .setProtectedHeader({ ...SEALED_HEADER, ...(key.kid === undefined ? {} : { kid: key.kid }) })
      .encrypt(await importJWK({ kty, crv, x, y }, SEALED_HEADER.alg))
  } finally {
    plain.fill(0)
  }
}

/**
 * Makes a sender that seals with the worker's present key. The key is fetched once and again after SEALED_INVALID
 * (the worker was restarted), then the send is tried once more; the second refusal is thrown.
 */
export function makeSealedSender(fetchKey: () => Promise<PublicJwk>) {
  let known: PublicJwk | undefined
  return async function sendSealed<T>(
    use: SealedUse,
    values: SealedValues,
    options: { card: string | null },
    send: (sealed: Sealed) => Promise<T>,
  ): Promise<T> {
    known ??= await fetchKey()
    try {
      return await send(await seal(known, use, values, options))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SEALED_INVALID') throw error
      known = await fetchKey()
      return await send(await seal(known, use, values, options))
    }
  }
}
