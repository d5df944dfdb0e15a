import { z } from 'zod'
import { Failure } from './result.ts'
import { ContradictionKind } from './routes/audit-witness.ts'
import { ExportState, ExportView } from './routes/exports.ts'
import { Base64, CardSerial, CertificateSerial, Id, page, PublicJwk, Text, TimeMs } from './scalars.ts'
import { Sealed } from './sealed.ts'
import { ConsoleRequestView } from './session.ts'
import { EnrolmentState, KeyPath, RevocationReason, Role } from './words.ts'
import {
  AuditEntryView,
  CardProfile,
  CardView,
  CertificateView,
  EnrolmentRow,
  EnrolmentView,
  HealthCheck,
  HolderFields,
  HolderRow,
  HolderView,
  IdentityCheck,
  ProofingFields,
  ReaderView,
  RegistrationRecord,
  SessionView,
} from './views.ts'

/**
 * The bridge between the screen and the desk's trusted process: every call and event, once. Both hosts (Electron and
 * browser), the services and the screens derive from it. Arguments are parsed where the handler is registered and
 * answers where they arrive; a call answers `Result`. Secrets travel `Sealed` to the card worker only.
 */
export interface DeskCallSchema {
  readonly input: z.ZodType
  readonly output: z.ZodType
}
const call = <const C extends DeskCallSchema>(c: C): C => c
const none = z.strictObject({})
const done = z.strictObject({ done: z.literal(true) })
const reader = z.string().min(1).max(200)
/** A time zone by its IANA name, one that this machine knows. */
const TimeZone = z.string().min(1).max(64).refine(isTimeZone)
function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
const listInput = { cursor: z.string().max(600).optional(), limit: z.number().int().min(1).max(200).default(50) }

export const AppInfo = z.strictObject({
  version: z.string(),
  host: z.enum(['electron', 'browser']),
  platform: z.string(),
  server: z.strictObject({ url: z.string(), name: z.string() }),
  station: z.strictObject({ id: Id, name: Text(200) }),
  /** Card kinds known and PKCS#11 modules found on this machine. */
  keyPaths: z.array(KeyPath),
  /** Virtual readers may be handled from the screen (demonstration and tests only). */
  demo: z.boolean(),
})
export type AppInfo = z.infer<typeof AppInfo>

export const SessionState = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('signed-out') }),
  z.strictObject({ status: z.literal('signed-in'), session: SessionView, reader: z.string() }),
  z.strictObject({
    status: z.literal('locked'),
    session: SessionView,
    why: z.enum(['card-removed', 'manual', 'expired', 'worker-crashed']),
  }),
])
export type SessionState = z.infer<typeof SessionState>

export const ConnectionState = z.strictObject({
  server: z.enum(['connecting', 'online', 'offline']),
  keys: z.enum(['hsm', 'software']).nullable(),
  cardService: z.enum(['running', 'restarting', 'down']),
  /** What waits to be sent when the server is back. */
  waiting: z.number().int(),
  since: TimeMs,
})
export type ConnectionState = z.infer<typeof ConnectionState>

export const CardComparison = z.strictObject({
  reader: ReaderView,
  known: CardView.nullable(),
  /** Differences worth a sentence: `unknown-card`, `certificate-missing`, `certificate-foreign`, `state-terminated`, ... */
  findings: z.array(
    z.enum([
      'unknown-card',
      'certificate-missing',
      'certificate-foreign',
      'card-terminated',
      'card-suspended',
      'in-personalisation',
      'certificate-expired',
      'certificate-revoked',
    ]),
  ),
})
export type CardComparison = z.infer<typeof CardComparison>

export const DemoCard = z.strictObject({
  id: z.string().max(60),
  label: z.string().max(200),
  serial: CardSerial,
  blank: z.boolean(),
  inReader: z.string().nullable(),
})
export type DemoCard = z.infer<typeof DemoCard>

