import { exportJWK, generateKeyPair } from 'jose'
import type { ConnectionState, DemoCard, SessionState, WitnessState } from '../../../shared/contract/desk.ts'
import type { ExportView } from '../../../shared/contract/routes/exports.ts'
import type { CardOnReader, CardView, EnrolmentView, HolderView, ReaderView } from '../../../shared/contract/views.ts'
import type { EnrolmentState } from '../../../shared/contract/words.ts'
import {
  admin,
  auditor,
  blankCard,
  certificateView,
  emptyReader,
  helpDesk,
  holders,
  knownCard,
  makeExports,
  NOW,
  office,
  officer,
  personCard,
  profiles,
  proofing,
  session,
  withCard,
} from './data.ts'
import { plannedSteps } from './personalise.ts'

export const SCENES = [
  'signed-out',
  'no-card',
  'two-officers',
  'officer',
  'help-desk',
  'admin',
  'auditor',
  'locked',
  'offline',
  'empty',
  'blocked',
  'no-reader',
  'failing',
  'slow',
  'contradicted',
  'doubtful',
] as const
export type Scene = (typeof SCENES)[number]
export const isScene = (text: string): text is Scene => SCENES.some((scene) => scene === text)

export const READERS = ['Virtual reader 00 00', 'Virtual reader 00 01'] as const
export const OFFICER_SERIAL = 'A1B2C3D4E5F60718'
export const HOLDER_SERIAL = 'B7C8D9E0F1A20394'
export const BLANK_SERIAL = 'C0FFEE0011223344'

/** Everything one scene holds; calls change it in place. */
export interface World {
  scene: Scene
  session: SessionState
  connection: ConnectionState
  readers: ReaderView[]
  holders: HolderView[]
  enrolments: Map<string, EnrolmentView>
  cards: CardView[]
  demo: DemoCard[]
  drafts: Map<string, unknown>
  exports: ExportView[]
  witness: WitnessState
  sealKey: Promise<{ jwk: { kty: 'EC'; crv: 'P-256'; x: string; y: string }; secret: CryptoKey }>
}

const enrolment = (n: number, state: EnrolmentState, person: HolderView): EnrolmentView => {
  const proved = state !== 'draft'
  const chosen = proved && (state !== 'proofed' || n % 2 === 0)
  const done = state === 'issued' || state === 'handed-over'
  const signed = done || state === 'approved' || state === 'interrupted' || state === 'personalising'
  const profile = chosen ? profiles[0]! : null
  const steps = signed && profile !== null ? plannedSteps(profile) : []
  const progressed = steps.map((step, i) =>
    done || (state === 'interrupted' && i < 7)
      ? { ...step, state: 'done' as const, startedAt: NOW - 60_000 + i * 700, doneAt: NOW - 60_000 + i * 700 + 640 }
      : state === 'interrupted' && i === 7
        ? { ...step, state: 'failed' as const, startedAt: NOW - 50_000, error: 'CARD_REMOVED' as const }
        : step,
  )
  const name = `${person.givenNames} ${person.familyName}`
  return {
    id: `enr_0000000${n}`,
    etag: '"1"',
    state,
    holder: person,
    proofing: proved ? proofing : null,
    profile,
    office,
    officer,
    cardSerial: done || state === 'interrupted' ? BLANK_SERIAL : null,
    signedAt: signed ? NOW - 1_800_000 : null,
    steps: progressed,
    certificates: done ? [certificateView('9A', name, '5f01a1'), certificateView('9C', name, '5f01c2')] : [],
    interruption: state === 'interrupted' ? { at: NOW - 50_000, code: 'CARD_REMOVED' } : null,
    createdAt: NOW - 7_200_000 - n * 600_000,
    updatedAt: NOW - 600_000 * (n + 1),
  }
}

