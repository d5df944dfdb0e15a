import { hash, randomBytes } from 'node:crypto'
import { AppError, Role, type PublicJwk, type SessionView } from '../../shared/contract/index.ts'
import type { AuditAction } from '../../shared/contract/index.ts'
import type { Json } from '../../shared/audit/json.ts'
import { newId } from '../db/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { findOperator, findStation, listGrants } from '../db/repositories/operators.ts'
import {
  endSession,
  findSessionByToken,
  insertSession,
  lastSignInAt,
  listOpenSessions,
  setSessionClock,
  touchSession,
  type SessionRowStored,
} from '../db/repositories/sessions.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import type { KeyStore } from '../hsm/signer.ts'
import { abilityOf, isConsoleRole, resolveGrants } from './grants.ts'
import type { Ability } from './permission.ts'
import { ProofMac } from './proof-mac.ts'
import { ReplayWindow, verifyProof, type ProvedRequest } from './proof.ts'

export const SESSION_WRAPPING_KEY = 'session'
const SEEN_EVERY_MS = 60_000

/** A session as the running process holds it: found by its token's digest, proved with its key. */
export interface LiveSession {
  readonly id: string
  readonly tokenDigest: string
  readonly mac: ProofMac
  readonly window: ReplayWindow
  readonly ability: Ability
  readonly view: SessionView
  readonly tenant: string
  readonly officeId: string | null
  readonly certificate: string | null
  seenAt: number
  savedAt: number
  /** Proofs made before, by the session's own clock, may have been taken by the process before this one. */
  readonly notBefore: number
  /** The furthest its clock was ahead of ours, as kept in the database. */
  clockAheadMs: number
  /** Requests of the running minute, for the rate limit. */
  minute: number
  requests: number
}

export interface NewSession {
  readonly kind: 'desk' | 'console'
  readonly operatorId: string
  readonly role: Role
  readonly office: string | null
  readonly division: string | null
  readonly station: string | null
  readonly cardSerial: string | null
  readonly sessionKey: PublicJwk
  readonly proofKey: Uint8Array
  /** Fingerprint of the certificate that signed in. */
  readonly certificate: string
  /** When that certificate ends, UTC in ms: the session ends with it. */
  readonly certificateEnd: number
}

export interface SessionLimits {
  readonly idleMs: number
  readonly lifeMs: number
}
export type TellSession = (told: {
  readonly action: AuditAction
  readonly object: { readonly type: 'session'; readonly id: string }
  readonly after?: Json | null
  readonly reason?: string | null
}) => Promise<void>
export type EndReason = 'sign-out' | 'lock' | 'card-removed' | 'expired' | 'revoked'
/** Runs an ending with its audit entry; bound to `Changes` where things are composed. */
export type EndWith = (
  session: LiveSession,
  body: (trx: OperationalTransaction, tell: TellSession) => Promise<void>,
) => Promise<void>

const digestOf = (token: string): string => hash('sha256', token, 'base64url')

/**
 * Sessions. The database holds a token's SHA-256 and the proof key wrapped by the key store: whoever reads it can
 * neither find a token nor make a proof. Live ones are in memory, so that a request costs a hash and an HMAC.
 */
export class Sessions {
  readonly #db: OperationalDatabase
  readonly #directory: Directory
  readonly #keys: KeyStore
  readonly #limits: SessionLimits
  readonly #startedAt: number
  readonly #live = new Map<string, LiveSession>()
  /** The live ones by the token itself once it came: hashing it again is a tenth of what a read costs. Memory only. */
  readonly #proved = new Map<string, LiveSession>()
  readonly #loading = new Map<string, Promise<LiveSession>>()
  /** Ended here but not yet in the database (the chain takes no entry now): refused, and tried again by `sweep`. */
  readonly #ending = new Map<string, { readonly session: LiveSession; readonly why: EndReason }>()
  #end: EndWith | null = null

  constructor(db: OperationalDatabase, directory: Directory, keys: KeyStore, limits: SessionLimits, startedAt: number) {
    this.#db = db
    this.#directory = directory
    this.#keys = keys
    this.#limits = limits
    this.#startedAt = startedAt
  }

  /** Who writes the audit entry of an ending; set once, by `compose`. */
  endWith(end: EndWith): void {
    this.#end = end
  }

  get count(): number {
    return this.#live.size
  }

