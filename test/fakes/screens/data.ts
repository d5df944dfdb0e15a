import type {
  AuditEntryView,
  CardCertificate,
  CardOnReader,
  CardProfile,
  CardView,
  CertificateView,
  HolderView,
  ProofingView,
  ReaderView,
  SessionView,
} from '../../../shared/contract/views.ts'
import type { ExportView } from '../../../shared/contract/routes/exports.ts'
import type { Role, Slot } from '../../../shared/contract/words.ts'

type OfficeRef = SessionView['operator'] & { division: string }
type OperatorRef = SessionView['operator']

/** Believable people and cards. Times are taken from one fixed moment, so that pictures of screens stay the same. */
export const NOW = Date.UTC(2026, 10, 22, 9, 30)
const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY

export const office: OfficeRef = { id: 'off_milano-centro', name: 'Milano Centro', division: 'Lombardia' }
export const officer: OperatorRef = { id: 'opr_moretti0', name: 'Chiara Moretti' }
export const helpDesk: OperatorRef = { id: 'opr_ferrari0', name: 'Davide Ferrari' }
export const admin: OperatorRef = { id: 'opr_greco000', name: 'Laura Greco' }
export const auditor: OperatorRef = { id: 'opr_00000004', name: 'Elena Ferri' }
export const station = { id: 'stn_desk-0001', name: 'Counter 2' }

const NAMES: readonly [string, string, string, string][] = [
  ['Anna Maria', 'Rossi', '1984-03-12', 'RSSNMR84C52F205X'],
  ['Luca', 'Bianchi', '1991-07-30', 'BNCLCU91L30F205Y'],
  ['Giulia', "D'Angelo", '1996-11-02', 'DNGGLI96S42H501Z'],
  ['Matteo', 'Esposito', '1978-01-25', 'SPSMTT78A25F839W'],
  ['Sofia', 'Ricci', '2001-05-18', 'RCCSFO01E58L219V'],
  ['Jürgen', 'Müller', '1969-09-09', 'MLLJGN69P09Z112U'],
  ['Noemi', 'De Luca', '1988-12-24', 'DLCNMO88T64D612T'],
  ['Paolo', 'Conti', '1973-04-06', 'CNTPLA73D06L736S'],
]
const GIVEN = ['Marco', 'Elena', 'Andrea', 'Francesca', 'Simone', 'Martina', 'Davide', 'Sara', 'Federico', 'Valentina']
const FAMILY = [
  'Romano',
  'Colombo',
  'Gallo',
  'Costa',
  'Fontana',
  'Mancini',
  'Villa',
  'Serra',
  'Marino',
  'Ferri',
  'Lombardi',
  'Barbieri',
]

const holder = (n: number, given: string, family: string, birthDate: string, personalNumber: string): HolderView => ({
  id: `hld_${String(n).padStart(8, '0')}`,
  givenNames: given,
  familyName: family,
  birthDate,
  nationality: family === 'Müller' ? 'D' : 'ITA',
  personalNumber,
  email: `${given.split(' ')[0]}.${family}`.toLowerCase().replace(/[^a-z.]/g, '') + '@example.org',
  office,
  etag: '"1"',
  createdAt: NOW - n * DAY - 40 * DAY,
  updatedAt: NOW - n * 5 * HOUR,
})

export const holders: HolderView[] = [
  ...NAMES.map(([given, family, birth, number], i) => holder(i, given, family, birth, number)),
  ...Array.from({ length: 240 }, (_, i) =>
    holder(
      i + NAMES.length,
      GIVEN[i % GIVEN.length]!,
      FAMILY[(i * 7) % FAMILY.length]!,
      `${1950 + ((i * 3) % 55)}-${String((i % 12) + 1).padStart(2, '0')}-${String((i % 27) + 1).padStart(2, '0')}`,
      `CRSN${String(100000 + i * 37)}F205`,
    ),
  ),
]

