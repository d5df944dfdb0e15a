import { createHash } from 'node:crypto'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import { AppError, type WitnessedChain, type WitnessState } from '../../shared/contract/index.ts'
import type { CheckpointView, ContradictionKind } from '../../shared/contract/routes/audit-witness.ts'
import { toAppError } from './failure.ts'
import type { DeskEvents, Log, Remote } from './ports.ts'
import { WitnessSigner } from './witness-key.ts'
import type { KeptCheckpoint, WitnessStore } from './witness-ports.ts'
import { headOf, proveExtends, readShown, WitnessRefusal, type ShownCheckpoint } from './witness-verify.ts'

/** While somebody is signed in. */
export const LOOK_EVERY_MS = 5 * 60_000
/** A server that lies differently each time fills no store: one lie is enough to stop. */
const CONTRADICTIONS_MAX = 200
const CHAINS_MAX = 1000
/** How long an issuing waits for a look that is under way: a slow server must not stop it. */
const PATIENCE_MS = 5_000

/** By what is kept alone: the same after a restart, another as soon as a proof came. */
const doubtIdOf = ({ chain, note }: KeptCheckpoint): string => `doubt_${shortHash(JSON.stringify([chain, note]))}`
const shortHash = (about: string): string => createHash('sha256').update(about).digest('hex').slice(0, 12)

export interface WitnessParts {
  remote: Remote
  store: WitnessStore
  /** The store was damaged and begun anew: what this desk saw before is lost. */
  recovered: boolean
  station: string
  events: DeskEvents
  log: Log
  /** Somebody is signed in: the server answers nobody else. */
  mayAsk: () => boolean
}

/**
 * The desk as a witness of the audit (C2SP tlog-witness). Order for each chain, and what is true if the desk dies after
 * each:
 * 1. the note is verified, and proved to extend what is kept. Nothing changed: the next look does it again.
 * 2. store: it is kept, over exactly what it was proved against. Not cosigned: the next look does.
 * 3. it is cosigned and the server has the cosignature; store: noted. A cosignature sent twice says the same twice.
 * So nothing is ever cosigned that could be forgotten. What contradicts is never kept: it is noted, told to the server,
 * and stays on every screen.
 */
export class WitnessService {
  readonly #parts: WitnessParts
  readonly #verify = createSignatureVerifier()
  readonly #unproved = new Map<string, NonNullable<WitnessedChain['unproved']>['why']>()
  #signer: WitnessSigner | null = null
  #looking: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #checkedAt: number | null = null
  #failure: WitnessState['failure'] = null
  #keyRefused = false
  #closed = false

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /**
   * `explained`: alarms, and doubts about chains without proof, that the security officer closed on this machine
   * (`explainedAlarms` of the configuration).
   */
  start(explained: readonly string[] = []): void {
    const { store, log } = this.#parts
    for (const id of explained) {
      const chain = store.explain(id, Date.now())
      if (chain !== null) log.warn('witness.explained', { id, chain })
    }
    for (const kept of store.checkpoints()) {
      const { chain, size } = kept
      const id = doubtIdOf(kept)
      if (explained.includes(id) && store.beginAnew(id, kept, Date.now()))
        log.warn('witness.explained', { id, chain, size })
    }
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
  }
  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearInterval(this.#timer)
    await this.#looking
  }

  state(): WitnessState {
    const { store } = this.#parts
    return {
      chains: store.checkpoints().map((kept) => {
        const { chain, size, firstSeenAt, seenAt, cosignedAt } = kept
        const why = this.#unproved.get(chain)
        const unproved = why === undefined ? null : { id: doubtIdOf(kept), why }
        return { chain, size, firstSeenAt, seenAt, cosignedAt, unproved }
      }),
      contradictions: store.contradictions().map(({ kept: _kept, seen: _seen, reportedAt, ...found }) => ({
        ...found,
        reported: reportedAt !== null,
      })),
      losses: store.losses().map(({ chain, why, at }) => ({ chain: chain === '' ? null : chain, why, at })),
      checkedAt: this.#checkedAt,
      failure: this.#failure,
      keyRefused: this.#keyRefused,
    }
  }

  /** Looks at the server's checkpoints. Never throws: `state` says how it went. A call while one runs joins it. */
  look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => (this.#looking = null))
    return this.#looking
  }

