import { randomBytes } from 'node:crypto'
import {
  AppError,
  hasRight,
  type AuditEntryRow,
  type AuditEntryView,
  type ConsoleAnswer,
  type HttpName,
  type PublicJwk,
  type Role,
  type SessionView,
  type VerificationView,
} from '../../../shared/contract/index.ts'
import { CHAIN, makeEntries, makeHealth, makeOperators, makeSession, makeStations } from './data.ts'
import { createExports } from './exports.ts'
import { createOperations, failedVerificationAlarm } from './operations.ts'
import { openSession, type GateSession } from './session-gate.ts'

/** How the fake behaves; a test changes it while it runs. */
export interface Behaviour {
  /** Roles the next approved session has. */
  roles: Role[]
  /** Added to every answer. */
  delayMs: number
  /** Calls that answer with INTERNAL. */
  failing: Set<string>
  /** How long a console code lives. */
  codeMs: number
  /** Entries checked per second by a verification, and what it finds. */
  verifyPerSecond: number
  faults: VerificationView['faults']
}

interface Pending {
  readonly session: GateSession
  answer: ConsoleAnswer
}
/** Handlers get parsed parts, as the real ones do. */
export interface Call {
  readonly params: Record<string, string | number>
  readonly query: Record<string, unknown>
  readonly body: Record<string, unknown>
  readonly view: SessionView
}
type Handler = (call: Call) => unknown

const cursorOf = (n: number): string => Buffer.from(String(n)).toString('base64url')
const paged = <T>(items: readonly T[], query: Record<string, unknown>): { items: T[]; next: string | null } => {
  const start = query.cursor === undefined ? 0 : Number(Buffer.from(query.cursor as string, 'base64url').toString())
  const end = start + Number(query.limit)
  return { items: items.slice(start, end), next: end < items.length ? cursorOf(end) : null }
}

const asRow = (entry: AuditEntryView): AuditEntryRow => {
  const {
    before: _b,
    after: _a,
    changed: _c,
    reason: _r,
    digest: _d,
    signature: _s,
    keyId: _k,
    erased: _e,
    ...row
  } = entry
  return row
}
const includes = (where: unknown, what: unknown): boolean =>
  what === undefined ||
  [what as string | string[]].flat().some((one) => JSON.stringify(where).toLowerCase().includes(one.toLowerCase()))
const isOneOf = (value: string, wanted: unknown): boolean =>
  wanted === undefined || (wanted as readonly string[]).includes(value)
const matches = (entry: AuditEntryView, q: Record<string, unknown>): boolean =>
  (q.from === undefined || entry.time >= Number(q.from)) &&
  (q.to === undefined || entry.time <= Number(q.to)) &&
  isOneOf(entry.objectType, q.objectType) &&
  (q.objectId === undefined || entry.objectId === q.objectId) &&
  isOneOf(entry.action, q.action) &&
  isOneOf(entry.chain, q.chain) &&
  (q.correlationId === undefined || entry.correlationId === q.correlationId) &&
  includes([entry.operatorName, entry.operatorId], q.operator) &&
  includes(entry.office, q.office) &&
  includes(entry.station, q.station) &&
  includes(entry, q.text)

