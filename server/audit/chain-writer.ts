import { AppError } from '../../shared/contract/errors.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { genesisOf } from '../../shared/audit/link.ts'
import { insertAuditKey, insertChain, moveHead, readHead, readRootKeyId } from '../db/repositories/audit-chain.ts'
import type { ChainHead } from '../db/repositories/audit-chain.ts'
import { ensureEntryWords, findKnownIntents, insertEntries } from '../db/repositories/audit-entries.ts'
import type { NewEntry } from '../db/repositories/audit-entry-row.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { endorseKey, newEpochKey, rootKeyOf } from './chain-keys.ts'
import type { EpochKey, RootKey } from './chain-keys.ts'
import { noFaults } from './faults.ts'
import type { FaultPort } from './faults.ts'
import type { AuditIntent } from './intent.ts'
import { announcementOf, draftOf, headOf, makeLink } from './link-maker.ts'
import type { Draft } from './link-maker.ts'
import type { AuditSigner, ChainKeyMode } from './ports.ts'

export interface ChainWriterOptions {
  readonly chain: string
  readonly mode: ChainKeyMode
  readonly signer: AuditSigner
  /** An epoch ends after so many entries or ms, whichever comes first. */
  readonly epochEntries?: number
  readonly epochMs?: number
  readonly now?: () => number
  readonly faults?: FaultPort
}

const EPOCH_ENTRIES = 10_000
const EPOCH_MS = 3_600_000

const EMPTY_CHAIN = (chain: string): ChainHead => ({
  sequence: -1,
  signature: genesisOf(chain),
  frontier: new Uint8Array(0),
})

/** Entries and keys made but not stored. */
interface Batch {
  readonly draft: Draft
  readonly links: readonly NewEntry[]
  readonly keys: readonly AuditKey[]
}

interface OpenEpoch {
  readonly key: EpochKey
  readonly openedAt: number
  readonly entries: number
}

/**
 * Makes a chain with its first entry, which announces the key it is signed with. A deliberate act, once for a node.
 * Durable when it returns. Throws REQUEST_CONFLICT when there is a chain of that name, CHAIN_KEY_UNUSABLE.
 */
export const createChain = async (
  audit: Opened<AuditDb>,
  options: { readonly chain: string; readonly signer: AuditSigner; readonly at?: number },
): Promise<void> => {
  const { chain, signer, at = Date.now() } = options
  const root = rootKeyOf(signer)
  const empty = EMPTY_CHAIN(chain)
  const key = await endorseKey({ chain, kind: 'hsm', spki: root.spki, label: signer.label, at }, root)
  const draft = draftOf(chain, empty)
  const made = await makeLink(announcementOf(key, draft), draft, root)
  const words = await ensureEntryWords(audit.db, [made.link])
  await inTransaction(audit.db, async (trx) => {
    await insertChain(trx, chain, headOf(made.draft), at)
    await insertAuditKey(trx, key)
    await insertEntries(trx, [made.link], words, audit.dialect)
  })
}

/**
 * Writes one chain. Not for several callers at once: the sequencer calls it batch after batch. What it remembers of
 * the head is thrown away after any failure and read again, so that a commit whose answer was lost does no harm.
 */
export class ChainWriter {
  readonly #audit: Opened<AuditDb>
  readonly #options: ChainWriterOptions
  readonly #faults: FaultPort
  #root: RootKey
  #head: ChainHead | null = null
  #epoch: OpenEpoch | null = null

  constructor(audit: Opened<AuditDb>, options: ChainWriterOptions) {
    this.#audit = audit
    this.#options = options
    this.#faults = options.faults ?? noFaults
    this.#root = rootKeyOf(options.signer)
  }

  get head(): number {
    return this.#head?.sequence ?? -1
  }