export const profiles: CardProfile[] = [
  {
    id: 'employee',
    name: { en: 'Employee card', it: 'Carta dipendente' },
    description: {
      en: 'Sign in to systems, sign documents, and open doors. For staff in service.',
      it: 'Accesso ai sistemi, firma di documenti e varchi. Per il personale in servizio.',
    },
    applet: 'piv',
    keys: [
      { slot: '9A', algorithm: 'ecdsa-p256', certificateProfile: 'piv-authentication' },
      { slot: '9C', algorithm: 'ecdsa-p384', certificateProfile: 'piv-signature' },
      { slot: '9D', algorithm: 'rsa-2048', certificateProfile: 'piv-key-management' },
    ],
    validityDays: 1095,
    pinTries: 3,
    pukTries: 3,
  },
  {
    id: 'visitor',
    name: { en: 'Contractor card', it: 'Carta fornitore' },
    description: {
      en: 'Sign in to systems for one year. No signature.',
      it: 'Accesso ai sistemi per un anno. Senza firma.',
    },
    applet: 'piv',
    keys: [{ slot: '9A', algorithm: 'ecdsa-p256', certificateProfile: 'piv-authentication' }],
    validityDays: 365,
    pinTries: 3,
    pukTries: 3,
  },
]

const ISSUER = 'CN=Countersign Demo CA 1,O=Countersign Demo,C=IT'
const cardCertificate = (slot: Slot, name: string, serial: string): CardCertificate => ({
  slot,
  der: 'MIIB',
  subject: `CN=${name},O=Countersign Demo,C=IT`,
  commonName: name,
  issuer: ISSUER,
  serial,
  notBefore: NOW - 200 * DAY,
  notAfter: NOW + 2 * YEAR,
})

export const certificateView = (slot: Slot, name: string, serial: string): CertificateView => ({
  id: `certificate_${slot}${serial}`,
  serial,
  slot,
  profile: slot === '9A' ? 'piv-authentication' : slot === '9C' ? 'piv-signature' : 'piv-key-management',
  subject: `CN=${name},O=Countersign Demo,C=IT`,
  issuer: ISSUER,
  state: 'issued',
  notBefore: NOW - 200 * DAY,
  notAfter: NOW + 2 * YEAR,
  revokedAt: null,
  revocationReason: null,
  algorithm: slot === '9C' ? 'ecdsa-p384' : slot === '9D' ? 'rsa-2048' : 'ecdsa-p256',
  sha256: 'ab'.repeat(32),
})

export const personCard = (name: string, serial: string, tries = 3, pukTries = 3): CardOnReader => ({
  serial,
  guid: 'c3'.repeat(16),
  expiresOn: '2029-11-22',
  kind: 'PIV card (virtual)',
  pinTries: tries,
  pinTriesMax: 3,
  pukTries,
  pukTriesMax: 3,
  certificates: [
    cardCertificate('9A', name, `5f${serial.toLowerCase()}a1`),
    cardCertificate('9C', name, `5f${serial.toLowerCase()}c2`),
  ],
  blank: false,
})
export const blankCard = (serial: string): CardOnReader => ({
  serial,
  guid: null,
  expiresOn: null,
  kind: 'PIV card (virtual)',
  pinTries: 3,
  pinTriesMax: 3,
  pukTries: 3,
  pukTriesMax: 3,
  certificates: [],
  blank: true,
})

export const emptyReader = (name: string): ReaderView => ({
  name,
  virtual: true,
  state: 'empty',
  atr: null,
  card: null,
  busyWith: null,
  changedAt: NOW,
})
export const withCard = (name: string, card: CardOnReader): ReaderView => ({
  ...emptyReader(name),
  state: card.blank ? 'blank' : 'ready',
  atr: '3b8c800150564953434f554e545201',
  card,
})

export const session = (operator: OperatorRef, role: Role, cardSerial: string): SessionView => ({
  id: 'ses_00000001',
  kind: 'desk',
  operator,
  role,
  grants: [{ role, scope: { kind: 'office', id: office.id, name: office.name } }],
  office,
  station,
  cardSerial,
  createdAt: NOW - 2 * HOUR,
  expiresAt: NOW + 8 * HOUR,
  lastSignInAt: NOW - 18 * HOUR,
})

export const knownCard = (person: HolderView, serial: string): CardView => {
  const name = `${person.givenNames} ${person.familyName}`
  return {
    serial,
    guid: 'c3'.repeat(16),
    state: 'active',
    profile: 'employee',
    holder: { id: person.id, name },
    enrolmentId: 'enr_done0000',
    office,
    expiresAt: NOW + 3 * YEAR,
    certificates: [
      certificateView('9A', name, `5f${serial.toLowerCase()}a1`),
      certificateView('9C', name, `5f${serial.toLowerCase()}c2`),
    ],
    etag: '"3"',
    createdAt: NOW - 200 * DAY,
    updatedAt: NOW - 200 * DAY,
  }
}