export const PersonaliseProgress = z.strictObject({ enrolment: EnrolmentView, running: z.boolean(), ms: z.number() })

const Count = z.number().int().min(0)
const Chain = z.string().min(1).max(63)
/** What this desk, a witness of the audit (C2SP tlog-witness), keeps of one chain. */
export const WitnessedChain = z.strictObject({
  chain: Chain,
  /** Entries of the checkpoint kept: every later one must extend it. */
  size: Count,
  firstSeenAt: TimeMs,
  seenAt: TimeMs,
  /** When the server took this desk's signature of the checkpoint kept; null: not yet. */
  cosignedAt: TimeMs.nullable(),
  /**
   * The server gave no proof that what it shows extends what is kept; the latter stays. `removed`: it says that cleaning
   * took what the proof would need. By `id` in `explainedAlarms` of its configuration the desk begins anew.
   */
  unproved: z.strictObject({ id: Id, why: z.enum(['removed', 'none']) }).nullable(),
})
export type WitnessedChain = z.infer<typeof WitnessedChain>
/** What the server showed and what was seen before cannot both be true. It stays until somebody explains it. */
export const Contradiction = z.strictObject({
  /** To quote. */
  id: Id,
  chain: Chain,
  kind: ContradictionKind,
  /** Entries kept, and shown; null: none, or a chain not shown at all. */
  keptSize: Count.nullable(),
  seenSize: Count.nullable(),
  foundAt: TimeMs,
  /** The server was told; it logs and mails. */
  reported: z.boolean(),
})
export type Contradiction = z.infer<typeof Contradiction>
/** This desk no longer knows what it saw of a chain, and trusts what it is shown now. Null: its own key as a witness. */
export const WitnessLoss = z.strictObject({
  chain: Chain.nullable(),
  why: z.enum(['store-replaced', 'row-damaged', 'key-refused', 'explained']),
  at: TimeMs,
})
export type WitnessLoss = z.infer<typeof WitnessLoss>
export const WitnessState = z.strictObject({
  chains: z.array(WitnessedChain).max(1000),
  contradictions: z.array(Contradiction).max(1000),
  losses: z.array(WitnessLoss).max(1000),
  /** Last look at the server that went to its end, and why the one after it did not. */
  checkedAt: TimeMs.nullable(),
  failure: Failure.shape.code.nullable(),
  /** The server takes no signature of this desk: it knows this station by another key as a witness. */
  keyRefused: z.boolean(),
})
export type WitnessState = z.infer<typeof WitnessState>

