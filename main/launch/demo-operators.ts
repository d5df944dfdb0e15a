import type { Role } from '../../shared/contract/words.ts'

/** The people of the demonstration. Their PINs are printed at every start: nothing here is meant to keep a secret. */
export interface DemoOperator {
  key: string
  name: string
  email: string
  role: Role
  what: string
  office: string | null
  pin: string
  serial: number
}

export const DEMO_OPERATORS: readonly DemoOperator[] = [
  {
    key: 'officer',
    name: 'Giulia Conti',
    email: 'giulia.conti@example.test',
    role: 'RO',
    what: 'registration officer',
    office: 'rome',
    pin: '246802',
    serial: 10_000_001,
  },
  {
    key: 'helpdesk',
    name: 'Marco Ferri',
    email: 'marco.ferri@example.test',
    role: 'HD',
    what: 'help desk',
    office: 'rome',
    pin: '135791',
    serial: 10_000_002,
  },
  {
    key: 'auditor',
    name: 'Elena Marchetti',
    email: 'elena.marchetti@example.test',
    role: 'AO',
    what: 'audit officer',
    office: null,
    pin: '864202',
    serial: 10_000_003,
  },
  {
    key: 'admin',
    name: 'Paolo Greco',
    email: 'paolo.greco@example.test',
    role: 'SA',
    what: 'system administrator',
    office: null,
    pin: '975313',
    serial: 10_000_004,
  },
]

export const DEMO_TENANT = 'Regional Health Service'
export const DEMO_DIVISION = { key: 'central', name: 'Central Registration' }
export const DEMO_OFFICES = [
  { key: 'rome', name: 'Rome Office', division: 'central' },
  { key: 'milan', name: 'Milan Office', division: 'central' },
]
export const DEMO_STATION = { key: 'desk-1', name: 'Desk 1', office: 'rome' }
export const DEMO_SERVER = 'countersign.demo'
export const BLANK_SERIALS = [20_000_001, 20_000_002, 20_000_003]
