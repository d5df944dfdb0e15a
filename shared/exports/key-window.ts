import { isAnnouncement } from '../audit/marks.ts'
import type { AuditKey } from '../audit/key-statement.ts'
import type { EntryText } from '../audit/entry-scan.ts'

/**
 * Which key may sign where, for a stretch whose past is not there (FORMAT.md of the chain, "Keys"): what the walk from
 * entry 0 would know is unknown until an announcement, or a signature of the key store, tells it.
 */
export class KeyWindow {
  readonly #keys: ReadonlyMap<string, AuditKey>
  /** The epoch open, null for none, undefined where it cannot be known. */
  #epoch: string | null | undefined
  #root: string | undefined

  /** `start`: the state before the first entry, where the chain is there from its beginning. */
  constructor(keys: ReadonlyMap<string, AuditKey>, start?: { readonly root: string; readonly epoch: string | null }) {
    this.#keys = keys
    this.#root = start?.root
    this.#epoch = start?.epoch
  }

  /** The key-store key in force; undefined where it cannot be known. */
  get root(): string | undefined {
    return this.#root
  }

  /** Something lies in between that cannot be read. */
  forget(): void {
    this.#epoch = undefined
    this.#root = undefined
  }

  /** The key that signs this entry, or what is wrong with it. */
  take(entry: Pick<EntryText, 'key' | 'action' | 'object'>): AuditKey | 'unknown-key' | 'wrong-key' {
    const key = this.#keys.get(entry.key)
    if (!key) return 'unknown-key'
    if (key.kind === 'epoch') {
      const isOpen = this.#epoch === undefined || this.#epoch === key.keyId
      // An epoch key may not bring in keys.
      return isOpen && !isAnnouncement(entry) ? this.#opened(key) : 'wrong-key'
    }
    if (this.#root !== undefined && this.#root !== key.keyId) return 'wrong-key'
    this.#root = key.keyId
    this.#epoch = null
    return isAnnouncement(entry) ? this.#announced(entry.object.id, key) : key
  }

  /** Nothing but an announcement opens an epoch: one that is met without is the one that was open. */
  #opened(key: AuditKey): AuditKey {
    this.#epoch = key.keyId
    return key
  }

  #announced(id: string, signer: AuditKey): AuditKey | 'unknown-key' | 'wrong-key' {
    const key = this.#keys.get(id)
    if (!key) return 'unknown-key'
    if (key.endorsedBy !== signer.keyId) return 'wrong-key'
    if (key.kind === 'epoch') this.#epoch = key.keyId
    else this.#root = key.keyId
    return signer
  }
}