  /**
   * Stores a new session in the transaction given. The token is told once and kept nowhere; `made.proofKey` is wiped.
   * Call `admit` after the change was settled; before that the session answers no request.
   */
  async create(
    trx: OperationalTransaction,
    made: NewSession,
    at: number,
  ): Promise<{ token: string; session: LiveSession }> {
    const token = randomBytes(32).toString('base64url')
    const wrapped = await this.#keys.wrap(SESSION_WRAPPING_KEY, made.proofKey)
    const { kty, crv, x, y } = made.sessionKey
    const row: SessionRowStored = {
      id: newId('session'),
      tenant: this.#directory.tenant,
      version: 1,
      created_at: at,
      updated_at: at,
      division: made.division,
      office: made.office,
      operator_id: made.operatorId,
      role: made.role,
      station_id: made.station,
      key_thumbprint: hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url'),
      key_jwk: JSON.stringify({ kty, crv, x, y }),
      card_serial: made.cardSerial,
      expires_at: Math.min(at + this.#limits.lifeMs, made.certificateEnd, await this.#grantsEnd(trx, made, at)),
      locked_at: null,
      ended_at: null,
      end_reason: null,
      kind: made.kind,
      token_digest: digestOf(token),
      proof_key: wrapped,
      certificate: made.certificate,
      seen_at: at,
      clock_ahead_ms: null,
    }
    const last = await lastSignInAt(trx, made.operatorId)
    await insertSession(trx, row)
    return { token, session: await this.#revive(trx, row, made.proofKey, last) }
  }

  admit(session: LiveSession): void {
    this.#live.set(session.tokenDigest, session)
  }

  /**
   * The session of a request, proved. Throws SESSION_REQUIRED, SESSION_EXPIRED, SESSION_LOCKED, SESSION_PROOF_INVALID.
   */
  async authenticate(request: ProvedRequest, now: number): Promise<LiveSession> {
    const proved = this.#proved.get(request.token)
    const session = proved ?? (await this.#liveOf(request.token))
    // It may have begun to end while it was loaded.
    if (this.#ending.has(session.tokenDigest)) throw new AppError('SESSION_LOCKED')
    if (session.view.expiresAt <= now || session.seenAt + this.#limits.idleMs <= now) {
      await this.end(session, 'expired')
      throw new AppError('SESSION_EXPIRED')
    }
    const timeMs = verifyProof(request, session.mac, session.window, now, session.notBefore)
    if (timeMs - now > session.clockAheadMs) {
      session.clockAheadMs = Math.ceil((timeMs - now) / 1000) * 1000
      await setSessionClock(this.#db, session.id, session.clockAheadMs)
    }
    session.seenAt = now
    if (!proved && this.#live.get(session.tokenDigest) === session) this.#proved.set(request.token, session)
    if (now - session.savedAt > SEEN_EVERY_MS) {
      session.savedAt = now
      await touchSession(this.#db, session.id, now)
    }
    return session
  }

  /** Ends a session with its audit entry; nothing happens when it had ended. */
  async end(session: LiveSession, why: EndReason): Promise<void> {
    const end = this.#end
    if (!end) throw new AppError('INTERNAL', { reason: 'sessions-not-composed' })
    // First of all nobody may use it any more, whatever the database says next; nor bring it back by a load under way.
    this.#ending.set(session.tokenDigest, { session, why })
    await this.#loading.get(session.tokenDigest)?.catch(() => null)
    this.#live.delete(session.tokenDigest)
    for (const [token, held] of this.#proved) if (held === session) this.#proved.delete(token)
    session.mac.wipe()
    const at = Date.now()
    await end(session, async (trx, tell) => {
      const isLock = why === 'lock' || why === 'card-removed'
      if (!(await endSession(trx, session.id, { at, reason: why, isLock }))) return
      const after = { id: session.id, name: session.view.operator.name, kind: session.view.kind, end: why }
      await tell({ action: 'Logout', object: { type: 'session', id: session.id }, after, reason: why })
    })
    this.#ending.delete(session.tokenDigest)
  }

  /** Ends all sessions of an operator: suspended, or their certificate revoked. */
  async endOf(operatorId: string): Promise<void> {
    for (const session of await this.#open()) {
      if (session.view.operator.id === operatorId) await this.end(session, 'revoked')
    }
  }

  /** Ends what ran out, so that the audit says when; called by a timer. */
  async sweep(now: number): Promise<void> {
    for (const { session, why } of this.#ending.values()) await this.end(session, why)
    for (const session of await this.#open()) {
      if (session.view.expiresAt <= now || session.seenAt + this.#limits.idleMs <= now)
        await this.end(session, 'expired')
    }
  }

  /**
   * All that could still be used, for ending them: live ones, and those of an earlier process nobody came back to. The
   * latter need no key for that, so that neither an altered row nor a key store that is away keeps one from ending.
   */
  async #open(): Promise<LiveSession[]> {
    const open: LiveSession[] = []
    for (const row of await listOpenSessions(this.#db, this.#directory.tenant)) {
      const digest = row.token_digest ?? ''
      if (this.#ending.has(digest)) continue
      open.push(this.#live.get(digest) ?? (await this.#revive(this.#db, row, randomBytes(32), null)))
    }
    return open
  }

  /** When the first of the operator's grants runs out: the rights of a session are those it began with. */
  async #grantsEnd(trx: OperationalTransaction, { operatorId }: NewSession, at: number): Promise<number> {
    const grants = await listGrants(trx, this.#directory.tenant, [operatorId], at)
    return Math.min(...grants.map(({ valid_to: end }) => end ?? Infinity))
  }

  #liveOf(token: string): LiveSession | Promise<LiveSession> {
    const digest = digestOf(token)
    if (this.#ending.has(digest)) throw new AppError('SESSION_LOCKED')
    return this.#live.get(digest) ?? this.#load(digest)
  }

  /** One load per token at a time: two would make two replay windows. */
  #load(digest: string): Promise<LiveSession> {
    const running = this.#loading.get(digest)
    if (running) return running
    const loading = this.#find(digest).finally(() => this.#loading.delete(digest))
    this.#loading.set(digest, loading)
    return loading
  }

  async #find(digest: string): Promise<LiveSession> {
    const row = await findSessionByToken(this.#db, digest)
    if (!row || row.tenant !== this.#directory.tenant) throw new AppError('SESSION_REQUIRED')
    if (row.ended_at !== null || row.proof_key === null) {
      if (row.locked_at !== null) throw new AppError('SESSION_LOCKED')
      throw new AppError(row.end_reason === 'expired' ? 'SESSION_EXPIRED' : 'SESSION_REQUIRED')
    }
    const operator = await findOperator(this.#db, row.tenant, row.operator_id)
    if (operator?.status !== 'active') throw new AppError('SESSION_REQUIRED')
    const station = row.station_id === null ? null : await findStation(this.#db, row.tenant, row.station_id)
    if (row.station_id !== null && station?.status !== 'active') throw new AppError('SESSION_REQUIRED')
    const proofKey = await this.#keys.unwrap(SESSION_WRAPPING_KEY, row.proof_key)
    const session = await this.#revive(this.#db, row, proofKey, null)
    this.#live.set(digest, session)
    return session
  }

  async #revive(
    db: OperationalDatabase | OperationalTransaction,
    row: SessionRowStored,
    proofKey: Uint8Array,
    last: number | null,
  ): Promise<LiveSession> {
    const mac = new ProofMac(proofKey)
    proofKey.fill(0)
    const granted = await listGrants(db, row.tenant, [row.operator_id], Date.now())
    // A console has no card in a reader and no station: it is given the roles that are for consoles, not the desk's.
    const rows = row.kind === 'console' ? granted.filter((grant) => isConsoleRole(grant.role)) : granted
    const { resolved, views } = resolveGrants(this.#directory, rows)
    const station = row.station_id === null ? null : await findStation(db, row.tenant, row.station_id)
    const office = this.#directory.office(row.office)
    return {
      id: row.id,
      tokenDigest: row.token_digest ?? '',
      mac,
      window: new ReplayWindow(),
      ability: abilityOf(resolved),
      tenant: row.tenant,
      officeId: row.office,
      certificate: row.certificate,
      seenAt: row.seen_at ?? row.created_at,
      savedAt: row.seen_at ?? row.created_at,
      // What the process before took was at most this far ahead of its clock, and it had stopped when we started.
      notBefore: this.#startedAt + (row.clock_ahead_ms ?? 0),
      clockAheadMs: row.clock_ahead_ms ?? 0,
      minute: 0,
      requests: 0,
      view: {
        id: row.id,
        kind: row.kind === 'console' ? 'console' : 'desk',
        operator: { id: row.operator_id, name: this.#directory.operatorName(row.operator_id) },
        role: Role.parse(row.role),
        grants: views,
        office: office && { id: office.id, name: office.name, division: office.divisionName },
        station: station && { id: station.id, name: station.name },
        cardSerial: row.card_serial,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        lastSignInAt: last,
      },
    }
  }
}
