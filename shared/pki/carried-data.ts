import type { RevocationSources } from './path-types.ts'
import { verifyPath } from './path.ts'
import { PkiError } from './pki-error.ts'
import type { Certificate } from './types.ts'

export interface CarriedFor extends RevocationSources {
  /** As it was verified: leaf first, anchor last. */
  readonly path: readonly Certificate[]
  /** The moment judged, and the present one. */
  readonly at: Date
  readonly now: Date
  readonly caLeaf?: boolean
}

/**
 * Do lists and answers that a signature carries say by themselves that this path stood then? Without, it is no B-LT,
 * however many it carries (ETSI EN 319 122-1 6.3, EN 319 132-1 6.3, EN 319 142-1 6.3).
 */
export function suffices({ path, at, now, crls = [], ocsp = [], caLeaf = false }: CarriedFor): boolean {
  const [leaf] = path
  const anchor = path.at(-1)
  if (!leaf || !anchor || crls.length + ocsp.length === 0) return false
  try {
    const intermediates = path.slice(1, -1)
    verifyPath({ leaf, intermediates, anchors: [anchor], at, knownAt: now, caLeaf, revocation: 'require', crls, ocsp })
    return true
  } catch (error) {
    if (error instanceof PkiError) return false
    throw error
  }
}
