import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'
import { encodeNoteKey, encodeSignatureLine, parseNote, parseSignatureLine } from '../../shared/audit/checkpoint.ts'
import { parseWitnessKey, verifyCosignature } from '../../shared/audit/cosignature.ts'
import type { WitnessKey } from '../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import { encodeWitnessKey } from '../../shared/audit/cosignature.ts'
import type { Endorsed, VerifiedCheckpoint } from '../../shared/audit/note-key-statement.ts'
import {
  parseNoteKeyStatement,
  rootKeyIdOf,
  traceHsmKeys,
  verifyCheckpointNote,
} from '../../shared/audit/note-key-statement.ts'
import { toBase64 } from '../../shared/audit/note-key.ts'
import { AppError, type HttpAnswer, type ObjectType } from '../../shared/contract/index.ts'
import type { ContradictionKind } from '../../shared/contract/routes/audit-witness.ts'
import type { AlarmPort, LogPort } from '../audit/checkpoint-ports.ts'
import type { Checkpoints } from '../audit/checkpoints.ts'
import type { AuditTrail } from '../audit/index.ts'
import type { Proofs } from '../audit/proofs.ts'
import { witnessNameOf, type DeskWitnesses } from '../audit/witness-desks.ts'
import type { OutsideWitnesses } from '../audit/witness-outside.ts'
import {
  listCheckpointedChains,
  listHsmStatements,
  listNoteKeys,
  readCheckpoint,
  readLatestCheckpoint,
  readStampedCheckpoint,
} from '../db/repositories/audit-checkpoints.ts'
import type { CheckpointRecord } from '../db/repositories/audit-checkpoints.ts'
import { keepCosignature, listLastCosignatures, listWitnessesOf } from '../db/repositories/audit-witnesses.ts'
import type { CosignatureRecord } from '../db/repositories/audit-witnesses.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { AuditDb } from '../db/schema.ts'
import { mayUse } from '../identity/permission.ts'
import type { AuditScope } from './audit-scope.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'

export interface WitnessesDeps {
  readonly audit: Kysely<AuditDb>
  /** The chain this server writes; checkpoints of others in the same database are shown and proved as well. */
  readonly chain: string
  readonly checkpoints: Checkpoints
  readonly proofs: Proofs
  readonly desks: DeskWitnesses
  readonly outside: OutsideWitnesses
  readonly directory: Directory
  readonly scope: AuditScope
  readonly trail: AuditTrail
  readonly changes: Changes
  readonly alarms: AlarmPort
  readonly log: LogPort
  /** A witness that has not seen what was there for so long is called stale. */
  readonly staleMs: number
}

const REGISTERED: readonly string[] = ['holder', 'proofing', 'enrolment', 'card', 'certificate'] satisfies ObjectType[]
const AHEAD_MS = 600_000
const REPEAT_MS = 3_600_000
const REPEATS_MAX = 1000
const done = { done: true } as const

const endorsedView = ({ statement, endorsement }: Endorsed) => ({
  statement: encodeBase64url(statement),
  endorsement: encodeBase64url(endorsement),
})

/** Checkpoints, proofs and witnesses as the API gives them. */
export class Witnesses {
  readonly #deps: WitnessesDeps
  readonly #verify = createSignatureVerifier()
  /** Contradictions told of lately: a desk that finds one finds it again at every sync. */
  readonly #told = new Map<string, number>()

  constructor(deps: WitnessesDeps) {
    this.#deps = deps
  }

