import { randomBytes } from 'node:crypto'
import {
  AppError,
  type AccessReviewView,
  type AccessRow,
  type AuditChainView,
  type AuditEntryView,
  type AuditFilterView,
  type HttpName,
  type SavedAuditSearch,
  type SessionView,
} from '../../../shared/contract/index.ts'
import type { AlarmView, MailRecipient } from '../../../shared/contract/routes/alarms.ts'
import {
  RETENTION_DEFAULTS,
  type CleaningView,
  type ErasureView,
  type RetentionClass,
  type RetentionView,
} from '../../../shared/contract/routes/audit-retention.ts'
import type { WitnessView } from '../../../shared/contract/routes/audit-witness.ts'
import type { JobView, ScheduleView } from '../../../shared/contract/routes/jobs.ts'
import { CHAIN } from './data.ts'

interface Asked {
  readonly params: Record<string, string | number>
  readonly query: Record<string, unknown>
  readonly body: Record<string, unknown>
  readonly view: SessionView
}
type Handlers = Partial<Record<HttpName, (call: Asked) => unknown>>

const DAY = 86_400_000
const ETAG = '"1"'
const made = (kind: string): string => `${kind}_${randomBytes(8).toString('hex')}`
const hash = (seed: number): string => Buffer.alloc(32, seed).toString('base64')
const ONE_PAGE = { next: null }
const SAM = { id: 'op_admin00001', name: 'Davide Marino' }

const makeAlarms = (now: number): AlarmView[] => [
  {
    id: 'alarm_00000001',
    kind: 'witness-stale',
    key: 'witness.example.org',
    severity: 'warning',
    detail: { witness: 'witness.example.org', size: 280 },
    raisedAt: now - 2 * DAY,
    lastRaisedAt: now - DAY / 4,
    times: 3,
    acknowledgedAt: now - DAY,
    acknowledgedBy: SAM,
    clearedAt: null,
    etag: ETAG,
  },
]
export const failedVerificationAlarm = (now: number): AlarmView => ({
  id: 'alarm_00000002',
  kind: 'verification-failed',
  key: CHAIN,
  severity: 'critical',
  detail: { chain: CHAIN, faults: 2, sequence: 41 },
  raisedAt: now - 600_000,
  lastRaisedAt: now - 600_000,
  times: 1,
  acknowledgedAt: null,
  acknowledgedBy: null,
  clearedAt: null,
  etag: ETAG,
})

const makeWitnesses = (size: number, now: number): WitnessView[] => {
  const desk = (n: number, seen: number | null, age: number): WitnessView => ({
    name: `station_0000000${n}`,
    kind: 'desk',
    station: `station_0000000${n}`,
    stationName: `Counter ${n}`,
    vkey: `station+0000000${n}+AAAA`,
    size: seen,
    time: seen === null ? null : now - age,
    stale: false,
    failure: null,
  })
  return [
    desk(1, size, 90_000),
    desk(2, size - 24, 40 * 60_000),
    desk(3, null, 0),
    {
      name: 'witness.example.org',
      kind: 'outside',
      station: null,
      stationName: null,
      vkey: 'witness.example.org+00000009+AAAA',
      size: size - 40,
      time: now - 2 * DAY,
      stale: true,
      failure: 'connection refused',
    },
  ]
}

const makeSchedules = (now: number): ScheduleView[] => {
  const row = (name: ScheduleView['name'], kind: ScheduleView['kind'], cron: string, enabled = true): ScheduleView => ({
    name,
    kind,
    cron,
    timeZone: 'Europe/Rome',
    enabled,
    nextAt: enabled ? now + DAY / 3 : null,
    lastAt: enabled ? now - DAY / 2 : null,
    lastJob: enabled ? { id: 'job_00000001', state: 'done' } : null,
    etag: ETAG,
  })
  return [
    row('audit-verification', 'audit-verification', '15 * * * *'),
    row('audit-verification-full', 'audit-verification', '0 2 * * 0'),
    row('audit-cleaning', 'audit-cleaning', '30 3 1 * *', false),
    row('personal-data-erasure', 'personal-data-erasure', '0 4 * * *'),
  ]
}

