import type {
  CardKeyAlgorithm,
  DemoCard,
  DeskEvent,
  DeskEventValue,
  ErrorCode,
  HttpAnswer,
  HttpInput,
  HttpName,
  KeyPath,
  PublicJwk,
  ReaderView,
  Sealed,
  Slot,
} from '../../shared/contract/index.ts'
import type { Json } from '../../shared/audit/json.ts'
import type { WitnessStore } from './witness-ports.ts'

/** What the desk's services need from the outside, in their own words. `compose` hands in the makers. */

/** A card addressed by the reader it is in and the serial it must have: a swapped card costs `CARD_CHANGED`, never a wrong write. */
export interface CardAddress {
  reader: string
  serial: string
}

/** What a personalisation call needs to open the card: the management key wanted and the codes, sealed to the worker. */
export interface CardSecrets {
  /**
   * `use: card-secrets` with `pin` (transport PIN), `puk`, `managementKey`, bound to the card's serial. The one sealed
   * secret that may be used again, for the same card within half an hour: the steps of a personalisation share it.
   */
  secrets: Sealed
}

/**
 * The card worker as services see it. Every call runs in its own process under a deadline, in one exclusive card
 * transaction, and leaves the card reset (no PIN verified). All errors are `AppError` CARD_*, READER_*, SEALED_INVALID, WORKER_CRASHED.
 * Idempotent calls may be repeated after any failure.
 */
export interface CardPort {
  /** Public sealing key of the worker that now runs. */
  sealKey(): Promise<PublicJwk>
  readers(): Promise<ReaderView[]>
  /** Reads the card again (tries left included). */
  inspect(reader: string): Promise<ReaderView>
  /** Signs `data` (hashing by the key's algorithm) with the operator's card after verifying the sealed PIN (`use: pin`). ECDSA comes as DER. */
  sign(request: {
    reader: string
    via: KeyPath
    slot: Slot
    pin: Sealed
    data: Uint8Array
  }): Promise<{ signature: Uint8Array; certificate: Uint8Array; algorithm: CardKeyAlgorithm; serial: string | null }>
  /** Resets the card so that nothing stays verified on it. Never fails on an absent card. */
  reset(reader: string): Promise<void>
  checkPin(request: { reader: string; pin: Sealed }): Promise<ReaderView>
  changePin(request: { reader: string; pins: Sealed }): Promise<ReaderView>
  /** RESET RETRY COUNTER with the PUK (`use: puk`, from the vault) and the new PIN (`use: new-pin`, from its dialog). */
  unblock(request: CardAddress & { puk: Sealed; newPin: Sealed }): Promise<ReaderView>

  // personalising: each does its step whatever was done before, and gives the same card
  /** Opens with the wanted key, else with the maker's default and then sets the wanted one. */
  setManagementKey(request: CardAddress & CardSecrets): Promise<void>
  /** `tries`: how many PIN and PUK shall have, where the kind of card can be told. */
  setPinAndPuk(request: CardAddress & CardSecrets & { tries?: { pin: number; puk: number } }): Promise<void>
  writeChuid(request: CardAddress & CardSecrets & { guid: string; expiresOn: string }): Promise<void>
  /** Makes a new key pair on the card; gives its SubjectPublicKeyInfo (DER). */
  generateKey(request: CardAddress & CardSecrets & { slot: Slot; algorithm: CardKeyAlgorithm }): Promise<Uint8Array>
  /** Signs with a slot's key under the transport PIN (for the certificate request). ECDSA as DER. */
  signWithTransportPin(
    request: CardAddress & CardSecrets & { slot: Slot; algorithm: CardKeyAlgorithm; data: Uint8Array },
  ): Promise<Uint8Array>
  writeCertificate(request: CardAddress & CardSecrets & { slot: Slot; certificate: Uint8Array }): Promise<void>
  readCertificate(request: CardAddress & { slot: Slot }): Promise<Uint8Array | null>
  /** Holder chooses a PIN: from transport PIN (`secrets`) to `newPin`. */
  replaceTransportPin(request: CardAddress & CardSecrets & { newPin: Sealed }): Promise<ReaderView>
  /** Empties every object and key slot and puts the maker's PIN, PUK and management key back: the card is blank again. */
  wipe(request: CardAddress & CardSecrets): Promise<void>

