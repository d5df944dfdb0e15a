import { sign as signWith, type KeyObject } from 'node:crypto'
import { canonicalBytes } from '../../shared/audit/jcs.ts'
import type { JsonObject } from '../../shared/audit/json.ts'
import {
  AppError,
  hasRight,
  type KeyPath,
  type ReaderView,
  type Right,
  type Sealed,
  type SessionState,
  type SessionView,
  type SignInStatement,
} from '../../shared/contract/index.ts'
import { deriveProofKey, makeSessionKey } from './session-key.ts'
import { type OperatorCard, signWithOperatorCard } from './operator-key.ts'
import type { CardPort, DeskEvents, Log, Remote } from './ports.ts'

type Why = Extract<SessionState, { status: 'locked' }>['why']
const END_TIMEOUT_MS = 4_000
/** Longest delay a timer takes; a session that lasts longer is looked at again. */
const TIMER_MAX_MS = 2_000_000_000

export interface SignInInput {
  reader: string
  via: KeyPath
  pin: Sealed
  office: string | null
}

/**
 * Who works here, and the card that proves it. The session lives in this process alone; the server knows its token, the
 * proof key never leaves. Locking is signing out with the screen kept: the server's session ends, the card is reset.
 */
export class SessionService {
  readonly #cards: CardPort
  readonly #remote: Remote
  readonly #events: DeskEvents
  readonly #log: Log
  readonly #serverName: string
  readonly #station: { id: string; key: KeyObject }
  readonly #stops: (() => void)[] = []
  #state: SessionState = { status: 'signed-out' }
  #card: OperatorCard | null = null
  #expiry: NodeJS.Timeout | null = null
  #signingIn = false

