import type { HashState } from '../../../shared/ades/hash-state.ts'
import type { HashName } from '../../../shared/pki/types.ts'
import { HASHES } from './hashes.ts'

// Stands in for shared/ades/hash-state.ts where there is no node:crypto.

export type { HashState } from '../../../shared/ades/hash-state.ts'

const utf8 = new TextEncoder()
type Running = ReturnType<(typeof HASHES)[HashName]['create']>

const over = (state: Running): HashState => ({
  update: (data) => {
    state.update(typeof data === 'string' ? utf8.encode(data) : data)
  },
  copy: () => over(state.clone()),
  digest: () => state.digest(),
})

export const hashState = (hash: HashName): HashState => over(HASHES[hash].create())
