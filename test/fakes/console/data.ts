import { createHash, randomBytes } from 'node:crypto'
import type {
  AuditAction,
  AuditEntryView,
  HealthView,
  ObjectType,
  OperatorView,
  Role,
  SessionView,
  StationView,
} from '../../../shared/contract/index.ts'

/** What the fake server knows: a small office's worth of made-up people and what they did. */
export const CHAIN = 'desk-server-1'
const OFFICE = { id: 'office_central01', name: 'Central office', division: 'Registry' }
const MINUTE = 60_000

const PEOPLE = [
  'Anna Rossi',
  'Marco Bianchi',
  'Giulia Ferrari',
  'Luca Esposito',
  'Sofia Romano',
  'José Müller-Østergård',
]
const OPERATORS: readonly [string, string, Role][] = [
  ['op_officer001', 'Elena Conti', 'RO'],
  ['op_helpdesk01', 'Paolo Greco', 'HD'],
  ['op_auditor001', 'Chiara Ricci', 'AO'],
  ['op_admin00001', 'Davide Marino', 'SA'],
]

interface Happening {
  action: AuditAction
  type: ObjectType
  who: number
  before: unknown
  after: unknown
  reason?: string
}

const holder = (i: number) => ({
  givenNames: PEOPLE[i % PEOPLE.length]?.split(' ')[0] ?? 'Anna',
  familyName: PEOPLE[i % PEOPLE.length]?.split(' ')[1] ?? 'Rossi',
  birthDate: `19${60 + (i % 40)}-0${1 + (i % 9)}-14`,
  nationality: 'ITA',
  email: i % 3 === 0 ? null : `person${i}@example.com`,
})

/** One turn of the day's work, repeated. */
const turn = (i: number, at: number): Happening[] => [
  { action: 'Login', type: 'session', who: 0, before: null, after: null },
  { action: 'Insertion', type: 'holder', who: 0, before: null, after: holder(i) },
  {
    action: 'Modification',
    type: 'holder',
    who: 0,
    before: holder(i),
    after: { ...holder(i), email: `new${i}@example.com`, personalNumber: `RSS${i}80A41F205X` },
  },
  {
    action: 'Modification',
    type: 'enrolment',
    who: 0,
    before: { state: 'personalising', cardSerial: null, steps: [] },
    after: { state: 'issued', cardSerial: `A1B2C3${1000 + i}`, signedAt: at, steps: ['claim', 'pin-puk', 'finish'] },
  },
  {
    action: 'Insertion',
    type: 'certificate',
    who: 0,
    before: null,
    after: { slot: '9A', algorithm: 'ecdsa-p256', notAfter: at + 9e10 },
  },
  {
    action: 'Disclosure',
    type: 'secret-code',
    who: 1,
    before: null,
    after: null,
    reason: 'Holder called, PIN forgotten',
  },
  { action: 'AccessDenied', type: 'route', who: 1, before: null, after: null, reason: 'certificate.revoke' },
  { action: 'LoginFailed', type: 'session', who: 3, before: null, after: null },
]

const entryOf = (h: Happening, sequence: number, time: number, turnIndex: number): AuditEntryView => {
  const [operatorId, operatorName, role] = OPERATORS[h.who] ?? ['op_unknown001', 'Unknown', 'RO']
  const seed = createHash('sha256').update(`${sequence}`).digest()
  return {
    chain: CHAIN,
    sequence,
    time,
    tenant: 'default',
    operatorId: h.action === 'LoginFailed' ? null : operatorId,
    operatorName: h.action === 'LoginFailed' ? null : operatorName,
    role: h.action === 'LoginFailed' ? null : role,
    office: OFFICE.name,
    officeName: OFFICE.name,
    station: h.who === 3 ? null : 'Counter 1',
    stationName: h.who === 3 ? null : 'Counter 1',
    action: h.action,
    objectType: h.type,
    objectId: `${h.type === 'secret-code' ? 'code' : h.type}_${String(turnIndex).padStart(8, '0')}`,
    objectName: h.type === 'holder' || h.type === 'enrolment' ? (PEOPLE[turnIndex % PEOPLE.length] ?? null) : null,
    correlationId: `req-${seed.toString('hex').slice(0, 12)}`,
    before: h.before as AuditEntryView['before'],
    after: h.after as AuditEntryView['after'],
    changed: [],
    reason: h.reason ?? null,
    digest: seed.toString('hex'),
    signature: Buffer.concat([seed, seed]).toString('base64url'),
    keyId: `epoch-${seed.toString('hex').slice(0, 16)}`,
    erased: null,
  }
}