  /** The same for everyone who is signed in: a checkpoint says nothing of anybody. */
  async checkpoints(): Promise<HttpAnswer<'listCheckpoints'>> {
    const chains = await listCheckpointedChains(this.#deps.audit)
    const views = await Promise.all(chains.map((chain) => this.#view(chain)))
    return { items: views.filter((view) => view !== null) }
  }

  /** The latest note with its cosignatures, as C2SP logs serve it. Throws AUDIT_NOT_FOUND. */
  async publicNote(chain: string): Promise<string> {
    const latest = await readLatestCheckpoint(this.#deps.audit, chain)
    if (!latest) throw new AppError('AUDIT_NOT_FOUND')
    return this.#deps.proofs.noteOf(latest)
  }

  /** Throws AUDIT_PROOF_UNAVAILABLE, REQUEST_INVALID (`tree-index`: `from` above `to`). */
  async consistency(chain: string, from: number, to: number): Promise<HttpAnswer<'proveConsistency'>> {
    const hashes = await this.#deps.proofs.consistency(chain, from, to)
    return { chain, from, to, hashes: hashes.map(toBase64) }
  }

  /**
   * The proof leaves us, which is an export: one entry per session and proof, durable before it is given.
   * Throws AUDIT_NOT_FOUND, also for an entry out of reach; AUDIT_PROOF_UNAVAILABLE.
   */
  async inclusion(call: Call, chain: string, sequence: number): Promise<HttpAnswer<'proveInclusion'>> {
    const { trail, scope, proofs, checkpoints, changes } = this.#deps
    const record = await trail.get(chain, sequence)
    const mayReadAll = mayUse(call.actor.ability, 'audit.read')
    if (!scope.covers(call, record) || (!mayReadAll && !REGISTERED.includes(record.objectType)))
      throw new AppError('AUDIT_NOT_FOUND')
    const sealed = checkpoints.latest?.size ?? 0
    if (chain === this.#deps.chain && sequence >= sealed) await checkpoints.make()
    const { index, size, hashes, note, entry, file } = await proofs.inclusion(chain, sequence)
    const object = { type: 'audit-payload', id: `${chain}/${sequence}` } as const
    const place = { division: record.division, office: record.office }
    const after = { name: `${chain} ${sequence}`, chain, sequence, size, form: 'tlog-proof' }
    await changes.tellOnce(call, { action: 'Export', object, after, place })
    return { chain, index, size, hashes: hashes.map(toBase64), note, entry: toBase64(entry), proof: file }
  }

  /**
   * Keeps what a desk says it has seen. The station's key is bound at its first use. Throws AUDIT_COSIGNATURE_INVALID,
   * AUDIT_WITNESS_KEY_CHANGED (and raises an alarm), AUDIT_CHAIN_UNWRITABLE.
   */
  async cosign(
    call: Call,
    chain: string,
    body: { readonly size: number; readonly vkey: string; readonly cosignature: string },
  ): Promise<HttpAnswer<'cosignCheckpoint'>> {
    const { audit, desks } = this.#deps
    const { station } = call.actor
    if (station === null) throw new AppError('AUDIT_COSIGNATURE_INVALID', { reason: 'station' })
    const checkpoint = await readCheckpoint(audit, chain, body.size)
    if (!checkpoint) throw new AppError('AUDIT_COSIGNATURE_INVALID', { reason: 'size' })
    const { line, signedAt } = this.#readCosignature(checkpoint, station, body, call.at)
    const { actor, correlationId, at } = call
    const operator = { id: actor.operator.id, role: actor.role, office: actor.office?.id ?? null }
    try {
      const binding = { tenant: actor.tenant, station, vkey: body.vkey, operator, correlationId, at }
      const witness = await desks.bind(binding)
      await keepCosignature(audit, { chain, witness, size: body.size, line, signedAt, receivedAt: at })
      return done
    } catch (error) {
      if (error instanceof AppError && error.code === 'AUDIT_WITNESS_KEY_CHANGED') await this.#keyChanged(call, chain)
      throw error
    }
  }

  /**
   * A desk found a chain that is not the one it knew: logged and alarmed at once, whatever else fails, then an entry.
   * The same told again within an hour is not told twice. Throws AUDIT_NOT_FOUND,
   * AUDIT_CHAIN_UNWRITABLE.
   */
  async contradiction(
    call: Call,
    chain: string,
    body: { readonly kind: ContradictionKind; readonly kept: string; readonly seen: string | null },
  ): Promise<HttpAnswer<'reportContradiction'>> {
    const { changes, alarms, log } = this.#deps
    const latest = await this.#latest(chain)
    const told = toldOf(call, chain, body)
    if (call.at - (this.#told.get(told) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return done
    const [kept, seen] = await Promise.all([this.#tryNote(chain, body.kept), this.#tryNote(chain, body.seen)])
    const facts = {
      chain,
      kind: body.kind,
      station: call.actor.station,
      stationName: this.#deps.directory.stationName(call.actor.station),
      // Signed by a key of this chain: then it is the chain that contradicts itself, not the desk that errs.
      keptIsOurs: kept !== null,
      keptSize: kept?.checkpoint.size ?? null,
      seenIsOurs: seen !== null,
      seenSize: seen?.checkpoint.size ?? null,
      provesFork: isFork(kept, seen),
      latestSize: latest?.size ?? null,
    }
    log.fatal(facts, 'a desk was shown a chain that contradicts what it kept')
    await alarms.raise({ kind: 'witness-contradiction', key: chain, severity: 'critical', detail: facts })
    await changes.run(call, async (_trx, tell) => {
      const object = { type: 'audit-checkpoint', id: chain } as const
      const after = { name: `${chain} ${body.kind}`, ...facts, kept: body.kept, seen: body.seen }
      await tell({ action: 'Verification', object, after })
    })
    if (this.#told.size >= REPEATS_MAX) this.#told.clear()
    this.#told.set(told, call.at)
    return done
  }

  /** Desks of the caller's tenant and outside witnesses, each with what it has seen. */
  async list(call: Call, chain: string): Promise<HttpAnswer<'listWitnesses'>> {
    const { audit, outside, directory } = this.#deps
    const latest = await this.#latest(chain)
    const last = await listLastCosignatures(audit, chain)
    const desks = await listWitnessesOf(audit, call.actor.tenant)
    const seen = (name: string, since: number) => this.#seen(last.get(name), latest, since, call.at)
    const items = [
      ...outside.configured.map(({ name, key }) => ({
        name,
        kind: 'outside' as const,
        station: null,
        stationName: null,
        vkey: encodeWitnessKey(key),
        ...seen(name, latest?.at ?? call.at),
        failure: outside.failureOf(name),
      })),
      ...desks.map(({ name, station, vkey, boundAt }) => ({
        name,
        kind: 'desk' as const,
        station,
        stationName: directory.stationName(station),
        vkey,
        ...seen(name, boundAt),
        failure: null,
      })),
    ]
    return { size: latest?.size ?? 0, items }
  }

  /** Throws AUDIT_NOT_FOUND for a chain nobody knows; null for ours before its first checkpoint. */
  async #latest(chain: string): Promise<CheckpointRecord | null> {
    const latest = await readLatestCheckpoint(this.#deps.audit, chain)
    if (!latest && chain !== this.#deps.chain) throw new AppError('AUDIT_NOT_FOUND')
    return latest
  }

  #seen(last: CosignatureRecord | undefined, latest: CheckpointRecord | null, since: number, now: number) {
    const isBehind = latest !== null && (last?.size ?? 0) < latest.size
    const stale = isBehind && now - (last?.receivedAt ?? since) > this.#deps.staleMs
    return { size: last?.size ?? null, time: last?.signedAt ?? null, stale }
  }

  async #view(chain: string): Promise<HttpAnswer<'listCheckpoints'>['items'][number] | null> {
    const { audit, proofs } = this.#deps
    const latest = await readLatestCheckpoint(audit, chain)
    const noteKeys = await listNoteKeys(audit, chain)
    const [newest] = noteKeys
    if (!latest || !newest) return null
    const { key, origin } = parseNoteKeyStatement(newest.statement)
    const stamped = await readStampedCheckpoint(audit, chain)
    const hsmKeys = await listHsmStatements(audit, chain)
    return {
      chain,
      origin,
      size: latest.size,
      root: toBase64(latest.root),
      time: latest.at,
      note: await proofs.noteOf(latest),
      vkey: encodeNoteKey(key),
      binding: { noteKeys: noteKeys.map(endorsedView), hsmKeys: hsmKeys.map(endorsedView) },
      stamped: stamped?.stamp
        ? {
            size: stamped.size,
            note: stamped.note,
            token: toBase64(stamped.stamp.token),
            time: stamped.stamp.at,
          }
        : null,
    }
  }

  /** The line as it will be kept; it must be this station's, valid, and not of a time to come. */
  #readCosignature(
    checkpoint: CheckpointRecord,
    station: string,
    body: { readonly vkey: string; readonly cosignature: string },
    now: number,
  ): { readonly line: string; readonly signedAt: number } {
    try {
      const key: WitnessKey = parseWitnessKey(body.vkey)
      if (key.name !== witnessNameOf(station)) throw new AppError('AUDIT_COSIGNATURE_INVALID', { reason: 'name' })
      const line = parseSignatureLine(body.cosignature.replace(/\n$/, ''))
      const { time } = verifyCosignature(parseNote(checkpoint.note).text, line, key, this.#verify)
      if (time * 1000 > now + AHEAD_MS) throw new AppError('AUDIT_COSIGNATURE_INVALID', { reason: 'time' })
      return { line: encodeSignatureLine(line), signedAt: time * 1000 }
    } catch (cause) {
      if (cause instanceof AppError && cause.code === 'AUDIT_COSIGNATURE_INVALID') throw cause
      const reason = cause instanceof AppError ? (cause.detail['reason'] ?? null) : null
      throw new AppError('AUDIT_COSIGNATURE_INVALID', { reason }, { cause })
    }
  }

  async #keyChanged(call: Call, chain: string): Promise<void> {
    const { alarms, log, changes, directory } = this.#deps
    const { station } = call.actor
    const detail = { chain, reason: 'key-changed', station, stationName: directory.stationName(station) }
    log.fatal(detail, 'a station came with another witness key')
    const key = witnessNameOf(station ?? '')
    await alarms.raise({ kind: 'witness-contradiction', key, severity: 'critical', detail })
    await changes.run(call, async (_trx, tell) => {
      const object = { type: 'audit-witness', id: station ?? '' } as const
      await tell({ action: 'AccessDenied', object, after: { ...detail, name: key } })
    })
  }

  /** A note proved to be of this chain, by the keys its origin leads to; null for any other text. */
  async #tryNote(chain: string, note: string | null): Promise<VerifiedCheckpoint | null> {
    if (note === null) return null
    const { audit } = this.#deps
    const statements = await listNoteKeys(audit, chain)
    const hsmKeys = await listHsmStatements(audit, chain)
    try {
      const origins = statements.map(({ statement }) => rootKeyIdOf(chain, parseNoteKeyStatement(statement).origin))
      return verifyCheckpointNote(note, statements, traceHsmKeys(chain, hsmKeys, origins, this.#verify), this.#verify)
    } catch {
      // Whatever a desk sends may be anything; that it is not ours is what is told of it.
      return null
    }
  }
}

const toldOf = (call: Call, chain: string, body: object): string =>
  createHash('sha256')
    .update(JSON.stringify([call.actor.station, chain, body]))
    .digest('base64url')

/** Two notes of one chain, one size, two roots: proof by itself that the chain was forked. */
const isFork = (kept: VerifiedCheckpoint | null, seen: VerifiedCheckpoint | null): boolean =>
  kept !== null &&
  seen !== null &&
  kept.checkpoint.size === seen.checkpoint.size &&
  !sameBytes(kept.checkpoint.root, seen.checkpoint.root)
