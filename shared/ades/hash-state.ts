import { createHash } from 'node:crypto'
import type { HashName } from '../pki/index.ts'

// The only file of this folder that touches node:crypto, so that a browser twin can take its place.

/** A digest under way. */
export interface HashState {
  /** Takes bytes, or text as UTF-8. */
  update(data: Uint8Array | string): void
  /** An independent state over the same bytes so far. */
  copy(): HashState
  /** Ends this state. */
  digest(): Uint8Array
}

export const hashState = (hash: HashName): HashState => over(createHash(hash))

function over(state: ReturnType<typeof createHash>): HashState {
  return {
    update: (data) => {
      if (typeof data === 'string') state.update(data, 'utf8')
      else state.update(data)
    },
    copy: () => over(state.copy()),
    digest: () => new Uint8Array(state.digest()),
  }
}