export const DESK_CALLS = {
  'app.info': call({ input: none, output: AppInfo }),
  /** Public key of the card worker that now runs; changes when it restarts (SEALED_INVALID means: seal again). */
  'app.sealKey': call({ input: none, output: PublicJwk }),
  'connection.state': call({ input: none, output: ConnectionState }),
  'readers.list': call({ input: none, output: z.array(ReaderView) }),
  'session.state': call({ input: none, output: SessionState }),
  'session.signIn': call({
    input: z.strictObject({ reader, via: KeyPath, pin: Sealed, office: Id.nullable() }),
    output: SessionState,
  }),
  'session.signOut': call({ input: none, output: SessionState }),
  'session.lock': call({ input: none, output: SessionState }),
  'console.find': call({ input: z.strictObject({ code: z.string().max(12) }), output: ConsoleRequestView }),
  'console.approve': call({ input: z.strictObject({ code: z.string().max(12), pin: Sealed }), output: done }),

  'holders.search': call({
    input: z.strictObject({ ...listInput, text: z.string().max(200) }),
    output: page(HolderRow),
  }),
  'holders.get': call({
    input: z.strictObject({ id: Id }),
    output: z.strictObject({ holder: HolderView, cards: z.array(CardView), enrolments: z.array(EnrolmentRow) }),
  }),
  'holders.create': call({
    input: z.strictObject({ fields: HolderFields, key: z.string().min(16).max(64) }),
    output: HolderView,
  }),
  'holders.update': call({
    input: z.strictObject({ id: Id, etag: z.string().max(20), fields: HolderFields }),
    output: HolderView,
  }),
  'trail.get': call({
    input: z.strictObject({ ...listInput, objectType: z.string().max(40), objectId: z.string().max(100) }),
    output: page(AuditEntryView),
  }),

  'profiles.list': call({ input: none, output: z.array(CardProfile) }),
  'enrolments.list': call({
    input: z.strictObject({ ...listInput, state: EnrolmentState.optional(), open: z.boolean().optional() }),
    output: page(EnrolmentRow),
  }),
  'enrolments.get': call({ input: z.strictObject({ id: Id }), output: EnrolmentView }),
  'enrolments.create': call({
    input: z.strictObject({ holder: Id, key: z.string().min(16).max(64) }),
    output: EnrolmentView,
  }),
  'enrolments.prove': call({
    input: z.strictObject({ id: Id, etag: z.string().max(20), proofing: ProofingFields }),
    output: EnrolmentView,
  }),
  'enrolments.chooseProfile': call({
    input: z.strictObject({ id: Id, etag: z.string().max(20), profile: z.string().max(40) }),
    output: EnrolmentView,
  }),
  'enrolments.record': call({ input: z.strictObject({ id: Id }), output: RegistrationRecord }),
  /** Signs the record with the 9C key of the operator's card; the PIN is asked again, on purpose. */
  'enrolments.sign': call({
    input: z.strictObject({ id: Id, etag: z.string().max(20), pin: Sealed, record: RegistrationRecord }),
    output: EnrolmentView,
  }),
  /** Runs all steps that are not done on the card in `reader`; progress comes as `enrolment.progress`. Also resumes. */
  'enrolments.personalise': call({ input: z.strictObject({ id: Id, reader }), output: EnrolmentView }),
  'enrolments.rollBack': call({
    input: z.strictObject({ id: Id, reader: reader.nullable(), reason: Text(500) }),
    output: EnrolmentView,
  }),
  'enrolments.cancel': call({ input: z.strictObject({ id: Id, reason: Text(500) }), output: EnrolmentView }),
  /** Did the holder choose a PIN on this card before an interruption? `maybe`: the desk died while the card took it. */
  'enrolments.pinChosen': call({
    input: z.strictObject({ id: Id, serial: CardSerial }),
    output: z.strictObject({ chosen: z.enum(['no', 'maybe', 'yes']) }),
  }),
  /**
   * The holder types a PIN of their own (`use: new-pin`); the transport PIN comes from the vault, never shown. Null where
   * the PIN was chosen before (`pinChosen`: `yes`): it stays, and only the hand-over is told.
   */
  'enrolments.handOver': call({
    input: z.strictObject({ id: Id, reader, newPin: Sealed.nullable() }),
    output: EnrolmentView,
  }),
  /** Its dates are those of `timeZone` (an IANA name), which it names; absent: of the machine the desk runs on. */
  'enrolments.receipt': call({
    input: z.strictObject({ id: Id, language: z.enum(['en', 'it']), timeZone: TimeZone.optional() }),
    output: z.strictObject({ fileName: z.string().max(200), pdf: Base64(4_000_000) }),
  }),

  'cards.inspect': call({ input: z.strictObject({ reader }), output: CardComparison }),
  'cards.find': call({ input: z.strictObject({ ...listInput, text: z.string().max(200) }), output: page(CardView) }),
  'cards.get': call({ input: z.strictObject({ serial: CardSerial }), output: CardView }),
  /** The owner changes the PIN (`use: change-pin`: pin and newPin). */
  'cards.changePin': call({ input: z.strictObject({ reader, pins: Sealed }), output: ReaderView }),
  'cards.checkPin': call({ input: z.strictObject({ reader, pin: Sealed }), output: ReaderView }),
  'cards.unblock': call({
    input: z.strictObject({
      reader,
      serial: CardSerial,
      checks: z.array(IdentityCheck).min(2),
      reason: Text(500),
      newPin: Sealed,
    }),
    output: ReaderView,
  }),
  'certificates.revoke': call({
    input: z.strictObject({ serial: CertificateSerial, reason: RevocationReason, note: Text(500) }),
    output: CertificateView,
  }),

  /** Text typed and not sent yet, kept encrypted so that a killed desk loses nothing. Never holds secrets. */
  'drafts.get': call({
    input: z.strictObject({ name: z.string().regex(/^[a-z0-9:_-]{1,100}$/i) }),
    output: z.strictObject({ value: z.json().nullable() }),
  }),
  'drafts.put': call({
    input: z.strictObject({ name: z.string().regex(/^[a-z0-9:_-]{1,100}$/i), value: z.json().nullable() }),
    output: done,
  }),

  'exports.list': call({
    input: z.strictObject({ ...listInput, state: ExportState.optional() }),
    output: page(ExportView),
  }),
  /** Stops an export that is not ready; nothing of it is kept. EXPORT_STATE where it has ended. */
  'exports.cancel': call({ input: z.strictObject({ id: Id }), output: ExportView }),
  /** Signs an export's manifest with the 9C key of the operator's card, beside the server; `manifestDigest` is what was shown. */
  'exports.sign': call({
    input: z.strictObject({
      id: Id,
      manifestDigest: z.string().regex(/^[0-9a-f]{64}$/),
      pin: Sealed,
    }),
    output: ExportView,
  }),

  'diagnostics.checks': call({ input: none, output: z.array(HealthCheck) }),
  'diagnostics.report': call({
    input: none,
    output: z.strictObject({ fileName: z.string(), text: z.string().max(200_000) }),
  }),

  'witness.state': call({ input: none, output: WitnessState }),
  /** Looks at the server's checkpoints now. */
  'witness.check': call({ input: none, output: WitnessState }),

  'demo.cards': call({ input: none, output: z.array(DemoCard) }),
  'demo.insert': call({
    input: z.strictObject({ reader, card: z.string().max(60).nullable() }),
    output: z.array(ReaderView),
  }),
  'demo.newCard': call({ input: none, output: DemoCard }),
} as const satisfies Record<string, DeskCallSchema>

