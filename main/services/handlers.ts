import {
  AppError,
  type AppInfo,
  type ConnectionState,
  type DeskHandlers,
  type DeskCall,
} from '../../shared/contract/index.ts'
import type { CardService } from './cards.ts'
import type { ConsoleService } from './console.ts'
import type { DiagnosticsService } from './diagnostics.ts'
import type { EnrolmentService } from './enrolments.ts'
import type { ExportService } from './exports.ts'
import type { HandOverService } from './hand-over.ts'
import type { HolderService } from './holders.ts'
import type { PersonaliseService } from './personalise.ts'
import type { CardPort, DeskStore } from './ports.ts'
import type { ReceiptService } from './receipt.ts'
import type { SessionService } from './session.ts'
import type { UnblockService } from './unblock.ts'
import type { WitnessService } from './witness.ts'

export interface DeskServices {
  info: () => Promise<AppInfo>
  cards: CardPort
  store: DeskStore
  connection: { state(): ConnectionState }
  session: SessionService
  holder: HolderService
  enrolment: EnrolmentService
  personalise: PersonaliseService
  handOver: HandOverService
  unblock: UnblockService
  card: CardService
  receipt: ReceiptService
  diagnostics: DiagnosticsService
  console: ConsoleService
  exports: ExportService
  witness: WitnessService
}

/** Calls that a desk without a session answers; every other one needs an operator signed in and not locked. */
export const OPEN_CALLS: ReadonlySet<DeskCall> = new Set<DeskCall>([
  'app.info',
  'app.sealKey',
  'connection.state',
  'readers.list',
  'session.state',
  'session.signIn',
  'session.signOut',
  'diagnostics.checks',
  'diagnostics.report',
  // What was found stays on every screen, signed in or not.
  'witness.state',
  'demo.cards',
  'demo.insert',
  'demo.newCard',
  // What was typed when the desk locked is kept; reading it back needs the operator again.
  'drafts.put',
])

/** Every desk call and the service that answers it. */
export function makeHandlers(s: DeskServices): DeskHandlers {
  const done = { done: true } as const
  const handlers: DeskHandlers = {
    'app.info': () => s.info(),
    'app.sealKey': () => s.cards.sealKey(),
    'connection.state': async () => s.connection.state(),
    'readers.list': () => s.cards.readers(),
    'session.state': async () => s.session.state(),
    'session.signIn': (input) => s.session.signIn(input),
    'session.signOut': () => s.session.signOut(),
    'session.lock': () => s.session.lock(),
    'console.find': (input) => s.console.find(input),
    'console.approve': (input) => s.console.approve(input),
    'holders.search': (input) => s.holder.search(input),
    'holders.get': (input) => s.holder.get(input),
    'holders.create': (input) => s.holder.create(input),
    'holders.update': (input) => s.holder.update(input),
    'trail.get': (input) => s.holder.trail(input),
    'profiles.list': () => s.enrolment.profiles(),
    'enrolments.list': (input) => s.enrolment.list(input),
    'enrolments.get': (input) => s.enrolment.get(input),
    'enrolments.create': (input) => s.enrolment.create(input),
    'enrolments.prove': (input) => s.enrolment.prove(input),
    'enrolments.chooseProfile': (input) => s.enrolment.chooseProfile(input),
    'enrolments.record': (input) => s.enrolment.record(input),
    'enrolments.sign': (input) => issuing(s, () => s.enrolment.sign(input)),
    'enrolments.personalise': (input) => issuing(s, () => s.personalise.personalise(input)),
    'enrolments.rollBack': (input) => s.personalise.rollBack(input),
    'enrolments.cancel': (input) => s.enrolment.cancel(input),
    'enrolments.pinChosen': async (input) => ({ chosen: s.handOver.pinChosen(input) }),
    'enrolments.handOver': (input) => s.handOver.handOver(input),
    'enrolments.receipt': (input) => s.receipt.make(input),
    'cards.inspect': (input) => s.card.inspect(input),
    'cards.find': (input) => s.card.find(input),
    'cards.get': (input) => s.card.get(input),
    'cards.changePin': (input) => s.cards.changePin(input),
    'cards.checkPin': (input) => s.cards.checkPin(input),
    'cards.unblock': (input) => s.unblock.unblock(input),
    'certificates.revoke': (input) => s.card.revoke(input),
    'drafts.get': async ({ name }) => ({ value: s.store.readDraft(draftOf(s, name)) as never }),
    'drafts.put': async ({ name, value }) => {
      s.store.writeDraft(draftOf(s, name), value as never)
      return done
    },
    'exports.list': (input) => s.exports.list(input),
    'exports.cancel': (input) => s.exports.cancel(input),
    'exports.sign': (input) => s.exports.sign(input),
    'diagnostics.checks': () => s.diagnostics.checks(),
    'diagnostics.report': () => s.diagnostics.report(),
    'witness.state': async () => s.witness.state(),
    'witness.check': async () => {
      await s.witness.look()
      return s.witness.state()
    },
    'demo.cards': async () => demoOf(s).cards(),
    'demo.insert': async ({ reader, card }) => {
      await demoOf(s).insert(reader, card)
      return s.cards.readers()
    },
    'demo.newCard': async () => demoOf(s).newCard(),
  }
  return guard(handlers, s.session)
}

/** New cards are issued only while the audit that would record them is one with what this desk saw. */
async function issuing<T>(s: DeskServices, issue: () => Promise<T>): Promise<T> {
  await s.witness.refuseIfContradicted()
  return issue()
}

/** A draft belongs to the operator who typed it: the next one at this desk must not find it. */
function draftOf(s: DeskServices, name: string): string {
  const state = s.session.state()
  const { operator } = state.status === 'locked' ? state.session : s.session.require()
  return `${operator.id}/${name}`
}

function demoOf(s: DeskServices): NonNullable<CardPort['demo']> {
  if (s.cards.demo === null) throw new AppError('CARD_UNSUPPORTED', { reason: 'no-virtual-readers' })
  return s.cards.demo
}

/** The session is looked at before a call and, where the call failed for want of one, after: it may have been locked meanwhile. */
function guard(handlers: DeskHandlers, session: SessionService): DeskHandlers {
  const entries = Object.entries(handlers) as [DeskCall, (input: never) => Promise<unknown>][]
  const guarded = entries.map(([name, handler]) => {
    if (OPEN_CALLS.has(name)) return [name, handler] as const
    const call = async (input: never): Promise<unknown> => {
      session.require()
      try {
        return await handler(input)
      } catch (error) {
        if (error instanceof AppError && error.code === 'SESSION_REQUIRED') session.require()
        throw error
      }
    }
    return [name, call] as const
  })
  return Object.fromEntries(guarded) as unknown as DeskHandlers
}
