import type { HttpAnswer } from '../../shared/contract/index.ts'
import type { SignIn } from '../identity/sign-in.ts'
import type { Sessions } from '../identity/sessions.ts'
import type { Health } from '../monitor/health.ts'
import type { Cards } from '../services/cards.ts'
import type { Certificates } from '../services/certificates.ts'
import type { Enrolments } from '../services/enrolments.ts'
import type { Holders } from '../services/holders.ts'
import type { Keys } from '../services/keys.ts'
import type { People } from '../services/people.ts'
import type { Personalisation } from '../services/personalisation.ts'
import type { Profiles } from '../services/profiles.ts'
import type { Unblocks } from '../services/unblocks.ts'
import type { Handlers } from './handler.ts'
import { exportsHandlers, type ExportsServices } from './handlers-exports.ts'
import { auditHandlers, type AuditServices } from './handlers-audit.ts'
import { witnessHandlers, type WitnessServices } from './handlers-witness.ts'
import { operationsHandlers, type OperationsServices } from './handlers-operations.ts'

export type { Handlers, Incoming } from './handler.ts'

/** What routes call. */
export interface Services extends AuditServices, ExportsServices, WitnessServices, OperationsServices {
  readonly ping: () => HttpAnswer<'ping'>
  readonly signIn: SignIn
  readonly sessions: Sessions
  readonly holders: Holders
  readonly enrolments: Enrolments
  readonly personalisation: Personalisation
  readonly certificates: Certificates
  readonly cards: Cards
  readonly unblocks: Unblocks
  readonly people: People
  readonly profiles: Profiles
  readonly keys: Keys
  readonly health: Health
}

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))
const done = { done: true } as const

/** One line a route: from parsed parts to a service, nothing else. */
export const makeHandlers = (s: Services): Handlers => ({
  ping: () => s.ping(),

  createChallenge: ({ request, knock }) => s.signIn.challenge(request.body.station, knock),
  signIn: ({ request, knock }) => s.signIn.signIn(request.body, knock),
  readSession: ({ session }) => session.view,
  endSession: async ({ session, request }) => {
    await s.sessions.end(session, request.query.why)
    return done
  },
  createConsoleRequest: ({ request, knock, browser }) => s.signIn.openConsole(request.body.sessionKey, browser, knock),
  readConsoleRequest: ({ request, knock }) => s.signIn.consoleAnswer(request.params.id, knock),
  findConsoleRequest: ({ request, knock }) => s.signIn.findConsole(request.params.code, knock.at),
  approveConsole: async ({ request, session, knock }) => {
    await s.signIn.approveConsole(session, request.params.code, request.body, knock)
    return done
  },

  listHolders: ({ call, request }) => s.holders.list(call, request.query),
  createHolder: ({ call, request }) => s.holders.create(call, request.body),
  readHolder: ({ call, request }) => s.holders.read(call, request.params.id),
  updateHolder: ({ call, request }) => s.holders.update(call, request.params.id, request.body),
  listHolderCards: ({ call, request }) => s.holders.cards(call, request.params.id),
  listProfiles: () => ({ items: s.profiles.list() }),

  listEnrolments: ({ call, request }) => s.enrolments.list(call, request.query),
  createEnrolment: ({ call, request }) => s.enrolments.create(call, request.body.holder),
  readEnrolment: ({ call, request }) => s.enrolments.read(call, request.params.id),
  setProofing: ({ call, request }) => s.enrolments.prove(call, request.params.id, request.body),
  setProfile: ({ call, request }) => s.enrolments.chooseProfile(call, request.params.id, request.body.profile),
  readRecord: ({ call, request }) => s.enrolments.record(call, request.params.id),
  setRecord: ({ call, request }) => s.enrolments.sign(call, request.params.id, bytes(request.body.cms)),
  cancelEnrolment: ({ call, request }) => s.enrolments.cancel(call, request.params.id, request.body.reason),

  startPersonalisation: ({ call, request }) => s.personalisation.start(call, request.params.id, request.body),
  completeStep: ({ call, request: { params, body } }) =>
    s.personalisation.completeStep(call, params.id, params.step, body),
  issueCertificate: ({ call, request: { params, body } }) =>
    s.certificates.issue(call, params.id, { cardSerial: body.cardSerial, slot: body.slot, csr: bytes(body.csr) }),
  interruptPersonalisation: ({ call, request }) => s.personalisation.interrupt(call, request.params.id, request.body),
  rollBack: ({ call, request }) => s.personalisation.rollBack(call, request.params.id, request.body),
  startHandOver: ({ call, request }) => s.personalisation.startHandOver(call, request.params.id, request.body),
  handOver: ({ call, request }) => s.personalisation.handOver(call, request.params.id, request.body.cardSerial),

  listCards: ({ call, request }) => s.cards.list(call, request.query),
  readCard: ({ call, request }) => s.cards.read(call, request.params.serial),
  startUnblock: ({ call, request }) => s.unblocks.start(call, request.params.serial, request.body),
  finishUnblock: ({ call, request: { params, body } }) => s.unblocks.finish(call, params.serial, params.id, body),
  revokeCertificate: ({ call, request: { params, body } }) =>
    s.certificates.revoke(call, params.serial, body.reason, body.note),

  listOperators: ({ call, request }) => s.people.operators(call, request.query),
  listStations: ({ call, request }) => s.people.stations(call, request.query),

  ...operationsHandlers(s),
  ...auditHandlers(s),
  ...witnessHandlers(s),
  ...exportsHandlers(s),

  listKeys: ({ call }) => s.keys.list(call),
  readHealth: () => s.health.read(),
})