export const DESK_EVENTS = {
  readers: z.array(ReaderView),
  session: SessionState,
  connection: ConnectionState,
  'enrolment.progress': PersonaliseProgress,
  witness: WitnessState,
} as const satisfies Record<string, z.ZodType>

export type DeskCall = keyof typeof DESK_CALLS
export type DeskInput<C extends DeskCall> = z.input<(typeof DESK_CALLS)[C]['input']>
export type DeskRequest<C extends DeskCall> = z.output<(typeof DESK_CALLS)[C]['input']>
export type DeskOutput<C extends DeskCall> = z.output<(typeof DESK_CALLS)[C]['output']>
export type DeskEvent = keyof typeof DESK_EVENTS
export type DeskEventValue<E extends DeskEvent> = z.output<(typeof DESK_EVENTS)[E]>
/** The handlers a desk host registers: one per call. */
export type DeskHandlers = { [C in DeskCall]: (input: DeskRequest<C>) => Promise<DeskOutput<C>> }
export const DESK_CALL_NAMES = Object.keys(DESK_CALLS) as readonly DeskCall[]
export const DESK_EVENT_NAMES = Object.keys(DESK_EVENTS) as readonly DeskEvent[]
export { Role as DeskRole }

/** What the preload (Electron) or the WebSocket client (browser host) puts at `window.countersign`. Answers are `Result`, unparsed. */
export interface DeskBridge {
  call(name: string, input: unknown): Promise<unknown>
  /** Subscribes; the returned function ends the subscription. */
  on(event: string, listener: (value: unknown) => void): () => void
}