const makeJobs = (now: number): JobView[] => {
  const row = (n: number, kind: JobView['kind'], state: JobView['state'], error: string | null): JobView => ({
    id: `job_0000000${n}`,
    kind,
    state,
    schedule: n % 2 === 0 ? 'audit-verification' : null,
    requestedBy: n === 3 ? SAM : null,
    attempts: state === 'waiting' ? 0 : state === 'dead' ? 5 : 1,
    maxAttempts: 5,
    createdAt: now - n * 3_600_000,
    dueAt: now - n * 3_600_000,
    endedAt: state === 'waiting' ? null : now - n * 3_500_000,
    lastError: error,
    etag: ETAG,
  })
  return [
    row(1, 'mail', 'waiting', null),
    row(2, 'audit-verification', 'done', null),
    row(3, 'mail', 'dead', 'INTERNAL'),
    row(4, 'audit-verification', 'done', null),
  ]
}

const makeAccess = (now: number): AccessRow[] =>
  Array.from({ length: 60 }, (_, n): AccessRow => {
    const event = n % 7 === 3 ? 'failed' : n % 2 === 0 ? 'sign-in' : 'sign-out'
    const means = n % 11 === 5 ? 'shell' : n % 3 === 0 ? 'desk' : 'console'
    return {
      chain: CHAIN,
      sequence: 300 - n,
      time: now - n * 5_000_000,
      event,
      means,
      operatorId: means === 'shell' ? null : SAM.id,
      name: means === 'shell' ? 'countersign' : event === 'failed' ? null : SAM.name,
      role: means === 'shell' ? null : 'SA',
      station: means === 'desk' ? 'station_00000001' : null,
      stationName: means === 'desk' ? 'Counter 1' : null,
      address: '127.0.0.1',
      detail: event === 'failed' ? 'SIGN_IN_STATEMENT_INVALID' : means === 'shell' ? 'audit verify' : null,
      outOfHours: n % 6 === 4,
      correlationId: `req-${n}`,
    }
  })

const makeReview = (year: number, now: number): AccessReviewView => ({
  year,
  from: Date.UTC(year, 0, 1),
  to: Date.UTC(year + 1, 0, 1),
  isOver: Date.UTC(year + 1, 0, 1) < now,
  missingBefore: null,
  hours: { from: 7, to: 20, days: [1, 2, 3, 4, 5], zone: 'Europe/Rome' },
  totals: { signIns: 214, signOuts: 209, failures: 6, outOfHours: 11 },
  months: Array.from({ length: 10 }, (_, n) => ({
    month: `${year}-${String(n + 1).padStart(2, '0')}`,
    operatorId: SAM.id,
    name: SAM.name,
    means: n % 4 === 1 ? ('shell' as const) : ('console' as const),
    signIns: 20 + n,
    signOuts: 19 + n,
    failures: n % 3,
    outOfHours: n % 4,
  })),
  reviewed: null,
})

const makeChain = (entries: readonly AuditEntryView[], now: number): AuditChainView => ({
  chain: CHAIN,
  own: true,
  size: entries.length,
  head: { sequence: entries.length - 1, time: entries.at(-1)?.time ?? now, digest: entries.at(-1)?.digest ?? '' },
  createdAt: entries[0]?.time ?? now,
  first: { sequence: 0, time: entries[0]?.time ?? now },
  cut: null,
  keyMode: 'epoch',
  state: 'running',
  waiting: 0,
  keyId: 'audit-key-1',
  checkpoint: { size: entries.length - 3, at: now - 45_000 },
  lastVerification: null,
})

