import type { Kysely } from 'kysely'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { encodeNoteKey, encodeSignatureLine, parseNote, parseSignatureLine } from '../../shared/audit/checkpoint.ts'
import { encodeWitnessKey, parseWitnessKey, verifyCosignature } from '../../shared/audit/cosignature.ts'
import type { WitnessKey } from '../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../shared/audit/crypto.ts'
import type { Endorsed, VerifiedCheckpoint } from '../../shared/audit/note-key-statement.ts'
import {
  parseNoteKeyStatement,
  rootKeyIdOf,
  traceHsmKeys,
  verifyCheckpointNote,
} from '../../shared/audit/note-key-statement.ts'
import { toBase64 } from '../../shared/audit/note-key.ts'
import { AppError, type HttpAnswer, type HttpRequest, type ObjectType } from '../../shared/contract/index.ts'
import type { ContradictionKind } from '../../shared/contract/routes/audit-witness.ts'
import type { AlarmPort, LogPort } from '../audit/checkpoint-ports.ts'
import type { Checkpoints } from '../audit/checkpoints.ts'
import type { AuditTrail } from '../audit/index.ts'
import type { Proofs } from '../audit/proofs.ts'
import { WITNESS_OBJECT, witnessNameOf, type DeskWitnesses } from '../audit/witness-desks.ts'
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
import type { AuditScope } from './audit-scope.ts'
import type { Call } from './call.ts'
import type { Changes } from './change.ts'
import { assertEverything } from './jobs.ts'
import { isFork, proofsOf, reportName, toldNote, WitnessReports } from './witness-reports.ts'

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
  readonly #told = new WitnessReports()

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
    // What no trail of the offices shows is for who may read the audit there, whatever else they may do elsewhere.
    const asReader: Call = REGISTERED.includes(record.objectType) ? call : { ...call, right: 'audit.read' }
    if (!scope.covers(asReader, record)) throw new AppError('AUDIT_NOT_FOUND')
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
   * A station that was set up anew may bind another key at its next cosignature. Durable and in the chain when it
   * returns; what the released key signed stays as it is. Throws NOT_FOUND (no key, or another tenant's), REQUEST_CONFLICT
   * (`witness-key`: it is not the key that was confirmed), AUDIT_CHAIN_UNWRITABLE.
   */
  async releaseKey(
    call: Call,
    station: string,
    { vkey, reason }: HttpRequest<'releaseWitnessKey'>['body'],
  ): Promise<HttpAnswer<'releaseWitnessKey'>> {
    assertEverything(call)
    const { audit, changes, desks, alarms, directory } = this.#deps
    const name = witnessNameOf(station)
    const answer = await changes.create(call, async (_trx, tell) => {
      const known = await desks.find(station)
      if (known?.tenant !== call.actor.tenant) throw new AppError('NOT_FOUND', { reason: 'witness-key' })
      if (known.vkey !== vkey) throw new AppError('REQUEST_CONFLICT', { reason: 'witness-key' })
      const before = { id: station, name, stationName: directory.stationName(station), vkey }
      await tell({ action: 'Deletion', object: { type: WITNESS_OBJECT, id: station }, before, reason })
      return done
    })
    // Dead before this: the row is found to be older than the release when another key comes.
    await desks.forget(station, vkey)
    for (const chain of await listCheckpointedChains(audit)) {
      await alarms.clear('witness-contradiction', keyAlarmOf(chain, name))
    }
    return answer
  }

  /**
   * A desk found a chain that is not the one it knew: logged and alarmed at once, whatever else fails, then an entry.
   * The same told again within an hour is not told twice. Any session may tell anything: an alarm is one of this chain
   * and station, what proves less leaves what proves more, and text is kept only where a key of the chain signed it.
   * Throws AUDIT_NOT_FOUND, AUDIT_CHAIN_UNWRITABLE, REQUEST_RATE_LIMITED (reports without proof, by one station).
   */
  async contradiction(
    call: Call,
    chain: string,
    body: { readonly kind: ContradictionKind; readonly kept: string; readonly seen: string | null },
  ): Promise<HttpAnswer<'reportContradiction'>> {
    const { changes, alarms, log } = this.#deps
    const latest = await this.#latest(chain)
    const [kept, seen] = await Promise.all([this.#tryNote(chain, body.kept), this.#tryNote(chain, body.seen)])
    const told = reportName(chain, body, kept, seen)
    if (this.#told.isKnown(whoTells(call), told, call.at, isFork(kept, seen))) return done
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
    const proofs = proofsOf(kept, seen)
    const key = alarmKey(chain, whoTells(call))
    await alarms.raise({ kind: 'witness-contradiction', key, severity: 'critical', detail: { ...facts, proofs } })
    await changes.run(call, async (_trx, tell) => {
      const object = { type: 'audit-checkpoint', id: chain } as const
      const after = {
        name: `${chain} ${body.kind}`,
        ...facts,
        kept: toldNote(body.kept, kept),
        seen: toldNote(body.seen, seen),
      }
      await tell({ action: 'Verification', object, after })
    })
    this.#told.add(whoTells(call), told, call.at)
    return done
  }

  /** Desks of the caller's tenant and outside witnesses, each with what it has seen. */
  async list(call: Call, chain: string): Promise<HttpAnswer<'listWitnesses'>> {
    const { audit, outside, directory } = this.#deps
    const latest = await this.#latest(chain)
    const last = await listLastCosignatures(audit, chain)
    const desks = await listWitnessesOf(audit, call.actor.tenant)
    const seen = async (name: string, vkey: string, since: number) =>
      this.#seen(await this.#proved(last.get(name), vkey), latest, since, call.at)
    const items = [
      ...outside.configured.map(async ({ name, key }) => ({
        name,
        kind: 'outside' as const,
        station: null,
        stationName: null,
        vkey: encodeWitnessKey(key),
        ...(await seen(name, encodeWitnessKey(key), latest?.at ?? call.at)),
        failure: outside.failureOf(name),
      })),
      ...desks.map(async ({ name, station, vkey, boundAt }) => ({
        name,
        kind: 'desk' as const,
        station,
        stationName: directory.stationName(station),
        vkey,
        ...(await seen(name, vkey, boundAt)),
        failure: null,
      })),
    ]
    return { size: latest?.size ?? 0, items: await Promise.all(items) }
  }

  /** The cosignature, if its line really is one of this key under the checkpoint it names: columns alone prove nothing. */
  async #proved(last: CosignatureRecord | undefined, vkey: string): Promise<CosignatureRecord | undefined> {
    const checkpoint = last && (await readCheckpoint(this.#deps.audit, last.chain, last.size))
    if (!last || !checkpoint) return undefined
    try {
      const line = parseSignatureLine(last.line.replace(/\n$/, ''))
      const { text } = parseNote(checkpoint.note)
      const { time } = verifyCosignature(text, line, parseWitnessKey(vkey), this.#verify)
      return { ...last, signedAt: time * 1000 }
    } catch {
      // Written past us; shown as a witness that has signed nothing.
      return undefined
    }
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

  /** Told once an hour of each station and chain, whatever keys it comes with: anyone can make a new key each second. */
  async #keyChanged(call: Call, chain: string): Promise<void> {
    const told = `key-changed ${chain}`
    if (this.#told.isKnown(whoTells(call), told, call.at, true)) return
    this.#told.add(whoTells(call), told, call.at)
    const { alarms, log, changes, directory } = this.#deps
    const { station } = call.actor
    const detail = { chain, reason: 'key-changed', station, stationName: directory.stationName(station) }
    log.fatal(detail, 'a station came with another witness key')
    const key = witnessNameOf(station ?? '')
    const alarm = keyAlarmOf(chain, key)
    await alarms.raise({ kind: 'witness-contradiction', key: alarm, severity: 'critical', detail })
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

/** The station; who is at none, themselves. */
const whoTells = ({ actor }: Call): string =>
  actor.station === null ? `operator/${actor.operator.id}` : witnessNameOf(actor.station)

/** One alarm for each that tells, so that none hides what another one found. */
const alarmKey = (chain: string, teller: string): string => `${chain} ${teller}`
/** Of another key than the one bound, apart from what a desk tells of: neither hides the other. */
const keyAlarmOf = (chain: string, witness: string): string => `${alarmKey(chain, witness)} key`
