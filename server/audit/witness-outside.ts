import { AppError } from '../../shared/contract/errors.ts'
import { encodeSignatureLine, parseNote } from '../../shared/audit/checkpoint.ts'
import type { NoteSignature } from '../../shared/audit/checkpoint.ts'
import { verifyCosignature, witnessKeyId } from '../../shared/audit/cosignature.ts'
import type { WitnessKey } from '../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { Opened } from '../db/open.ts'
import type { CheckpointRecord } from '../db/repositories/audit-checkpoints.ts'
import { keepCosignature, readLastCosignature } from '../db/repositories/audit-witnesses.ts'
import type { AuditDb } from '../db/schema.ts'
import { noAlarms } from './checkpoint-ports.ts'
import type { AlarmPort, LogPort } from './checkpoint-ports.ts'
import type { Proofs } from './proofs.ts'
import { addCheckpoint } from './witness-request.ts'

/** A witness of the configuration. */
export interface OutsideWitness {
  readonly name: string
  readonly key: WitnessKey
  readonly url: string
}

export interface OutsideWitnessesOptions {
  readonly audit: Opened<AuditDb>
  readonly chain: string
  readonly witnesses: readonly OutsideWitness[]
  readonly proofs: Proofs
  readonly latest: () => CheckpointRecord | null
  readonly log: LogPort
  readonly alarms?: AlarmPort
  /** A witness is asked no more often. */
  readonly everyMs?: number
  readonly timeoutMs?: number
  /** Without a cosignature for so long, while there was something to sign, an alarm is raised. */
  readonly staleMs?: number
  readonly now?: () => number
}

interface Standing {
  triedAt: number
  failure: string | null
}

const EVERY_MS = 60_000
const TIMEOUT_MS = 10_000
const STALE_MS = 86_400_000
const AHEAD_SECONDS = 600
const NONE: Standing = { triedAt: Number.NEGATIVE_INFINITY, failure: null }

/** What a witness says about us that we must not hear: it has seen a past that is not ours. */
class Contradicted extends AppError {
  constructor(reason: string, size: number) {
    super('CHAIN_CONFLICT', { reason, size })
  }
}

/**
 * Sends checkpoints to outside witnesses (C2SP tlog-witness) and keeps their cosignatures. A witness that is down stops
 * nothing: it is asked again, and after a day an alarm is raised. One that has seen another past is an alarm at once.
 */
export class OutsideWitnesses {
  readonly #options: OutsideWitnessesOptions
  readonly #alarms: AlarmPort
  readonly #verify = createSignatureVerifier()
  readonly #standing = new Map<string, Standing>()
  readonly #startedAt: number
  #work: Promise<unknown> | null = null

  constructor(options: OutsideWitnessesOptions) {
    this.#options = options
    this.#alarms = options.alarms ?? noAlarms
    this.#startedAt = this.#now()
  }

  get configured(): readonly OutsideWitness[] {
    return this.#options.witnesses
  }

  /** Why a witness gave no cosignature the last time; null where it did, or was not asked yet. */
  failureOf(name: string): string | null {
    return this.#standing.get(name)?.failure ?? null
  }