export const proofing: ProofingView = {
  id: 'prf_00000001',
  documentType: 'passport',
  documentNumber: 'YA1234567',
  issuer: 'ITA',
  expiresOn: '2031-03-11',
  mrz: 'P<ITABIANCHI<<LUCA<<<<<<<<<<<<<<<<<<<<<<<<<<\nYA12345678ITA9107306M3103116<<<<<<<<<<<<<<08',
  faceFeatures: [
    'overall-likeness',
    'face-shape',
    'eyes',
    'nose',
    'mouth-and-chin',
    'ears',
    'scars-and-marks',
    'apparent-age',
  ],
  documentGenuine: true,
  note: null,
  comparedBy: officer,
  comparedAt: NOW - HOUR,
}

/** What the trail of each kind of object tells, oldest first, as the server gives it. */
const DEEDS: readonly Pick<AuditEntryView, 'action' | 'changed' | 'reason' | 'before' | 'after' | 'erased'>[] = [
  {
    action: 'Insertion',
    changed: [],
    reason: null,
    before: null,
    after: null,
    erased: { at: NOW - HOUR, by: 'job', byName: null, rule: 'end-of-retention' },
  },
  {
    action: 'Modification',
    changed: ['state', 'officeId'],
    reason: null,
    before: { state: 'blank', officeId: null },
    after: { state: 'personalising', officeId: office.id },
    erased: null,
  },
  {
    action: 'Disclosure',
    changed: [],
    reason: 'PIN forgotten, called at the counter',
    before: null,
    after: { purpose: 'unblock' },
    erased: null,
  },
  {
    action: 'Modification',
    changed: ['state'],
    reason: null,
    before: { state: 'personalising' },
    after: { state: 'active' },
    erased: null,
  },
]

export const trail = (objectType: string, objectId: string, objectName: string): AuditEntryView[] =>
  DEEDS.map((deed, i) => ({
    ...deed,
    chain: 'node-1',
    sequence: 1201 + i * 13,
    time: NOW - (DEEDS.length - i) * 31 * HOUR,
    tenant: 'main',
    operatorId: deed.action === 'Disclosure' ? helpDesk.id : officer.id,
    operatorName: deed.action === 'Disclosure' ? helpDesk.name : officer.name,
    role: deed.action === 'Disclosure' ? 'HD' : 'RO',
    office: office.id,
    officeName: office.name,
    station: station.id,
    stationName: station.name,
    objectType,
    objectId,
    objectName: deed.erased === null ? objectName : null,
    correlationId: `req_${i}0000000`,
    digest: 'cd'.repeat(32),
    signature: 'c2lnbmF0dXJl'.repeat(7),
    keyId: 'audit-1',
  }))

/** An auditor's exports: one being made, and finished ones, the newest of which is not yet signed by card. */
export const makeExports = (): ExportView[] => {
  const made = (n: number, selection: ExportView['selection'], signers: ExportView['signers']): ExportView => ({
    id: `export_0000000${n}`,
    state: 'ready',
    selection,
    format: 'jsonl',
    level: 'B-LT',
    completeness: selection.kind === 'chain' ? 'whole' : 'inclusion',
    language: 'it',
    reason: 'Request 41/2026 of the court of Milan',
    requestedBy: auditor,
    requestedAt: NOW - n * DAY,
    endedAt: NOW - n * DAY + 42_000,
    keptUntil: NOW + (7 - n) * DAY,
    phase: null,
    written: 24_310 * n,
    total: 24_310 * n,
    bytes: 31_400_213,
    fileName: `audit-${n}.zip`,
    manifestDigest: '8eca21c44ef8decb45579ea19fac7a971a8041a73b3a798742de44c66ca44e9a',
    signers: [{ name: 'Countersign audit export', kind: 'hsm', level: 'B-LT', at: NOW - n * DAY }, ...signers],
    error: null,
  })
  const running: ExportView = {
    ...made(3, { kind: 'object', objectType: 'holder', objectId: 'hol_anna-rossi' }, []),
    state: 'running',
    requestedAt: NOW - 60_000,
    endedAt: null,
    keptUntil: null,
    phase: 'writing',
    bytes: null,
    fileName: null,
    manifestDigest: null,
    written: 18_000,
    signers: [],
  }
  return [
    running,
    made(1, { kind: 'search', search: { last: '30d', objectType: ['holder', 'card'], office: ['Milano Centro'] } }, []),
    made(2, { kind: 'chain', chain: 'node-1' }, [{ name: auditor.name, kind: 'card', level: 'B-B', at: NOW - DAY }]),
  ]
}