function readersOf(scene: Scene): ReaderView[] {
  const [first, second] = READERS
  const mine = (card: CardOnReader) => withCard(first, card)
  switch (scene) {
    case 'no-reader':
      return []
    case 'no-card':
      return [{ ...emptyReader(first), state: 'mute', atr: null }, emptyReader(second)]
    case 'two-officers':
      return [mine(personCard(officer.name, OFFICER_SERIAL)), withCard(second, personCard(helpDesk.name, 'D00D', 2))]
    case 'locked':
      return [emptyReader(first), emptyReader(second)]
    case 'help-desk':
      return [
        mine(personCard(helpDesk.name, 'D00D')),
        withCard(second, personCard('Anna Maria Rossi', HOLDER_SERIAL, 0)),
      ]
    case 'blocked':
      return [mine(personCard(officer.name, OFFICER_SERIAL, 0)), emptyReader(second)]
    case 'auditor':
      return [mine(personCard(auditor.name, OFFICER_SERIAL)), emptyReader(second)]
    case 'admin':
      return [mine(personCard(admin.name, 'ADAD')), emptyReader(second)]
    default:
      return [mine(personCard(officer.name, OFFICER_SERIAL)), withCard(second, blankCard(BLANK_SERIAL))]
  }
}

function sessionOf(scene: Scene): SessionState {
  const [first] = READERS
  switch (scene) {
    case 'signed-out':
    case 'no-card':
    case 'two-officers':
    case 'blocked':
    case 'no-reader':
      return { status: 'signed-out' }
    case 'locked':
      return { status: 'locked', session: session(officer, 'RO', OFFICER_SERIAL), why: 'card-removed' }
    case 'help-desk':
      return { status: 'signed-in', session: session(helpDesk, 'HD', 'D00D'), reader: first }
    case 'auditor':
      return { status: 'signed-in', session: session(auditor, 'AO', OFFICER_SERIAL), reader: first }
    case 'admin':
      return { status: 'signed-in', session: session(admin, 'SA', 'ADAD'), reader: first }
    default:
      return { status: 'signed-in', session: session(officer, 'RO', OFFICER_SERIAL), reader: first }
  }
}

function witnessOf(scene: Scene): WitnessState {
  const chain = {
    chain: 'node-1',
    size: 1240,
    firstSeenAt: NOW - 90 * 86_400_000,
    seenAt: NOW - 120_000,
    cosignedAt: NOW - 120_000,
    unproved: null,
  }
  const calm: WitnessState = {
    chains: [chain],
    contradictions: [],
    losses: [],
    checkedAt: NOW,
    failure: null,
    keyRefused: false,
  }
  if (scene === 'doubtful') {
    const unproved = { id: 'doubt_9c1e77a0b4d2', why: 'removed' } as const
    return { ...calm, chains: [{ ...chain, cosignedAt: null, unproved }], keyRefused: true }
  }
  if (scene !== 'contradicted') return calm
  const found = { id: 'alarm_4f1a9c02d7b3', kind: 'truncated', seenSize: 1187, reported: true } as const
  return { ...calm, contradictions: [{ ...found, chain: 'node-1', keptSize: 1240, foundAt: NOW }] }
}

async function makeSealKey(): Promise<{ jwk: { kty: 'EC'; crv: 'P-256'; x: string; y: string }; secret: CryptoKey }> {
  const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const { x = '', y = '' } = await exportJWK(pair.publicKey)
  return { jwk: { kty: 'EC', crv: 'P-256', x, y }, secret: pair.privateKey }
}

export function makeWorld(scene: Scene): World {
  const people = scene === 'empty' ? [] : holders
  const states: EnrolmentState[] = [
    'interrupted',
    'issued',
    'proofed',
    'draft',
    'approved',
    'proofed',
    'handed-over',
    'cancelled',
  ]
  const enrolments = people.length === 0 ? [] : states.map((state, n) => enrolment(n, state, people[n]!))
  return {
    scene,
    session: sessionOf(scene),
    connection: {
      server: scene === 'offline' ? 'offline' : 'online',
      keys: 'software',
      cardService: 'running',
      waiting: scene === 'offline' ? 2 : 0,
      since: NOW,
    },
    readers: readersOf(scene),
    holders: [...people],
    enrolments: new Map(enrolments.map((view) => [view.id, view])),
    cards: people.length === 0 ? [] : [knownCard(people[0]!, HOLDER_SERIAL)],
    demo: [
      { id: 'officer', label: 'Chiara Moretti (officer)', serial: OFFICER_SERIAL, blank: false, inReader: READERS[0] },
      { id: 'holder', label: 'Anna Maria Rossi', serial: HOLDER_SERIAL, blank: false, inReader: null },
      { id: 'blank', label: 'Blank card', serial: BLANK_SERIAL, blank: true, inReader: READERS[1] },
    ],
    drafts: new Map(),
    exports: makeExports(),
    witness: witnessOf(scene),
    sealKey: makeSealKey(),
  }
}