  on(event: 'readers', listener: (readers: ReaderView[]) => void): () => void
  on(event: 'state', listener: (state: 'running' | 'restarting' | 'down') => void): () => void
  state(): 'running' | 'restarting' | 'down'
  keyPaths(): Promise<KeyPath[]>
  /** How long cards took to answer commands, and how many, since the worker started: what is left is the desk's own time. */
  cardTime(): Promise<{ ms: number; commands: number }>
  /** Virtual readers only; null where readers are real. */
  demo: {
    cards(): Promise<DemoCard[]>
    insert(reader: string, card: string | null): Promise<void>
    newCard(): Promise<DemoCard>
  } | null
  /** Resets every card, ends the worker and whatever it started. */
  close(): Promise<void>
}

/** A session as the HTTP client needs it: worth nothing without `proofKey`, which never leaves the process. */
export interface RemoteSession {
  token: string
  proofKey: Uint8Array
}
export interface RemoteOptions {
  /** For routes that create: the same key gives the same object. */
  idempotencyKey?: string
  /** For routes that change: the ETag last seen. */
  ifMatch?: string
  timeoutMs?: number
  /** Correlation id carried to the audit entry; made where it is left out. */
  requestId?: string
}
/** The central server. Answers are parsed; every failure is an `AppError` (the server's code, NETWORK_*, CONTRACT_MISMATCH, SESSION_*). */
export interface Remote {
  call<N extends HttpName>(name: N, input: HttpInput<N>, options?: RemoteOptions): Promise<HttpAnswer<N>>
  /** SHA-256 of the DER of the TLS certificate last seen, base64url; null before the first connection. */
  serverCertificate(): string | null
  /** Now, by the server's clock as far as it is known (ms since 1970). */
  nowMs(): number
  useSession(session: RemoteSession | null): void
  /** The server no longer knows the session, or it expired. */
  onSessionLost(listener: (code: ErrorCode) => void): () => void
  /** Every outcome that tells whether the server is in reach. */
  onReach(listener: (reached: boolean) => void): () => void
  close(): void
}

/** Public halves of what is being made on a card, so that a killed desk goes on with the same key. No secret in it. */
export interface KeyInProgress {
  cardSerial: string
  spki: Uint8Array
  /** The request made for this key, once there is one: sent again it gives the same certificate. */
  csr: Uint8Array | null
}
export type PinChange = 'replacing' | 'replaced'
export interface OutboxItem {
  id: number
  operator: string
  call: HttpName
  input: unknown
}
/** The desk's own database. Every method is durable when it returns. */
export interface DeskStore {
  readDraft(name: string): Json | null
  writeDraft(name: string, value: Json | null): void
  readKey(enrolment: string, slot: Slot): KeyInProgress | null
  writeKey(enrolment: string, slot: Slot, key: KeyInProgress): void
  forgetKey(enrolment: string, slot: Slot): void
  forgetKeys(enrolment: string): void
  readPinChange(enrolment: string, cardSerial: string): PinChange | null
  writePinChange(enrolment: string, cardSerial: string, state: PinChange | null): void
  /** SHA-256 (hex) of the registration record signed at this desk, for the receipt. */
  readRecordDigest(enrolment: string): string | null
  writeRecordDigest(enrolment: string, sha256: string): void
  /** Forgets what is kept while a card is being made. */
  forgetEnrolment(enrolment: string): void
  addToOutbox(operator: string, call: HttpName, input: unknown): void
  outbox(operator: string): OutboxItem[]
  removeFromOutbox(id: number): void
  waiting(): number
  /** What this desk remembers as a witness of the audit. */
  readonly witness: WitnessStore
  /** A damaged file was moved aside at start: what was in it is lost and the operator must be told. */
  readonly recovered: boolean
  close(): void
}

export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

/** News for the screen. */
export interface DeskEvents {
  emit<E extends DeskEvent>(event: E, value: DeskEventValue<E>): void
  on<E extends DeskEvent>(event: E, listener: (value: DeskEventValue<E>) => void): () => void
}
