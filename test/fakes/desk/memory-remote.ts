import { createHash, createPublicKey, randomBytes, randomUUID, verify, type KeyObject } from 'node:crypto'
import { canonicalBytes } from '../../../shared/audit/jcs.ts'
import type { JsonObject } from '../../../shared/audit/json.ts'
import {
  AppError,
  type CardProfile,
  type CertificateView,
  type EnrolmentView,
  type ErrorCode,
  HTTP,
  type HolderView,
  type HttpAnswer,
  type HttpInput,
  type HttpName,
  type HttpRequest,
  type PublicJwk,
  type RegistrationRecord,
  type SessionView,
  SignInStatement,
  workerKeyInput,
  type WorkerKeyPurpose,
} from '../../../shared/contract/index.ts'
import { parseCertificate, verifyCsr, verifySignedData } from '../../../shared/pki/index.ts'
import { completeStep, failStep, nextState, planSteps } from '../../../server/services/enrolment-state.ts'
import { makeSessionKey } from '../../../main/services/session-key.ts'
import type { Remote, RemoteOptions, RemoteSession } from '../../../main/services/ports.ts'
import type { TestAuthority } from './authority.ts'
import { sealFor } from './sealing.ts'

export const TRANSPORT = { pin: '918273', puk: '55667788', managementKey: 'ab'.repeat(16) } as const
export const SERVER_NAME = 'test-server'
const SESSION_ID = 'session_00000001'
const STATION_ID = 'station_00000001'
const OFFICE = { id: 'office_00000001', name: 'Milano Centro', division: 'Nord' }
const OFFICER = { id: 'operator_00000001', name: 'Elena Conti' }
type Handlers = {
  [N in HttpName]?: (input: HttpRequest<N>, options: RemoteOptions) => HttpAnswer<N> | Promise<HttpAnswer<N>>
}

export const PROFILE: CardProfile = {
  id: 'staff',
  name: { en: 'Staff card', it: 'Tessera di servizio' },
  description: { en: 'For staff', it: 'Per il personale' },
  applet: 'piv',
  keys: [
    { slot: '9A', algorithm: 'ecdsa-p256', certificateProfile: 'sign-in' },
    { slot: '9C', algorithm: 'ecdsa-p384', certificateProfile: 'signature' },
  ],
  validityDays: 1000,
  pinTries: 3,
  pukTries: 3,
}

/** The server of desk tests: enough of each route to be told apart from a yes-man, with the server's own state rules. */
export class MemoryRemote implements Remote {
  readonly authority: TestAuthority
  readonly calls: { name: HttpName; input: unknown; options: RemoteOptions }[] = []
  readonly revoked: string[] = []
  session: RemoteSession | null = null
  enrolment: EnrolmentView
  stationKey: KeyObject | null = null
  handlers: Handlers = {}
  roles: SessionView['grants'][number]['role'][] = ['RO']
  sessionMs = 3_600_000
  readonly #issued = new Map<string, { view: CertificateView; der: Uint8Array; spki: string }>()
  readonly #lost = new Set<(code: ErrorCode) => void>()
  readonly #reach = new Set<(reached: boolean) => void>()
  #challenge = ''