  /** Call every few seconds; asks those that are due, side by side. Never rejects. */
  async tick(): Promise<void> {
    if (this.#work || this.#options.witnesses.length === 0) return
    this.#work = Promise.all(this.#options.witnesses.map((witness) => this.#visit(witness)))
    await this.#work.finally(() => (this.#work = null))
  }

  async close(): Promise<void> {
    await this.#work
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  async #visit(witness: OutsideWitness): Promise<void> {
    const { audit, chain, latest, log, everyMs = EVERY_MS } = this.#options
    const standing = this.#standing.get(witness.name) ?? { ...NONE }
    this.#standing.set(witness.name, standing)
    const checkpoint = latest()
    if (!checkpoint || this.#now() - standing.triedAt < everyMs) return
    const last = await readLastCosignature(audit.db, chain, witness.name).catch((error: unknown) => {
      // What the witness was given before is not known now, and is not guessed: it is asked again when it is due.
      standing.triedAt = this.#now()
      standing.failure = 'INTERNAL'
      log.error({ chain, witness: witness.name, cause: String(error) }, 'cosignatures cannot be read')
      return undefined
    })
    if (last === undefined) return
    if (last && last.size >= checkpoint.size) {
      standing.failure = null
      return
    }
    standing.triedAt = this.#now()
    try {
      await this.#submit(witness, checkpoint, last?.size ?? 0)
      standing.failure = null
      await this.#alarms.clear('witness-stale', `${chain}/${witness.name}`)
    } catch (error) {
      await this.#failed(witness, standing, error, last?.receivedAt ?? this.#startedAt)
    }
  }

  async #submit(witness: OutsideWitness, checkpoint: CheckpointRecord, known: number): Promise<void> {
    const first = await this.#ask(witness, checkpoint, known)
    if (first.kind === 'cosigned') return this.#keep(witness, checkpoint, first.lines)
    if (first.kind === 'refused') throw this.#refusal(first.reason, checkpoint)
    if (first.size > checkpoint.size || first.size === known) throw new Contradicted('witness-ahead', first.size)
    // It saw less, or more, than we remember (our database may be older than its): go on from what it says.
    const again = await this.#ask(witness, checkpoint, first.size)
    if (again.kind === 'cosigned') return this.#keep(witness, checkpoint, again.lines)
    if (again.kind === 'refused') throw this.#refusal(again.reason, checkpoint)
    throw new Contradicted('witness-root', again.size)
  }

  async #ask(witness: OutsideWitness, { chain, size, note }: CheckpointRecord, old: number) {
    const proof = await this.#options.proofs.consistency(chain, old, size)
    return addCheckpoint({ url: witness.url, old, proof, note, timeoutMs: this.#options.timeoutMs ?? TIMEOUT_MS })
  }

  #refusal(reason: string, { size }: CheckpointRecord): AppError {
    // Our proof was refused: to this witness we are not the log it knew.
    if (reason === 'proof') return new Contradicted('witness-proof', size)
    return new AppError('NETWORK_OFFLINE', { reason })
  }

  async #keep({ name, key }: OutsideWitness, checkpoint: CheckpointRecord, lines: readonly NoteSignature[]) {
    const { text } = parseNote(checkpoint.note)
    const id = Buffer.from(witnessKeyId(key))
    const line = lines.find((one) => one.name === key.name && id.equals(one.keyId))
    if (!line) throw new AppError('NETWORK_OFFLINE', { reason: 'cosignature-missing' })
    const { time } = verifyCosignature(text, line, key, this.#verify)
    if (time * 1000 > this.#now() + AHEAD_SECONDS * 1000) throw new AppError('NETWORK_OFFLINE', { reason: 'time' })
    await keepCosignature(this.#options.audit.db, {
      chain: checkpoint.chain,
      witness: name,
      size: checkpoint.size,
      line: encodeSignatureLine(line),
      signedAt: time * 1000,
      receivedAt: this.#now(),
    })
  }

  async #failed({ name }: OutsideWitness, standing: Standing, error: unknown, since: number): Promise<void> {
    const { chain, log, staleMs = STALE_MS } = this.#options
    const reason = error instanceof AppError ? String(error.detail['reason'] ?? error.code) : 'INTERNAL'
    const isNew = standing.failure !== reason
    standing.failure = reason
    const key = `${chain}/${name}`
    if (error instanceof Contradicted) {
      if (isNew) log.fatal({ chain, witness: name, ...error.detail }, 'an outside witness has seen another past')
      const detail = { chain, witness: name, ...error.detail }
      await this.#alarms.raise({ kind: 'witness-contradiction', key, severity: 'critical', detail })
      return
    }
    if (isNew) log.error({ chain, witness: name, reason, cause: String(error) }, 'no cosignature')
    if (this.#now() - since < staleMs) return
    const detail = { chain, witness: name, reason, hours: Math.floor((this.#now() - since) / 3_600_000) }
    await this.#alarms.raise({ kind: 'witness-stale', key, severity: 'warning', detail })
  }
}
