import type { HashName } from '../pki/index.ts'
import { hashState, type HashState } from './hash-state.ts'

/**
 * Content of any size, taken once, digested by each of `hashes`: the way to give a large file to `verifyXades` and
 * `archiveImprint`. `contentHash` gives a new copy each time; throws RangeError for a hash not asked for.
 */
export class ContentHashes {
  readonly #states: ReadonlyMap<HashName, HashState>

  constructor(hashes: readonly HashName[]) {
    this.#states = new Map(hashes.map((hash) => [hash, hashState(hash)]))
  }

  update(data: Uint8Array): void {
    for (const state of this.#states.values()) state.update(data)
  }

  readonly contentHash = (hash: HashName): HashState => {
    const state = this.#states.get(hash)
    if (!state) throw new RangeError(`content was not digested by ${hash}`)
    return state.copy()
  }
}
