import type {
  CardOnReader,
  EnrolmentView,
  HolderRow,
  ReaderView,
  SessionView,
} from '../../../../shared/contract/views.ts'
import type { EnrolmentState, Role } from '../../../../shared/contract/words.ts'

/** Small whole values of the contract, to vary in rows. */
export const office = { id: 'off_00000001', name: 'Milano Centro', division: 'Lombardia' }
export const officer = { id: 'opr_00000001', name: 'Chiara Moretti' }

export const card = (more: Partial<CardOnReader> = {}): CardOnReader => ({
  serial: 'A1B2',
  guid: null,
  expiresOn: null,
  kind: 'PIV',
  pinTries: 3,
  pinTriesMax: 3,
  pukTries: 3,
  pukTriesMax: 3,
  certificates: [
    {
      slot: '9A',
      der: 'MIIB',
      subject: 'CN=Anna Rossi',
      commonName: 'Anna Rossi',
      issuer: 'CN=CA',
      serial: '01',
      notBefore: 0,
      notAfter: 10_000,
    },
  ],
  blank: false,
  ...more,
})
export const blank = (serial: string): CardOnReader => card({ serial, certificates: [], blank: true })

export const reader = (name: string, held: CardOnReader | null, more: Partial<ReaderView> = {}): ReaderView => ({
  name,
  virtual: true,
  state: held === null ? 'empty' : held.blank ? 'blank' : 'ready',
  atr: null,
  card: held,
  busyWith: null,
  changedAt: 0,
  ...more,
})

export const holderRow = (more: Partial<HolderRow> = {}): HolderRow => ({
  id: 'hld_00000001',
  givenNames: 'Anna Maria',
  familyName: 'Rossi',
  birthDate: '1984-03-12',
  nationality: 'ITA',
  personalNumber: 'RSSNMR84C52F205X',
  email: null,
  office,
  etag: '"1"',
  createdAt: 0,
  updatedAt: 0,
  activeCards: 0,
  openEnrolments: 0,
  ...more,
})

export const enrolment = (state: EnrolmentState, more: Partial<EnrolmentView> = {}): EnrolmentView => {
  const { activeCards: _cards, openEnrolments: _open, ...holder } = holderRow()
  return {
    id: 'enr_00000001',
    etag: '"1"',
    state,
    holder,
    proofing: null,
    profile: null,
    office,
    officer,
    cardSerial: null,
    signedAt: null,
    steps: [],
    certificates: [],
    interruption: null,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  }
}

export const session = (role: Role, operator = officer): SessionView => ({
  id: 'ses_00000001',
  kind: 'desk',
  operator,
  role,
  grants: [{ role, scope: { kind: 'everything' } }],
  office,
  station: null,
  cardSerial: null,
  createdAt: 0,
  expiresAt: 1,
  lastSignInAt: null,
})