  constructor(parts: {
    cards: CardPort
    remote: Remote
    events: DeskEvents
    log: Log
    serverName: string
    station: { id: string; key: KeyObject }
  }) {
    this.#cards = parts.cards
    this.#remote = parts.remote
    this.#events = parts.events
    this.#log = parts.log
    this.#serverName = parts.serverName
    this.#station = parts.station
    this.#stops.push(
      this.#cards.on('readers', (readers) => this.#watch(readers)),
      this.#cards.on('state', (state) => {
        if (state !== 'running') this.#lockNow('worker-crashed', 'lock')
      }),
      this.#remote.onSessionLost(() => this.#lockNow('expired', null)),
    )
  }

  state(): SessionState {
    return this.#state
  }
  /** The session in use. Throws SESSION_REQUIRED, SESSION_LOCKED. */
  require(): SessionView {
    if (this.#state.status === 'signed-in') return this.#state.session
    throw new AppError(this.#state.status === 'locked' ? 'SESSION_LOCKED' : 'SESSION_REQUIRED')
  }
  /** Does the operator hold the right somewhere? The server decides; this only spares refusals that would be audited. */
  may(right: Right): boolean {
    if (this.#state.status !== 'signed-in') return false
    return hasRight([...new Set(this.#state.session.grants.map((grant) => grant.role))], right)
  }
  operatorCard(): OperatorCard {
    this.require()
    if (this.#card === null) throw new AppError('SESSION_REQUIRED')
    return this.#card
  }

  /**
   * Signs in, or unlocks, with the card in `reader` (DESIGN 4.4). On return the server's session is bound to a key made
   * here, to this station and to this card. Nothing is kept where it fails; the card is reset either way.
   */
  async signIn(input: SignInInput): Promise<SessionState> {
    await this.#signIn(input)
    // Read last: the card may have gone while it was reset, and then an event has said "locked" before this answer.
    return this.#state
  }

  async #signIn(input: SignInInput): Promise<void> {
    if (this.#signingIn) throw new AppError('CARD_BUSY', { reason: 'signing-in' })
    if (this.#state.status === 'signed-in') throw new AppError('REQUEST_CONFLICT', { reason: 'signed-in' })
    this.#signingIn = true
    try {
      const before = await this.#cards.inspect(input.reader)
      const card: OperatorCard = { reader: input.reader, via: input.via, serial: before.card?.serial ?? null }
      const session = await this.#open(card, input)
      // The card may have gone while the server answered: the watch below saw no session then.
      const now = (await this.#cards.readers()).find((reader) => reader.name === card.reader)
      this.#card = card
      this.#set({ status: 'signed-in', session, reader: card.reader })
      this.#expireAt(session.expiresAt)
      if (isGone(now, card.serial)) this.#lockNow('card-removed', 'card-removed')
    } finally {
      this.#signingIn = false
      await this.#resetCard(input.reader)
    }
  }

  async signOut(): Promise<SessionState> {
    const reader = this.#card?.reader ?? null
    const open = this.#state.status === 'signed-in'
    this.#clear()
    this.#set({ status: 'signed-out' })
    await Promise.all([open ? this.#endAtServer('sign-out') : null, reader === null ? null : this.#resetCard(reader)])
    this.#dropIfStillClosed()
    return this.#state
  }

  async lock(): Promise<SessionState> {
    this.require()
    this.#lockNow('manual', 'lock')
    return this.#state
  }

  /** The statement a card signs, as the RFC 8785 bytes that are sent. */
  statement(fields: Omit<SignInStatement, 'serverName' | 'serverCertificate' | 'station' | 'time'>): Uint8Array {
    const serverCertificate = this.#remote.serverCertificate()
    if (serverCertificate === null) throw new AppError('NETWORK_OFFLINE', { reason: 'no-certificate' })
    const statement: SignInStatement = {
      ...fields,
      serverName: this.#serverName,
      serverCertificate,
      station: this.#station.id,
      time: this.#remote.nowMs(),
    }
    return canonicalBytes(statement as JsonObject)
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    if (this.#state.status === 'signed-in') await this.signOut()
    this.#clear()
    this.#remote.useSession(null)
  }

  async #open(card: OperatorCard, input: SignInInput): Promise<SessionView> {
    const challenge = await this.#remote.call('createChallenge', { body: { station: this.#station.id } })
    // A server that answers under another name than the configured one would get a statement meant for it.
    if (challenge.serverName !== this.#serverName) throw new AppError('NETWORK_UNTRUSTED_SERVER', { reason: 'name' })
    const { privateKey, publicJwk } = makeSessionKey()
    const statement = this.statement({
      type: 'countersign/sign-in/v1',
      challenge: challenge.id,
      nonce: challenge.nonce,
      sessionKey: publicJwk,
      console: null,
    })
    const cms = await signWithOperatorCard(this.#cards, card, {
      slot: '9A',
      pin: input.pin,
      content: statement,
      detached: true,
      time: new Date(this.#remote.nowMs()),
    })
    const answer = await this.#remote.call('signIn', {
      body: {
        challenge: challenge.id,
        statement: Buffer.from(statement).toString('base64'),
        cms: Buffer.from(cms).toString('base64'),
        stationSignature: signWith('sha256', cms, this.#station.key).toString('base64'),
        cardSerial: card.serial,
        office: input.office,
      },
    })
    const proofKey = deriveProofKey(privateKey, challenge.ephemeralKey, challenge.nonce)
    this.#remote.useSession({ token: answer.token, proofKey })
    this.#log.info('session.signed-in', { session: answer.session.id, operator: answer.session.operator.id })
    return answer.session
  }

  #watch(readers: readonly ReaderView[]): void {
    if (this.#state.status !== 'signed-in' || this.#card === null) return
    const { reader, serial } = this.#card
    if (
      isGone(
        readers.find(({ name }) => name === reader),
        serial,
      )
    )
      this.#lockNow('card-removed', 'card-removed')
  }

  /** Locks before anything else is awaited: the screen must be covered even when server and card do not answer. */
  #lockNow(why: Why, tell: 'lock' | 'card-removed' | null): void {
    if (this.#state.status !== 'signed-in') return
    const { session } = this.#state
    const reader = this.#card?.reader
    this.#clear()
    this.#set({ status: 'locked', session, why })
    this.#log.info('session.locked', { session: session.id, why })
    void (async () => {
      await Promise.all([
        tell === null ? null : this.#endAtServer(tell),
        reader === undefined ? null : this.#resetCard(reader),
      ])
      this.#dropIfStillClosed()
    })()
  }

  #endAtServer(why: 'sign-out' | 'lock' | 'card-removed'): Promise<void> {
    return this.#remote
      .call('endSession', { query: { why } }, { timeoutMs: END_TIMEOUT_MS })
      .then(() => undefined)
      .catch((error: unknown) => this.#log.warn('session.end-not-told', { why, error }))
  }
  async #resetCard(reader: string): Promise<void> {
    await this.#cards
      .reset(reader)
      .catch((error: unknown) => this.#log.warn('session.card-not-reset', { reader, error }))
  }
  /** The proof key goes once the server was told, unless somebody signed in again meanwhile. */
  #dropIfStillClosed(): void {
    if (this.#state.status !== 'signed-in' && !this.#signingIn) this.#remote.useSession(null)
  }
  #expireAt(atMs: number): void {
    const left = atMs - this.#remote.nowMs()
    this.#expiry = setTimeout(
      () => (left > TIMER_MAX_MS ? this.#expireAt(atMs) : this.#lockNow('expired', 'lock')),
      Math.max(0, Math.min(left, TIMER_MAX_MS)),
    )
    this.#expiry.unref()
  }
  #clear(): void {
    if (this.#expiry) clearTimeout(this.#expiry)
    this.#expiry = null
    this.#card = null
  }
  #set(state: SessionState): void {
    this.#state = state
    this.#events.emit('session', state)
  }
}

/** Is the card that was signed in with no longer there? A card being read or held by another program still is. */
export function isGone(view: ReaderView | undefined, serial: string | null): boolean {
  if (view === undefined) return true
  if (view.state === 'reading' || view.state === 'busy') return false
  return view.card === null || view.card.serial !== serial
}