  constructor(authority: TestAuthority) {
    this.authority = authority
    this.enrolment = newEnrolment()
  }
  serverCertificate(): string | null {
    return 'c'.repeat(43)
  }
  nowMs(): number {
    return Date.now()
  }
  useSession(session: RemoteSession | null): void {
    this.session = session
  }
  onSessionLost(listener: (code: ErrorCode) => void): () => void {
    this.#lost.add(listener)
    return () => this.#lost.delete(listener)
  }
  onReach(listener: (reached: boolean) => void): () => void {
    this.#reach.add(listener)
    return () => this.#reach.delete(listener)
  }
  loseSession(code: ErrorCode): void {
    for (const listener of this.#lost) listener(code)
  }
  reach(reached: boolean): void {
    for (const listener of this.#reach) listener(reached)
  }
  /** What a process that is no more leaves behind: nobody listening. */
  forgetListeners(): void {
    this.#lost.clear()
    this.#reach.clear()
  }
  close(): void {
    this.session = null
  }
  certificates(): CertificateView[] {
    return [...this.#issued.values()].map(({ view }) => view)
  }

  async call<N extends HttpName>(name: N, input: HttpInput<N>, options: RemoteOptions = {}): Promise<HttpAnswer<N>> {
    this.calls.push({ name, input, options })
    const route: { auth: string; params?: unknown; query?: unknown; body?: unknown; creates?: true; changes?: true } =
      HTTP[name]
    if (route.auth !== 'none' && this.session === null) throw new AppError('SESSION_REQUIRED')
    if (route.creates && options.idempotencyKey === undefined) throw new AppError('REQUEST_INVALID', { field: 'key' })
    if (route.changes && options.ifMatch === undefined) throw new AppError('REQUEST_PRECONDITION_REQUIRED')
    const parsed: Record<string, unknown> = {}
    for (const part of ['params', 'query', 'body'] as const) {
      const schema = route[part] as { parse(value: unknown): unknown } | undefined
      const value = (input as Record<string, unknown>)[part]
      if (schema) parsed[part] = schema.parse(JSON.parse(JSON.stringify(value ?? {})))
      else if (value !== undefined) throw new AppError('REQUEST_INVALID', { field: part })
    }
    this.#assertVouched(name, parsed, options)
    const handler = (this.handlers[name] ?? this.#own[name]) as
      | ((input: unknown, options: RemoteOptions) => unknown)
      | undefined
    if (handler === undefined) throw new AppError('NOT_FOUND', { route: name })
    return HTTP[name].answer.parse(JSON.parse(JSON.stringify(await handler(parsed, options)))) as HttpAnswer<N>
  }

  /** As the server does it: codes are sealed to a key the station vouches for, for this very request. */
  #assertVouched(name: HttpName, { params, body }: Record<string, unknown>, options: RemoteOptions): void {
    const about = {
      startPersonalisation: ['personalisation', (params as { id?: string } | undefined)?.id],
      startHandOver: ['hand-over', (params as { id?: string } | undefined)?.id],
      startUnblock: ['unblock', options.idempotencyKey],
    }[name as string]
    if (about === undefined || this.stationKey === null) return
    const { workerKey, vouched, cardSerial } = body as HttpRequest<'startHandOver'>['body']
    const said = workerKeyInput({
      purpose: about[0] as WorkerKeyPurpose,
      subject: about[1] ?? '',
      cardSerial: cardSerial ?? (params as { serial: string }).serial,
      serverName: SERVER_NAME,
      session: SESSION_ID,
      station: STATION_ID,
      time: vouched.time,
      key: workerKey,
    })
    if (!verify('sha256', said, createPublicKey(this.stationKey), Buffer.from(vouched.signature, 'base64')))
      throw new AppError('ACCESS_DENIED', { reason: 'worker-key-signature' })
  }

  readonly #own: Handlers = {
    ping: () => ({ name: SERVER_NAME, version: '0', time: Date.now(), keys: 'software' }),
    createChallenge: () => {
      this.#challenge = randomBytes(32).toString('base64url')
      const ephemeralKey = makeSessionKey().publicJwk
      return {
        id: 'challenge_00000001',
        nonce: this.#challenge,
        serverName: SERVER_NAME,
        ephemeralKey,
        expiresAt: Date.now() + 60_000,
      }
    },
    signIn: ({ body }) => {
      const cms = Buffer.from(body.cms, 'base64')
      const content = Buffer.from(body.statement, 'base64')
      const { signerCertificate } = verifySignedData({ cms, content })
      const statement = SignInStatement.parse(JSON.parse(content.toString('utf8')))
      if (!Buffer.from(canonicalBytes(statement as JsonObject)).equals(content))
        throw new AppError('SIGN_IN_STATEMENT_INVALID')
      if (statement.nonce !== this.#challenge) throw new AppError('SIGN_IN_CHALLENGE_INVALID')
      const stationKey = this.stationKey && createPublicKey(this.stationKey)
      if (stationKey && !verify('sha256', cms, stationKey, Buffer.from(body.stationSignature, 'base64')))
        throw new AppError('STATION_UNKNOWN')
      return {
        token: 't'.repeat(43),
        session: this.#sessionFor(signerCertificate.subject.commonName ?? '', body.cardSerial),
      }
    },
    endSession: () => ({ done: true }),
    readEnrolment: () => this.enrolment,
    listEnrolments: () => ({ items: [], next: null }),
    readHolder: () => this.enrolment.holder,
    listHolderCards: () => ({ items: [] }),
    listHolders: () => ({ items: [], next: null }),
    readRecord: () => {
      const record = recordOf(this.enrolment)
      return { record, canonical: Buffer.from(canonicalBytes(record)).toString('base64') }
    },
    setRecord: ({ body }) => {
      verifySignedData({ cms: Buffer.from(body.cms, 'base64') })
      return this.#change({ state: 'approved', signedAt: Date.now() })
    },
    startPersonalisation: ({ body }) => {
      const { state, cardSerial } = this.enrolment
      if (cardSerial !== null && cardSerial !== body.cardSerial) throw new AppError('CARD_MISMATCH')
      const next = nextState(state, 'start')
      const steps = state === 'approved' ? planSteps(PROFILE) : this.enrolment.steps
      this.#change({ state: next, cardSerial: body.cardSerial, steps, interruption: null })
      const secrets = sealFor(kidOf(body.workerKey), 'card-secrets', body.cardSerial, TRANSPORT)
      return { enrolment: this.enrolment, secrets, guid: '1f'.repeat(16), expiresOn: '2030-01-01' }
    },
    completeStep: ({ params, body }) => {
      nextState(this.enrolment.state, 'step')
      const times = { startedAt: body.startedAt, doneAt: body.startedAt + Math.round(body.ms) }
      const steps = completeStep(this.enrolment.steps, params.step, times)
      return this.#change({ steps, state: params.step === 'finish' ? 'issued' : 'personalising' })
    },
    issueCertificate: async ({ body }) => {
      const { spki } = verifyCsr(Buffer.from(body.csr, 'base64'))
      const key = Buffer.from(spki).toString('base64')
      const same = [...this.#issued.values()].find(({ view, spki }) => view.slot === body.slot && spki === key)
      if (same) return this.#answerWith(same)
      for (const { view } of this.#issued.values())
        if (view.slot === body.slot && view.state === 'issued') {
          view.state = 'revoked'
          this.revoked.push(view.serial)
        }
      const { der, serial, sha256 } = await this.authority.issue(spki, 'Anna Rossi')
      const made = { der, spki: key, view: certificateView(body.slot, der, serial, sha256) }
      this.#issued.set(serial, made)
      this.#change({ certificates: this.certificates() })
      return this.#answerWith(made)
    },
    interruptPersonalisation: ({ body }) =>
      this.#change({
        state: nextState(this.enrolment.state, 'interrupt'),
        steps: failStep(this.enrolment.steps, body.step, body.code),
        interruption: { at: Date.now(), code: body.code },
      }),
    rollBack: () => {
      for (const { view } of this.#issued.values()) view.state = 'revoked'
      return this.#change({
        state: nextState(this.enrolment.state, 'roll-back'),
        cardSerial: null,
        certificates: this.certificates(),
      })
    },
    startHandOver: ({ body }) => ({
      secrets: sealFor(kidOf(body.workerKey), 'card-secrets', body.cardSerial, TRANSPORT),
    }),
    handOver: () => {
      if (this.enrolment.state === 'handed-over') return this.enrolment
      return this.#change({ state: nextState(this.enrolment.state, 'hand-over') })
    },
    startUnblock: ({ body, params }) => ({
      id: `unblock_${randomUUID().slice(0, 8)}`,
      secrets: sealFor(kidOf(body.workerKey), 'puk', params.serial, { puk: TRANSPORT.puk }),
    }),
    finishUnblock: () => ({ done: true }),
    listCheckpoints: () => ({ items: [] }),
    readCard: () => {
      throw new AppError('CARD_NOT_FOUND')
    },
    findConsoleRequest: () => ({
      id: 'console_00000001',
      address: '127.0.0.1',
      browser: 'Test',
      sessionKey: makeSessionKey().publicJwk,
      nonce: 'n'.repeat(43),
      serverName: SERVER_NAME,
      createdAt: Date.now(),
      expiresAt: Date.now() + 60_000,
    }),
    approveConsole: ({ body }) => {
      const content = Buffer.from(body.statement, 'base64')
      verifySignedData({ cms: Buffer.from(body.cms, 'base64'), content })
      return { done: true }
    },
  }

  #answerWith({ view, der }: { view: CertificateView; der: Uint8Array }) {
    return { certificate: view, der: Buffer.from(der).toString('base64'), chain: [] }
  }
  #change(values: Partial<EnrolmentView>): EnrolmentView {
    const version = Number(this.enrolment.etag.slice(1, -1)) + 1
    this.enrolment = { ...this.enrolment, ...values, etag: `"${version}"`, updatedAt: Date.now() }
    return this.enrolment
  }
  #sessionFor(name: string, cardSerial: string | null): SessionView {
    const now = Date.now()
    return {
      id: SESSION_ID,
      kind: 'desk',
      operator: { id: OFFICER.id, name },
      role: this.roles[0]!,
      grants: this.roles.map((role) => ({ role, scope: { kind: 'everything' } })),
      office: OFFICE,
      station: { id: STATION_ID, name: 'Counter 1' },
      cardSerial,
      createdAt: now,
      expiresAt: now + this.sessionMs,
      lastSignInAt: null,
    }
  }
}

