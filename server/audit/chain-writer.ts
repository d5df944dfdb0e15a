import { AppError } from '../../shared/contract/errors.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { genesisOf } from '../../shared/audit/link.ts'
import {
  hasEnd,
  insertAuditKey,
  insertChain,
  moveHead,
  readHead,
  readRootKeyId,
} from '../db/repositories/audit-chain.ts'
import type { ChainHead } from '../db/repositories/audit-chain.ts'
import { findKnownIntents, insertEntries, readyEntries } from '../db/repositories/audit-entries.ts'
import type { NewEntry } from '../db/repositories/audit-entry-row.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { endorseKey, newEpochKey, rootKeyOf } from './chain-keys.ts'
import type { EpochKey, RootKey } from './chain-keys.ts'
import { SIGNATURE_BYTES, layOut } from './entry-run.ts'
import type { EntryRun } from './entry-run.ts'
import { noFaults } from './faults.ts'
import type { FaultPort } from './faults.ts'
import type { AuditIntent } from './intent.ts'
import { announcementOf, draftOf, headOf, joinLinks, makeLink, prepareLinks } from './link-maker.ts'
import type { Draft, Joined, PreparedLink } from './link-maker.ts'
import { LinkSealer } from './link-sealer.ts'
import type { Sealed, SealedEnd } from './link-sealer.ts'
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

/** What is remembered of a chain's end from one `forget` to the next. */
interface Memory {
  head: ChainHead | null
  /** The end of what is made; ahead of `head` while a batch is made before the last one is stored. */
  made: Draft | null
  epoch: OpenEpoch | null
  /** Whether no intent given can be an entry already. */
  isSure: boolean
  /** Resolves when what was asked to be made last is on its way to be signed, made, or failed. */
  begun: Promise<void>
  /** What is being signed by an epoch's key and may be followed before it is; `made` lags behind it. */
  coming: Coming | null
  /** What failed first: nothing is made after it. */
  failure: { readonly error: unknown } | null
}

interface Coming {
  /** To know it by: its memory is given away. */
  readonly run: EntryRun
  /** Of its last entry. */
  readonly sequence: number
  readonly end: Promise<Draft>
}

const newMemory = (): Memory => ({
  head: null,
  made: null,
  epoch: null,
  isSure: false,
  begun: Promise.resolve(),
  coming: null,
  failure: null,
})

/** Entries and keys made but not stored; nothing of it is true before. */
export interface Batch {
  /** What it was made over; stored only while that is remembered. */
  readonly memory: Memory
  readonly from: number
  readonly draft: Draft
  readonly links: readonly NewEntry[]
  readonly keys: readonly AuditKey[]
}

const draftIn = ({ made }: Memory): Draft => {
  if (!made) throw new AppError('INTERNAL', { reason: 'chain-not-open' })
  return made
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
  const { spki, certificate } = root
  const key = await endorseKey({ chain, kind: 'hsm', spki, label: signer.label, certificate, at }, root)
  const draft = draftOf(chain, empty)
  const made = await makeLink(announcementOf(key, draft), draft, root)
  const ready = await readyEntries(audit.db, [made.link])
  await inTransaction(audit.db, async (trx) => {
    await insertChain(trx, chain, headOf(made.draft), at)
    await insertAuditKey(trx, key)
    await insertEntries(trx, ready, audit.dialect)
  })
}

/**
 * Writes one chain. Not for several callers at once: the sequencer alone calls it, and may have one batch made while
 * it stores the one before. What it remembers of the head is thrown away after any failure and read again, so that a
 * commit whose answer was lost does no harm.
 * Making goes on in what was remembered when it began: after `forget` nothing of it reaches what is read anew.
 */
export class ChainWriter {
  readonly #audit: Opened<AuditDb>
  readonly #options: ChainWriterOptions
  readonly #faults: FaultPort
  readonly #sealer = new LinkSealer()
  #root: RootKey
  /** The key the chain is being handed to, while it is not known whether that was stored. */
  #next: RootKey | null = null
  #memory: Memory = newMemory()

  constructor(audit: Opened<AuditDb>, options: ChainWriterOptions) {
    this.#audit = audit
    this.#options = options
    this.#faults = options.faults ?? noFaults
    this.#root = rootKeyOf(options.signer)
  }

  get head(): number {
    return this.#memory.head?.sequence ?? -1
  }

  /**
   * Reads the head. Throws CONFIG_INVALID (`chain-missing`), CHAIN_CONFLICT (`end-missing`: the last entry is gone or
   * altered, and nothing may be written over it), CHAIN_KEY_UNUSABLE (`key-changed`), DATABASE_*.
   */
  async open(): Promise<void> {
    await this.#open(this.#memory)
  }