/** What the console asks beside the entries: filters, chains, alarms, jobs, mail, retention, access. */
export const createOperations = (entries: AuditEntryView[]) => {
  const now = Date.now()
  const alarms = makeAlarms(now)
  const filters: AuditFilterView[] = []
  let schedules = makeSchedules(now)
  const jobs = makeJobs(now)
  let recipients: MailRecipient[] = [{ address: 'security@example.com', language: 'en' }]
  let windowMonths: number | null = null
  let classes: Record<RetentionClass, number> = { ...RETENTION_DEFAULTS }
  const cleanings: CleaningView[] = []
  const erasures: ErasureView[] = [
    {
      id: 'erasure_00000001',
      objectType: 'holder',
      objectId: 'holder_00000007',
      rule: 'data-subject-request',
      reason: 'The holder asked for it in writing',
      state: 'requested',
      requestedBy: SAM,
      requestedAt: now - DAY,
      decidedBy: null,
      decidedAt: null,
      refusal: null,
      entries: 2,
      bytes: 1834,
      endedAt: null,
      error: null,
      etag: ETAG,
    },
  ]
  const reviews = new Map([2026, 2025].map((year) => [year, makeReview(year, now)] as const))
  const mine = <T extends { id: string }>(list: readonly T[], id: unknown): T => {
    const found = list.find((one) => one.id === id)
    if (found === undefined) throw new AppError('NOT_FOUND')
    return found
  }
  const retention = (): RetentionView => ({
    windowMonths,
    classes: (Object.keys(RETENTION_DEFAULTS) as RetentionClass[]).map((name) => ({
      class: name,
      months: classes[name],
      defaultMonths: RETENTION_DEFAULTS[name],
    })),
    chains: [{ chain: CHAIN, first: 0, head: entries.length - 1, oldestAt: entries[0]?.time ?? null }],
    notes: windowMonths === null ? ['window-unset'] : [],
    etag: ETAG,
  })
  const decide = (erasure: ErasureView, by: SessionView, change: Partial<ErasureView>): ErasureView =>
    Object.assign(erasure, { decidedBy: by.operator, decidedAt: Date.now(), ...change })

  const handlers: Handlers = {
    followAudit: ({ query }) => {
      const after = query['after'] === undefined ? null : Number(Buffer.from(query['after'] as string, 'base64url'))
      const items = after === null ? [] : entries.slice(after).toReversed()
      return { items, cursor: Buffer.from(String(entries.length)).toString('base64url'), more: false }
    },
    listChains: () => ({ items: [makeChain(entries, Date.now())] }),
    listCheckpoints: () => ({
      items: [
        {
          chain: CHAIN,
          origin: `countersign/${CHAIN}`,
          size: entries.length - 3,
          root: hash(7),
          time: Date.now() - 45_000,
          note: 'a note',
          vkey: 'a+b+c',
          binding: { noteKeys: [], hsmKeys: [] },
          stamped: { size: entries.length - 60, note: 'a note', token: 'AAAA', time: Date.now() - DAY / 3 },
        },
      ],
    }),
    listWitnesses: () => ({ size: entries.length - 3, items: makeWitnesses(entries.length - 3, Date.now()) }),
    proveInclusion: ({ params }) => ({
      chain: params['chain'],
      index: Number(params['sequence']),
      size: entries.length,
      hashes: [hash(1)],
      note: 'a note',
      entry: 'AAAA',
      proof: 'c2sp.org/tlog-proof@v1\n',
    }),
    listAuditFilters: () => ({ items: filters }),
    createAuditFilter: ({ body }) => {
      if (filters.some((one) => one.name === body['name'])) throw new AppError('REQUEST_CONFLICT')
      const at = Date.now()
      const filter: AuditFilterView = {
        id: made('filter'),
        etag: ETAG,
        name: String(body['name']),
        search: body['search'] as SavedAuditSearch,
        createdAt: at,
        updatedAt: at,
      }
      filters.push(filter)
      return filter
    },
    updateAuditFilter: ({ params, body }) => Object.assign(mine(filters, params['id']), body),
    deleteAuditFilter: ({ params }) => {
      filters.splice(filters.indexOf(mine(filters, params['id'])), 1)
      return { done: true }
    },
    listAlarms: ({ query }) => ({
      items: alarms.filter((alarm) => query['state'] === 'all' || alarm.clearedAt === null),
      ...ONE_PAGE,
    }),
    acknowledgeAlarm: ({ params, view }) =>
      Object.assign(mine(alarms, params['id']), { acknowledgedAt: Date.now(), acknowledgedBy: view.operator }),
    readMailSettings: () => ({
      recipients,
      server: { host: 'mail.example.com', port: 465, security: 'tls', from: 'countersign@example.com' },
      waiting: 1,
      undeliverable: 0,
      etag: ETAG,
    }),
    setMailSettings: ({ body }) => {
      recipients = body['recipients'] as MailRecipient[]
      return handlers.readMailSettings?.({} as Asked)
    },
    sendTestMail: () => ({ job: 'job_00000002' }),
    listJobs: ({ query }) => ({
      items: jobs.filter(
        (job) =>
          (query['state'] === undefined || job.state === query['state']) &&
          (query['kind'] === undefined || job.kind === query['kind']),
      ),
      ...ONE_PAGE,
    }),
    readJob: ({ params }) => {
      const job = mine(jobs, params['id'])
      const runs = Array.from({ length: job.attempts }, (_, n) => ({
        attempt: n + 1,
        node: CHAIN,
        startedAt: job.createdAt + n * 60_000,
        endedAt: job.createdAt + n * 60_000 + 1200,
        outcome: job.lastError === null ? ('done' as const) : ('failed' as const),
        error: job.lastError,
      }))
      return { ...job, runs }
    },
    retryJob: ({ params }) => Object.assign(mine(jobs, params['id']), { state: 'waiting', attempts: 0 }),
    listSchedules: () => ({ items: schedules }),
    setSchedule: ({ params, body }) => {
      schedules = schedules.map((one) => (one.name === params['name'] ? { ...one, ...body } : one))
      return schedules.find((one) => one.name === params['name'])
    },
    runSchedule: () => jobs[0],
    readRetention: retention,
    setRetention: ({ body }) => {
      const months = body['windowMonths'] as number | null
      windowMonths = months === null ? null : Math.max(12, months)
      classes = body['classes'] as typeof classes
      return retention()
    },
    planCleaning: () => ({
      items: [
        {
          chain: CHAIN,
          verdict: windowMonths === null ? 'window-unset' : 'ready',
          error: null,
          cut: windowMonths === null ? 0 : 256,
          entries: windowMonths === null ? 0 : 256,
          bytes: windowMonths === null ? 0 : 391_220,
          windowFrom: windowMonths === null ? null : now - 365 * DAY,
          until: windowMonths === null ? null : now - 366 * DAY,
          heldBy:
            windowMonths === null ? null : { class: 'registration-evidence', sequence: 301, until: now + 900 * DAY },
        },
      ],
    }),
    startCleaning: ({ body, view }) => {
      const cleaning: CleaningView = {
        id: made('cleaning'),
        chain: CHAIN,
        state: 'done',
        cut: Number(body['cut']),
        entries: 256,
        bytes: 391_220,
        until: now - 366 * DAY,
        requestedBy: view.operator,
        requestedAt: Date.now(),
        endedAt: Date.now(),
        error: null,
      }
      cleanings.unshift(cleaning)
      return cleaning
    },
    listCleanings: () => ({ items: cleanings, ...ONE_PAGE }),
    planErasure: ({ query }) => ({
      objectType: query['objectType'],
      objectId: query['objectId'],
      entries: 2,
      bytes: 1834,
      erasedBefore: 0,
      heldBy: null,
    }),
    requestErasure: ({ body, view }) => {
      const erasure: ErasureView = {
        ...(body as Pick<ErasureView, 'objectType' | 'objectId' | 'rule' | 'reason'>),
        id: made('erasure'),
        state: 'requested',
        requestedBy: view.operator,
        requestedAt: Date.now(),
        decidedBy: null,
        decidedAt: null,
        refusal: null,
        entries: 2,
        bytes: 1834,
        endedAt: null,
        error: null,
        etag: ETAG,
      }
      erasures.unshift(erasure)
      return erasure
    },
    listErasures: () => ({ items: erasures, ...ONE_PAGE }),
    approveErasure: ({ params, view }) => decide(mine(erasures, params['id']), view, { state: 'done' }),
    refuseErasure: ({ params, body, view }) =>
      decide(mine(erasures, params['id']), view, { state: 'refused', refusal: String(body['reason']) }),
    listAccess: ({ query }) => ({
      items: makeAccess(now).filter(
        (row) =>
          (query['event'] === undefined || (query['event'] as string[]).includes(row.event)) &&
          (query['means'] === undefined || (query['means'] as string[]).includes(row.means)),
      ),
      ...ONE_PAGE,
    }),
    listAccessYears: () => ({
      items: [...reviews.values()].map(({ year, isOver, reviewed }) => ({ year, isOver, reviewed })),
    }),
    readAccessReview: ({ params }) => reviews.get(Number(params['year'])),
    exportAccessReview: ({ params }) => ({
      name: `access-${params['year']}.csv`,
      mediaType: 'text/csv',
      content: 'month;name\n',
    }),
    markAccessReviewed: ({ params, body, view }) => {
      const review = reviews.get(Number(params['year']))
      if (review === undefined) throw new AppError('NOT_FOUND')
      review.reviewed = { id: made('review'), at: Date.now(), by: view.operator, note: String(body['note']) }
      return review
    },
  }
  return { handlers, alarms }
}