const kidOf = (key: PublicJwk): string => key.kid ?? ''
const sha256Of = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')
function certificateView(
  slot: CertificateView['slot'],
  der: Uint8Array,
  serial: string,
  sha256: string,
): CertificateView {
  const { subject, issuer, notBefore, notAfter } = parseCertificate(der)
  return {
    id: `certificate_${slot}${sha256Of(der).slice(0, 12)}`,
    serial,
    slot,
    profile: 'sign-in',
    subject: subject.text,
    issuer: issuer.text,
    state: 'issued',
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
    revokedAt: null,
    revocationReason: null,
    algorithm: 'ecdsa-p256',
    sha256: sha256 || sha256Of(der),
  }
}

export const HOLDER: HolderView = {
  id: 'holder_00000001',
  givenNames: 'Anna',
  familyName: 'Rossi',
  birthDate: '1984-03-21',
  nationality: 'ITA',
  personalNumber: null,
  email: null,
  office: OFFICE,
  etag: '"1"',
  createdAt: 0,
  updatedAt: 0,
}
export const newEnrolment = (): EnrolmentView => ({
  id: 'enrolment_00000001',
  etag: '"1"',
  state: 'approved',
  holder: HOLDER,
  proofing: {
    id: 'proofing_00000001',
    documentType: 'passport',
    documentNumber: 'YA1234567',
    issuer: 'ITA',
    expiresOn: '2031-05-05',
    mrz: null,
    faceFeatures: ['eyes'],
    documentGenuine: true,
    note: null,
    comparedBy: OFFICER,
    comparedAt: 1_700_000_000_000,
  },
  profile: PROFILE,
  office: OFFICE,
  officer: OFFICER,
  cardSerial: null,
  signedAt: 1_700_000_000_000,
  steps: planSteps(PROFILE),
  certificates: [],
  interruption: null,
  createdAt: 0,
  updatedAt: 0,
})
function recordOf({ id, holder, proofing, profile, officer, office }: EnrolmentView): RegistrationRecord {
  const { office: _office, etag: _etag, createdAt: _created, updatedAt: _updated, ...person } = holder
  const { comparedBy: _by, ...proofed } = proofing!
  return {
    type: 'countersign/registration-record/v1',
    enrolment: id,
    server: SERVER_NAME,
    officer,
    office,
    station: STATION_ID,
    holder: person,
    proofing: proofed,
    profile: profile!.id,
    certificates: profile!.keys,
    time: 1_700_000_000_000,
  }
}