  async #open(memory: Memory): Promise<void> {
    const { chain } = this.#options
    const head = await readHead(this.#audit.db, chain)
    if (!head) throw new AppError('CONFIG_INVALID', { reason: 'chain-missing', chain })
    if (!(await hasEnd(this.#audit.db, chain, head)))
      throw new AppError('CHAIN_CONFLICT', { reason: 'end-missing', chain })
    const rootId = await readRootKeyId(this.#audit.db, chain)
    // The roll-over was stored, and only its answer was lost.
    if (this.#next && rootId === this.#next.keyId) this.#root = this.#next
    if (rootId !== this.#root.keyId) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'key-changed', chain })
    this.#next = null
    memory.head = head
    memory.made = draftOf(chain, head)
  }

  /** Opens where nothing is remembered; the errors of `open`. */
  async ready(): Promise<void> {
    await this.#ready(this.#memory)
  }

  async #ready(memory: Memory): Promise<void> {
    if (!memory.made) await this.#open(memory)
  }

  /** Forgets everything that may not be true any more. What is being made still is made in vain. */
  forget(): void {
    this.#memory = newMemory()
  }

  /**
   * From now on no intent given is an entry already, so that it need not be looked up: once everything that was left
   * of before is drained. Were one given all the same, the database would refuse it, and `forget` would look again.
   */
  trust(): void {
    this.#memory.isSure = this.#memory.head !== null
  }

  /** Looks every intent up again, until `trust`. */
  doubt(): void {
    this.#memory.isSure = false
  }

  get isSure(): boolean {
    return this.#memory.isSure
  }

  /**
   * Makes the next entries of intents in order, after what was made before; those that are entries already are passed
   * over. Null when nothing is left. Nothing is durable. Throws CHAIN_KEY_UNUSABLE, DATABASE_*; call `forget` then.
   * May be called before the batch before is made: it then follows that, and fails where that fails.
   */
  async make(intents: readonly AuditIntent[]): Promise<Batch | null> {
    const memory = this.#memory
    const { begun: isTurn, isSure } = memory
    const { promise, resolve: begin } = Promise.withResolvers<void>()
    memory.begun = promise
    try {
      await isTurn
      // Nothing is made in the place of what failed, and no key is asked again for those who are told of it.
      if (memory.failure) throw memory.failure.error
      await this.#ready(memory)
      const fresh = isSure ? intents : await this.#unknown(intents)
      if (fresh.length === 0) return null
      if (memory.coming && !this.#mayFollow(memory, memory.coming, fresh.length)) {
        memory.made = await memory.coming.end
        memory.coming = null
      }
      return await this.#make(memory, fresh, begin)
    } catch (error) {
      memory.failure ??= { error }
      throw error
    } finally {
      begin()
    }
  }

  /**
   * Stores a batch, in the order they were made, in one transaction. Durable when it returns. Throws CHAIN_CONFLICT
   * when another writer was at the chain, or what it was made over is forgotten, DATABASE_*; call `forget` then.
   */
  async store({ memory, from, draft, links, keys }: Batch): Promise<void> {
    if (memory !== this.#memory) throw new AppError('CHAIN_CONFLICT', { reason: 'forgotten' })
    const head = headOf(draft)
    await this.#faults('before-append')
    const ready = await readyEntries(this.#audit.db, links)
    await inTransaction(this.#audit.db, async (trx) => {
      // First: whoever is not the only writer stops here, before anything is written.
      await moveHead(trx, this.#options.chain, from, head)
      for (const key of keys) await insertAuditKey(trx, key)
      await this.#faults('inside-append')
      await insertEntries(trx, ready, this.#audit.dialect)
      await this.#faults('before-commit')
    })
    memory.head = head
    await this.#faults('after-append')
  }

  /** Makes and stores. Durable when it returns; the same errors. */
  async append(intents: readonly AuditIntent[]): Promise<void> {
    try {
      const batch = await this.make(intents)
      if (batch) await this.store(batch)
    } catch (error) {
      this.forget()
      throw error
    }
  }

  /**
   * Hands the chain to another key of the key store: the old key endorses the new one and signs the entry that says
   * so. Durable when it returns; the old key may then be retired and still verifies what it signed. When it throws,
   * the chain goes on with the key that the database then says is in force.
   */
  async rollTo(signer: AuditSigner): Promise<void> {
    const memory = this.#memory
    await this.ready()
    const next = rootKeyOf(signer)
    const { chain } = this.#options
    const at = this.#now()
    try {
      const { spki, certificate } = next
      const key = await endorseKey({ chain, kind: 'hsm', spki, label: signer.label, certificate, at }, this.#root)
      const from = draftIn(memory).sequence
      const link = await this.#announce(memory, key)
      this.#next = next
      await this.store({ memory, from, draft: draftIn(memory), links: [link], keys: [key] })
    } catch (error) {
      this.forget()
      throw error
    }
    this.#root = next
    this.#next = null
    memory.epoch = null
  }

  /** Ends the thread that signs. */
  async close(): Promise<void> {
    await this.#sealer.close()
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  async #unknown(intents: readonly AuditIntent[]): Promise<readonly AuditIntent[]> {
    const ids = intents.map((intent) => intent.id)
    const known = await findKnownIntents(this.#audit.db, ids)
    return intents.filter((intent) => !known.has(intent.id))
  }

  async #announce(memory: Memory, key: AuditKey): Promise<NewEntry> {
    const draft = draftIn(memory)
    const made = await makeLink(announcementOf(key, draft), draft, this.#root)
    memory.made = made.draft
    return made.link
  }

  #isEpochOver({ epoch }: Memory): boolean {
    const { mode, epochEntries = EPOCH_ENTRIES, epochMs = EPOCH_MS } = this.#options
    if (mode === 'hsm') return false
    return !epoch || epoch.entries >= epochEntries || this.#now() - epoch.openedAt >= epochMs
  }

  async #openEpoch(memory: Memory): Promise<{ readonly key: AuditKey; readonly link: NewEntry }> {
    const { chain } = this.#options
    const epoch = newEpochKey()
    const at = this.#now()
    const key = await endorseKey({ chain, kind: 'epoch', spki: epoch.spki, label: null, at }, this.#root)
    const link = await this.#announce(memory, key)
    // Nothing is signed by a key that is not announced.
    memory.epoch = { key: epoch, openedAt: at, entries: 0 }
    return { key, link }
  }

  /** Whether so many entries can be laid out and given to be signed before those before them are signed. */
  #mayFollow(memory: Memory, coming: Coming, count: number): boolean {
    if (!memory.epoch || this.#isEpochOver(memory)) return false
    return count <= this.#roomInEpoch(memory) && this.#sealer.follows(coming.run, count)
  }

  /** `begin` is called once all of this is on its way to be signed: the next may be made then. */
  async #make(memory: Memory, intents: readonly AuditIntent[], begin: () => void): Promise<Batch> {
    const { coming } = memory
    const from = coming?.sequence ?? draftIn(memory).sequence
    const links: NewEntry[] = []
    const keys: AuditKey[] = []
    let draft: Draft | null = null
    for (let done = 0; done < intents.length;) {
      // What follows stays in the epoch it follows, though that may have ended this moment: its end is not known yet.
      if (!coming && this.#isEpochOver(memory)) {
        const opened = await this.#openEpoch(memory)
        links.push(opened.link)
        keys.push(opened.key)
      }
      const run = intents.slice(done, done + this.#roomInEpoch(memory))
      done += run.length
      const signed = await this.#sign(memory, run, done === intents.length ? begin : null)
      links.push(...signed.links)
      draft = signed.draft
    }
    return { memory, from, draft: draft ?? draftIn(memory), links, keys }
  }

  #roomInEpoch({ epoch }: Memory): number {
    const { epochEntries = EPOCH_ENTRIES } = this.#options
    return epoch ? epochEntries - epoch.entries : Number.MAX_SAFE_INTEGER
  }

  async #sign(memory: Memory, intents: readonly AuditIntent[], begin: (() => void) | null): Promise<Joined> {
    if (memory.epoch) return this.#signInEpoch(memory, memory.epoch, intents, begin)
    const links: NewEntry[] = []
    for (const intent of intents) {
      const made = await makeLink(intent, draftIn(memory), this.#root)
      memory.made = made.draft
      links.push(made.link)
    }
    return { links, draft: draftIn(memory) }
  }

  /** After what is being signed, if anything is, without waiting for it. */
  async #signInEpoch(
    memory: Memory,
    epoch: OpenEpoch,
    intents: readonly AuditIntent[],
    begin: (() => void) | null,
  ): Promise<Joined> {
    const { coming } = memory
    const draft = coming ? null : draftIn(memory)
    const { sequence } = coming ?? draftIn(memory)
    const { chain } = this.#options
    const prepared = prepareLinks(intents, { chain, sequence: sequence + 1, key: epoch.key.keyId })
    const run = layOut(prepared, draft?.signature.length ?? SIGNATURE_BYTES)
    const sealed = this.#sealer.seal({ run, key: epoch.key.privateKey, after: draft && endOfDraft(draft) })
    const joined = joinAfter(prepared, sealed, coming?.end ?? draftIn(memory))
    const mine: Coming = { run, sequence: sequence + intents.length, end: joined.then((made) => made.draft) }
    // Whoever made it is told; who follows it waits for this, and often nobody does.
    mine.end.catch(() => undefined)
    memory.coming = mine
    memory.epoch = { ...epoch, entries: epoch.entries + intents.length }
    begin?.()
    const made = await joined
    memory.made = made.draft
    if (memory.coming === mine) memory.coming = null
    return made
  }
}

const joinAfter = async (
  prepared: readonly PreparedLink[],
  sealed: Promise<Sealed>,
  end: Draft | Promise<Draft>,
): Promise<Joined> => {
  const [made, draft] = await Promise.all([sealed, end])
  return joinLinks(prepared, made, draft)
}

const endOfDraft = ({ signature, tree }: Draft): SealedEnd => ({
  signature,
  tree: { size: tree.size, edge: tree.toBytes() },
})
