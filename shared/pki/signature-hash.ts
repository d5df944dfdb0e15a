import type { HashName, SignatureAlgorithm } from './types.ts'

/** The hash inside the algorithm, or null (Ed25519 signs the message itself). */
export function hashOf(algorithm: SignatureAlgorithm): HashName | null {
  return (['sha256', 'sha384', 'sha512'] as const).find((hash) => algorithm.endsWith(hash)) ?? null
}
