import { AppError } from '../../shared/contract/errors.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'
import { checkpointLinkBytes } from '../../shared/audit/checkpoint-link.ts'
import { encodeCheckpoint, parseCheckpoint, verifyNote } from '../../shared/audit/checkpoint.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import { MerkleFrontier } from '../../shared/audit/merkle.ts'
import { parseNoteKeyStatement } from '../../shared/audit/note-key-statement.ts'
import type { TileBuilder } from '../../shared/audit/tiles.ts'
import type { Opened } from '../db/open.ts'
import { readHead } from '../db/repositories/audit-chain.ts'
import {
  insertCheckpoint,
  listNoteKeys,
  readCheckpoint,
  readLatestCheckpoint,
} from '../db/repositories/audit-checkpoints.ts'
import type { CheckpointRecord } from '../db/repositories/audit-checkpoints.ts'
import type { AuditDb } from '../db/schema.ts'
import type { CheckpointKey } from './checkpoint-key.ts'
import { noAlarms, noCheckpointFaults } from './checkpoint-ports.ts'
import type { AlarmPort, CheckpointFaultPort, LogPort } from './checkpoint-ports.ts'
import { growTree, openTree, readTreeSize } from './checkpoint-tree.ts'
import type { AuditSequencer } from './ports.ts'

export interface CheckpointsOptions {
  readonly audit: Opened<AuditDb>
  readonly sequencer: AuditSequencer
  readonly chain: string
  /** Gives the key that signs; asked for until it can be had. */
  readonly openKey: () => Promise<CheckpointKey>
  readonly log: LogPort
  readonly alarms?: AlarmPort
  /** A checkpoint is due after so many entries, or so many ms after the first entry that has none. */
  readonly entries?: number
  readonly ms?: number
  /** How long after a failure it is tried again. */
  readonly retryMs?: number
  readonly now?: () => number
  readonly faults?: CheckpointFaultPort
  /** Called with each new checkpoint, after it is durable. */
  readonly onMade?: (made: CheckpointRecord) => void
}

/** What health tells. `problem`: a word for why no checkpoint can be made, or null. */
export interface CheckpointState {
  readonly size: number
  /** When the last checkpoint was made; null: none yet. */
  readonly at: number | null
  readonly unsealed: number
  readonly problem: string | null
}

interface Standing {
  readonly key: CheckpointKey
  readonly tree: TileBuilder
  latest: CheckpointRecord | null
}

const ENTRIES = 1000
const MS = 60_000
const RETRY_MS = 10_000
/** How often another writer may be sooner. */
const TRIES = 3

const rootOf = (tree: TileBuilder): Uint8Array => MerkleFrontier.fromBytes(tree.size, tree.edgeBytes()).root()
const refused = (reason: string, sequence: number): AppError =>
  new AppError('CHAIN_CONFLICT', { reason: `checkpoint-${reason}`, sequence })