  /** Reads the head. Throws CONFIG_INVALID (`chain-missing`), CHAIN_KEY_UNUSABLE (`key-changed`), DATABASE_*. */
  async open(): Promise<void> {
    const { chain } = this.#options
    const head = await readHead(this.#audit.db, chain)
    if (!head) throw new AppError('CONFIG_INVALID', { reason: 'chain-missing', chain })
    const rootId = await readRootKeyId(this.#audit.db, chain)
    if (rootId !== this.#root.keyId) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'key-changed', chain })
    this.#head = head
  }

  /** Forgets everything that may not be true any more. */
  forget(): void {
    this.#head = null
    this.#epoch = null
  }

  /**
   * Appends intents in order, in one transaction; those that are entries already are passed over. Durable when it
   * returns. Throws CHAIN_CONFLICT when another writer was at the chain, CHAIN_KEY_UNUSABLE, DATABASE_*.
   */
  async append(intents: readonly AuditIntent[]): Promise<void> {
    if (!this.#head) await this.open()
    const ids = intents.map((intent) => intent.id)
    const known = await findKnownIntents(this.#audit.db, ids)
    const fresh = intents.filter((intent) => !known.has(intent.id))
    if (fresh.length > 0) await this.#store(await this.#make(fresh))
  }

  /**
   * Hands the chain to another key of the key store: the old key endorses the new one and signs the entry that says
   * so. Durable when it returns; the old key may then be retired and still verifies what it signed.
   */
  async rollTo(signer: AuditSigner): Promise<void> {
    if (!this.#head) await this.open()
    const next = rootKeyOf(signer)
    const { chain } = this.#options
    const at = this.#now()
    const key = await endorseKey({ chain, kind: 'hsm', spki: next.spki, label: signer.label, at }, this.#root)
    const batch = await this.#announce(this.#startBatch(), key)
    try {
      await this.#store(batch)
    } catch (error) {
      this.forget()
      throw error
    }
    this.#root = next
    this.#epoch = null
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  #startBatch(): Batch {
    if (!this.#head) throw new AppError('INTERNAL', { reason: 'chain-not-open' })
    return { draft: draftOf(this.#options.chain, this.#head), links: [], keys: [] }
  }

  async #announce(batch: Batch, key: AuditKey): Promise<Batch> {
    const { link, draft } = await makeLink(announcementOf(key, batch.draft), batch.draft, this.#root)
    return { draft, links: [...batch.links, link], keys: [...batch.keys, key] }
  }

  #isEpochOver(): boolean {
    const { mode, epochEntries = EPOCH_ENTRIES, epochMs = EPOCH_MS } = this.#options
    if (mode === 'hsm') return false
    const epoch = this.#epoch
    return !epoch || epoch.entries >= epochEntries || this.#now() - epoch.openedAt >= epochMs
  }

  async #openEpoch(batch: Batch): Promise<Batch> {
    const { chain } = this.#options
    const epoch = newEpochKey()
    const at = this.#now()
    const key = await endorseKey({ chain, kind: 'epoch', spki: epoch.spki, label: null, at }, this.#root)
    this.#epoch = { key: epoch, openedAt: at, entries: 0 }
    return this.#announce(batch, key)
  }

  async #make(intents: readonly AuditIntent[]): Promise<Batch> {
    let batch = this.#startBatch()
    const links: NewEntry[] = []
    for (const intent of intents) {
      if (this.#isEpochOver()) {
        batch = await this.#openEpoch({ ...batch, links: [] })
        links.push(...batch.links)
      }
      const { link, draft } = await makeLink(intent, batch.draft, this.#epoch?.key ?? this.#root)
      links.push(link)
      batch = { ...batch, draft }
      if (this.#epoch) this.#epoch = { ...this.#epoch, entries: this.#epoch.entries + 1 }
    }
    return { ...batch, links }
  }

  async #store({ draft, links, keys }: Batch): Promise<void> {
    const from = this.#head?.sequence ?? -1
    const head = headOf(draft)
    await this.#faults('before-append')
    const words = await ensureEntryWords(this.#audit.db, links)
    await inTransaction(this.#audit.db, async (trx) => {
      // First: whoever is not the only writer stops here, before anything is written.
      await moveHead(trx, this.#options.chain, from, head)
      for (const key of keys) await insertAuditKey(trx, key)
      await this.#faults('inside-append')
      await insertEntries(trx, links, words, this.#audit.dialect)
      await this.#faults('before-commit')
    })
    this.#head = head
    await this.#faults('after-append')
  }
}