/** The fake server's memory and what it answers to the calls a console makes. */
export const createFakeApi = (behaviour: Behaviour) => {
  const startedAt = Date.now() - 93_000_000
  const entries = makeEntries(40, Date.now())
  const pending = new Map<string, Pending>()
  const views = new Map<GateSession, SessionView>()
  const sessions = new Map<string, GateSession>()
  const verifications: VerificationView[] = []
  const operations = createOperations(entries)

  const advance = (v: VerificationView): VerificationView => {
    if (v.state !== 'running') return v
    v.checked = Math.min(v.total, Math.floor(((Date.now() - v.startedAt) * behaviour.verifyPerSecond) / 1000))
    if (v.checked < v.total) return v
    v.state = behaviour.faults.length > 0 ? 'failed' : 'passed'
    v.payloadsErased = 0
    if (v.state === 'failed' && operations.alarms.length === 1)
      operations.alarms.push(failedVerificationAlarm(Date.now()))
    v.endedAt = Date.now()
    v.faults = behaviour.faults
    v.head = { chain: CHAIN, sequence: entries.length - 1, digest: entries.at(-1)?.digest ?? '' }
    return v
  }
  const verification = (id: unknown): VerificationView => {
    const found = verifications.find((v) => v.id === id)
    if (found === undefined) throw new AppError('NOT_FOUND')
    return advance(found)
  }

  const handlers: Partial<Record<HttpName, Handler>> = {
    ...operations.handlers,
    ...createExports(() => entries.length),
    followAudit: (call) => {
      const answer = operations.handlers.followAudit?.(call) as { items: AuditEntryView[] }
      return { ...answer, items: answer.items.filter((e) => matches(e, call.query)).map(asRow) }
    },
    ping: () => ({ name: 'Countersign (fake)', version: '0.1.0', time: Date.now(), keys: 'software' }),
    createConsoleRequest: ({ body }) => {
      const { request, session } = openSession(body.sessionKey as PublicJwk, behaviour.codeMs)
      pending.set(request.id, { session, answer: { state: 'waiting' } })
      return request
    },
    readConsoleRequest: ({ params }) => {
      const found = pending.get(String(params.id))
      if (found === undefined) throw new AppError('NOT_FOUND')
      return found.answer
    },
    readSession: ({ view }) => view,
    endSession: () => {
      sessions.clear()
      return { done: true }
    },
    listAudit: ({ query }) => {
      const page = paged(entries.filter((e) => matches(e, query)).reverse(), query)
      return { ...page, items: page.items.map(asRow) }
    },
    readAudit: ({ params }) => {
      const entry = entries.find((e) => e.chain === params.chain && e.sequence === Number(params.sequence))
      if (entry === undefined) throw new AppError('AUDIT_NOT_FOUND')
      return entry
    },
    readTrail: ({ params, query }) =>
      paged(
        entries.filter((e) => e.objectType === params.objectType && e.objectId === params.objectId),
        query,
      ),
    startVerification: ({ body, view }) => {
      if (verifications.some((v) => advance(v).state === 'running')) throw new AppError('AUDIT_VERIFICATION_RUNNING')
      const made: VerificationView = {
        id: `verification_${randomBytes(8).toString('hex')}`,
        depth: body.depth as 'quick' | 'full',
        chain: CHAIN,
        waiting: [],
        scheduled: false,
        signaturesChecked: null,
        payloadsErased: null,
        error: null,
        resumed: null,
        state: 'running',
        startedAt: Date.now(),
        endedAt: null,
        startedBy: view.operator,
        checked: 0,
        total: entries.length,
        faults: [],
        head: null,
      }
      verifications.unshift(made)
      return made
    },
    readVerification: ({ params }) => verification(params.id),
    listVerifications: ({ query }) => paged(verifications.map(advance), query),
    cancelVerification: ({ params }) => {
      const v = verification(params.id)
      if (v.state === 'running') Object.assign(v, { state: 'cancelled', endedAt: Date.now() })
      return v
    },
    readHealth: () => makeHealth(entries.length, startedAt, Date.now()),
    listOperators: ({ query }) =>
      paged(
        makeOperators().filter((o) => includes([o.name, o.email], query.text)),
        query,
      ),
    listStations: ({ query }) => paged(makeStations(Date.now()), query),
  }

  return {
    sessions,
    handle(name: HttpName, call: Omit<Call, 'view'>, session: GateSession | null, right: string): unknown {
      const view = session === null ? makeSession([], 0) : (views.get(session) ?? makeSession([], 0))
      const roles = view.grants.map((g) => g.role)
      if (session !== null && !hasRight(roles, right as Parameters<typeof hasRight>[1]))
        throw new AppError('ACCESS_DENIED')
      if (behaviour.failing.has(name)) throw new AppError('INTERNAL')
      const handler = handlers[name]
      if (handler === undefined) throw new AppError('NOT_FOUND')
      return handler({ ...call, view })
    },
    /** Something happens: the newest entry again, as a new one. */
    happen: (): void => {
      const last = entries.at(-1)
      if (last !== undefined) entries.push({ ...last, sequence: last.sequence + 1, time: Date.now() })
    },
    /** What an operator does at a desk: approves or refuses the newest code. */
    decide: (approve: boolean): void => {
      const newest = [...pending.values()].at(-1)
      if (newest === undefined) return
      const view = makeSession(behaviour.roles, Date.now())
      if (approve) {
        sessions.set(newest.session.token, newest.session)
        views.set(newest.session, view)
      }
      newest.answer = approve ? { state: 'approved', token: newest.session.token, session: view } : { state: 'refused' }
    },
  }
}