/** Oldest first; the newest is a minute old. */
export const makeEntries = (turns: number, now: number): AuditEntryView[] => {
  const entries: AuditEntryView[] = []
  const size = turn(0, now).length
  for (let i = 0; i < turns; i++)
    for (const h of turn(i, now)) {
      const sequence = entries.length
      entries.push(entryOf(h, sequence, now - (turns * size - sequence) * 7 * MINUTE, i))
    }
  // One person's data was erased on request.
  for (const entry of entries)
    if (entry.objectId === 'holder_00000005') {
      entry.before = null
      entry.after = null
      entry.objectName = null
      entry.erased = { at: now - MINUTE, by: 'op_auditor001', byName: 'Chiara Ricci', rule: 'data-subject-request' }
    }
  return entries
}

export const makeSession = (roles: readonly Role[], now: number): SessionView => ({
  id: `session_${randomBytes(8).toString('hex')}`,
  kind: 'console',
  operator: { id: 'op_auditor001', name: 'Chiara Ricci' },
  role: roles[0] ?? 'AO',
  grants: roles.map((role) => ({ role, scope: { kind: 'everything' as const } })),
  office: null,
  station: null,
  cardSerial: null,
  createdAt: now,
  expiresAt: now + 8 * 60 * MINUTE,
  lastSignInAt: now - 26 * 60 * MINUTE,
})

export const makeHealth = (entries: number, startedAt: number, now: number): HealthView => ({
  state: 'warning',
  version: '0.1.0',
  node: CHAIN,
  startedAt,
  time: now,
  keys: 'software',
  chain: { name: CHAIN, sequence: entries - 1, state: 'running', waiting: 0 },
  checks: [
    { name: 'operational-database', state: 'ok', detail: null, ms: 0.4 },
    { name: 'audit-database', state: 'ok', detail: null, ms: 0.6 },
    { name: 'key-store', state: 'warning', detail: 'Keys are kept in software', ms: 0.1 },
    { name: 'certification-authority', state: 'ok', detail: 'CRL is valid for 6 more hours', ms: 1.2 },
    { name: 'disk', state: 'ok', detail: '38 GB free', ms: 0.2 },
  ],
  load: { requestsPerMinute: 42, memoryMb: 131.4, eventLoopMs: 1.7 },
})

export const makeOperators = (): OperatorView[] =>
  OPERATORS.map(([id, name, role], i) => ({
    id,
    name,
    email: i === 3 ? null : `${name.toLowerCase().replace(' ', '.')}@example.com`,
    status: i === 1 ? ('suspended' as const) : ('active' as const),
    grants: [
      {
        role,
        scope:
          role === 'RO' || role === 'HD'
            ? { kind: 'office' as const, id: OFFICE.id, name: OFFICE.name }
            : { kind: 'everything' as const },
      },
    ],
    etag: '"1"',
  }))

export const makeStations = (now: number): StationView[] =>
  ['Counter 1', 'Counter 2', 'Back office', 'Help desk'].map((name, i) => ({
    id: `station_0000000${i}`,
    name,
    office: OFFICE,
    status: i === 2 ? ('suspended' as const) : ('active' as const),
    lastSeenAt: i === 3 ? null : now - i * 47 * MINUTE,
  }))