  /**
   * Refuses where what the server showed contradicts what this desk saw. Waits a while for a look under way: signing in
   * began one. Throws AUDIT_HISTORY_CONTRADICTED with the `id` to quote.
   */
  async refuseIfContradicted(): Promise<void> {
    if (this.#looking !== null) {
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, PATIENCE_MS)
      await Promise.race([this.#looking, patience.promise])
      clearTimeout(timer)
    }
    const [found] = this.#parts.store.contradictions()
    if (found !== undefined) throw new AppError('AUDIT_HISTORY_CONTRADICTED', { id: found.id, chain: found.chain })
  }

  async #lookNow(): Promise<void> {
    const { remote, mayAsk, log } = this.#parts
    if (this.#closed || !mayAsk()) return
    try {
      const { items } = await remote.call('listCheckpoints', {})
      this.#noteMissing(new Set(items.map(({ chain }) => chain)))
      const failures: unknown[] = []
      // One chain that cannot be looked at must not keep the others from it.
      for (const view of items) await this.#lookAt(view).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) throw failures[0]
      this.#checkedAt = Date.now()
      this.#failure = null
    } catch (error) {
      const { code } = toAppError(error)
      if (code !== this.#failure) log.warn('witness.not-checked', { error })
      this.#failure = code
    }
    if (this.#closed) return
    await this.#report()
    this.#parts.events.emit('witness', this.state())
  }

  async #lookAt(view: CheckpointView): Promise<void> {
    const { remote, store, log } = this.#parts
    const { chain } = view
    const all = store.checkpoints()
    const kept = all.find((one) => one.chain === chain) ?? null
    if (kept === null && all.length >= CHAINS_MAX) throw new AppError('CONTRACT_MISMATCH', { reason: 'chains' })
    try {
      const shown = readShown(view, kept?.origin ?? null, this.#verify)
      if (kept !== null)
        await proveExtends(headOf(kept.note), shown, async (from, to) => {
          const proof = await remote.call('proveConsistency', { params: { chain }, query: { from, to } })
          return proof.hashes
        })
      this.#unproved.delete(chain)
      const now = this.#keep(view, shown, kept)
      if (now.cosignedAt === null) await this.#cosign(now, shown.text)
    } catch (error) {
      if (error instanceof WitnessRefusal) return this.#contradict(view, kept, error)
      if (!(error instanceof AppError) || error.code !== 'AUDIT_PROOF_UNAVAILABLE') throw error
      if (!this.#unproved.has(chain))
        log.error('witness.unproved', { chain, kept: kept?.size, shown: view.size, error })
      // Whoever holds the server can say so too: nothing is believed by it, nor is it a contradiction.
      this.#unproved.set(chain, error.detail['reason'] === 'removed' ? 'removed' : 'none')
    }
  }

  /** Gives what is kept now. */
  #keep(view: CheckpointView, shown: ShownCheckpoint, kept: KeptCheckpoint | null): KeptCheckpoint {
    const { store, recovered, log } = this.#parts
    const { chain, note } = view
    const seenAt = Date.now()
    if (kept !== null && shown.size === kept.size) {
      store.noteSeen(chain, seenAt)
      return { ...kept, seenAt }
    }
    if (kept === null && recovered && store.addLoss({ chain, why: 'store-replaced', at: seenAt }))
      log.error('witness.memory-lost', { chain, size: shown.size })
    const next = {
      chain,
      note,
      origin: shown.origin,
      size: shown.size,
      firstSeenAt: kept?.firstSeenAt ?? seenAt,
      seenAt,
    }
    const now = { ...next, cosignedAt: null }
    if (!store.keep(now, kept)) throw new AppError('REQUEST_CONFLICT', { reason: 'checkpoint', chain })
    if (kept === null) log.info('witness.first-seen', { chain, origin: shown.origin, size: shown.size })
    return now
  }

  async #cosign({ chain, size }: KeptCheckpoint, text: string): Promise<void> {
    const { remote, store, station, log } = this.#parts
    this.#signer ??= WitnessSigner.open(store, station)
    const cosignature = this.#signer.cosign(text, Date.now())
    try {
      await remote.call('cosignCheckpoint', { params: { chain }, body: { size, vkey: this.#signer.vkey, cosignature } })
      store.noteCosigned(chain, size, Date.now())
      this.#keyRefused = false
    } catch (error) {
      const { code } = toAppError(error)
      if (code !== 'AUDIT_WITNESS_KEY_CHANGED' && code !== 'AUDIT_COSIGNATURE_INVALID') throw error
      // The server knows another key of this station: this desk has lost the one it had, and with it its memory.
      if (code === 'AUDIT_WITNESS_KEY_CHANGED') this.#keyRefused = true
      const isNews =
        code === 'AUDIT_COSIGNATURE_INVALID' || store.addLoss({ chain: '', why: 'key-refused', at: Date.now() })
      if (isNews) log.error('witness.cosignature-refused', { chain, size, error })
    }
  }

  #noteMissing(shown: ReadonlySet<string>): void {
    for (const kept of this.#parts.store.checkpoints())
      if (!shown.has(kept.chain)) this.#note(kept.chain, 'truncated', kept, null)
  }
  #contradict(view: CheckpointView, kept: KeptCheckpoint | null, refusal: WitnessRefusal): void {
    this.#note(view.chain, refusal.kind, kept, view, refusal)
  }
  /** The same contradiction found again has the same id. */
  #note(
    chain: string,
    kind: ContradictionKind,
    kept: KeptCheckpoint | null,
    seen: CheckpointView | null,
    error?: unknown,
  ): void {
    const { store, log } = this.#parts
    const about = JSON.stringify([chain, kind, kept?.note ?? null, seen === null ? null : [seen.size, seen.root]])
    const found = {
      id: `alarm_${shortHash(about)}`,
      chain,
      kind,
      kept: kept?.note ?? null,
      seen: seen?.note ?? null,
      keptSize: kept?.size ?? null,
      seenSize: seen?.size ?? null,
      foundAt: Date.now(),
      reportedAt: null,
    }
    if (store.contradictions().length >= CONTRADICTIONS_MAX || !store.addContradiction(found)) return
    log.error('witness.contradicted', { ...found, error })
    this.#parts.events.emit('witness', this.state())
  }

  /** Tells the server what it was not told yet; it tells the people. What cannot be told now is told at the next look. */
  async #report(): Promise<void> {
    const { remote, store, log, mayAsk } = this.#parts
    for (const { id, chain, kind, kept, seen, reportedAt } of store.contradictions()) {
      const note = kept ?? seen
      if (reportedAt !== null || note === null || !mayAsk()) continue
      try {
        await remote.call('reportContradiction', { params: { chain }, body: { kind, kept: note, seen } })
        store.noteReported(id, Date.now())
      } catch (error) {
        log.warn('witness.not-reported', { id, error })
      }
      if (this.#closed) return
    }
  }
}