/**
 * Signs the chain's tree, beside the appending and never in its way. A note is only ever signed over the entries as they
 * are stored now, read and hashed by this class, and only when they extend every note signed before; if they do not,
 * none is signed, the log says so and an alarm is raised.
 *
 * Order of writes: block roots, then the note. Both follow from the entries alone, so a death between or after them
 * loses nothing: what is missing is made again, what is there stays.
 *
 * Each is linked to the one before it, so that none can be taken away unseen. Two writers never link to the same one: the
 * database takes the first, and the other looks again.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions
  readonly #alarms: AlarmPort
  readonly #faults: CheckpointFaultPort
  readonly #verify = createSignatureVerifier()
  #standing: Standing | null = null
  #last: CheckpointRecord | null = null
  #unsealedSince: number | null = null
  #problem: string | null = null
  #triedAt = 0
  #work: Promise<CheckpointRecord> | null = null
  #isClosed = false

  constructor(options: CheckpointsOptions) {
    this.#options = options
    this.#alarms = options.alarms ?? noAlarms
    this.#faults = options.faults ?? noCheckpointFaults
  }

  /** The last one made or found; null before the first. */
  get latest(): CheckpointRecord | null {
    return this.#last
  }

  state(): CheckpointState {
    const size = this.#last?.size ?? 0
    const unsealed = Math.max(0, this.#options.sequencer.state().head + 1 - size)
    return { size, at: this.#last?.at ?? null, unsealed, problem: this.#problem }
  }

  /** Call a few times a second: compares two numbers, and makes a checkpoint when one is due. Never rejects. */
  async tick(): Promise<void> {
    if (this.#isClosed || this.#work || !this.#isDue()) return
    // Nothing is lost: `make` logged it, keeps it as the problem that health tells, and is tried again.
    await this.make().catch(() => undefined)
  }

  /**
   * The checkpoint of everything stored now; the last one where nothing was added. Durable when it returns. Throws
   * CHAIN_CONFLICT (`checkpoint-…`) when the entries contradict a note signed before, AUDIT_PROOF_UNAVAILABLE
   * (`entry-missing`), and what keys and databases throw.
   */
  make(): Promise<CheckpointRecord> {
    this.#work ??= this.#make()
      .then((made) => this.#succeeded(made))
      .catch((error: unknown) => this.#failed(error))
      .finally(() => (this.#work = null))
    return this.#work
  }

  /** Forgets the key in memory: the next checkpoint is signed by the newest one stored. */
  forget(): void {
    this.#standing = null
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // Whoever called `make` hears of a failure, which is logged; a note that was not stored is made after the next start.
    await this.#work?.catch(() => undefined)
  }

  #isDue(): boolean {
    const now = this.#now()
    if (this.#problem !== null) return now - this.#triedAt >= (this.#options.retryMs ?? RETRY_MS)
    const { head, state } = this.#options.sequencer.state()
    // At the start once, to know the last one and to have the key announced.
    if (!this.#standing) return state === 'running'
    const unsealed = head + 1 - (this.#last?.size ?? 0)
    if (unsealed <= 0) {
      this.#unsealedSince = null
      return false
    }
    this.#unsealedSince ??= now
    return unsealed >= (this.#options.entries ?? ENTRIES) || now - this.#unsealedSince >= (this.#options.ms ?? MS)
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  async #make(triesLeft = TRIES): Promise<CheckpointRecord> {
    const { audit, chain } = this.#options
    this.#triedAt = this.#now()
    // Another writer may have made one since.
    const stored = await readLatestCheckpoint(audit.db, chain)
    if (this.#standing && stored?.size !== this.#standing.latest?.size) this.#standing = null
    const standing = (this.#standing ??= await this.#open())
    const head = await readHead(audit.db, chain)
    const size = (head?.sequence ?? -1) + 1
    const { tree, latest, key } = standing
    if (!head || size < tree.size) throw refused('truncated', size)
    await this.#faults('before-tree')
    await growTree(audit.db, chain, tree, size)
    await this.#faults('after-tree')
    // The writer's own edge, kept since the chain began, and ours, made of the entries as they lie there.
    if (!sameBytes(tree.edgeBytes(), head.frontier)) throw refused('tree', size)
    if (latest?.size === size) return latest
    const root = rootOf(tree)
    const origin = key.key.name
    const note = key.signNote(encodeCheckpoint({ origin, size, root }))
    const previousSize = latest?.size ?? 0
    const link = key.signLink(checkpointLinkBytes({ origin, previousSize, size, root }))
    const made = { chain, size, root, note, previousSize, link, at: this.#now(), stamp: null }
    await this.#faults('before-checkpoint')
    await insertCheckpoint(audit.db, made)
    await this.#faults('after-checkpoint')
    const kept = await readCheckpoint(audit.db, chain, size)
    if (!kept && triesLeft > 0) {
      this.#standing = null
      return this.#make(triesLeft - 1)
    }
    if (!kept || !sameBytes(kept.root, root)) throw refused('kept', size)
    standing.latest = made
    return made
  }

  /** The tree up to the last checkpoint, which must be the one that was signed. */
  async #open(): Promise<Standing> {
    const { audit, chain } = this.#options
    const latest = await readLatestCheckpoint(audit.db, chain)
    const head = await readHead(audit.db, chain)
    // First: a chain cut back must not be grown again by announcing a key.
    if (latest && (head?.sequence ?? -1) + 1 < latest.size) throw refused('truncated', (head?.sequence ?? -1) + 1)
    const key = await this.#options.openKey()
    const stored = await readTreeSize(audit.db, chain)
    if (!latest) return { key, tree: await openTree(audit.db, chain, stored), latest }
    const tree = await openTree(audit.db, chain, latest.size)
    await this.#assertOurs(latest, rootOf(tree))
    return { key, tree, latest }
  }

  async #assertOurs(latest: CheckpointRecord, root: Uint8Array): Promise<void> {
    const keys = await listNoteKeys(this.#options.audit.db, this.#options.chain)
    const text = keys
      .map(({ statement }) => this.#tryVerify(latest.note, statement))
      .find((verified) => verified !== null)
    if (text === undefined) throw refused('signature', latest.size)
    const said = parseCheckpoint(text)
    if (said.size !== latest.size) throw refused('size', latest.size)
    if (!sameBytes(said.root, root)) throw refused('forked', latest.size)
  }

  #tryVerify(note: string, statement: Uint8Array): string | null {
    try {
      return verifyNote(note, parseNoteKeyStatement(statement).key, this.#verify)
    } catch {
      // Not of this key: one of the others may have signed it, or none, which is what the caller then says.
      return null
    }
  }

  async #succeeded(made: CheckpointRecord): Promise<CheckpointRecord> {
    const { log, chain, onMade } = this.#options
    const isNew = made.size !== this.#last?.size
    this.#last = made
    this.#unsealedSince = null
    if (this.#problem !== null) {
      this.#problem = null
      log.info({ chain, size: made.size }, 'checkpoints are made again')
      await this.#alarms.clear('verification-failed', `${chain}/checkpoint`)
    }
    if (isNew) onMade?.(made)
    return made
  }

  async #failed(error: unknown): Promise<never> {
    const { log, chain } = this.#options
    // Whatever is in memory may be ahead of what is stored.
    this.#standing = null
    const code = error instanceof AppError ? error.code : 'INTERNAL'
    const reason = error instanceof AppError ? String(error.detail['reason'] ?? code) : code
    const isNew = this.#problem !== reason
    this.#problem = reason
    const contradicts = code === 'CHAIN_CONFLICT' || reason === 'entry-missing'
    if (isNew) {
      const cause = error instanceof Error ? error.stack : String(error)
      log[contradicts ? 'fatal' : 'error']({ chain, code, reason, cause }, 'no checkpoint can be made')
    }
    if (isNew && contradicts) {
      const detail = { chain, reason }
      await this.#alarms.raise({
        kind: 'verification-failed',
        key: `${chain}/checkpoint`,
        severity: 'critical',
        detail,
      })
    }
    throw error
  }
}
