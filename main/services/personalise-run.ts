import {
  AppError,
  type DeskEventValue,
  type EnrolmentView,
  type ErrorCode,
  type PersonalisationTicket,
  type StepView,
} from '../../shared/contract/index.ts'
import { parseCertificate } from '../../shared/pki/index.ts'
import { readWorkableCard } from './card-in-reader.ts'
import { toAppError } from './failure.ts'
import type { CardAddress, CardPort, DeskStore, Log, Remote } from './ports.ts'
import type { WorkerKeys } from './worker-key.ts'
import type { SessionService } from './session.ts'
import { findSlotState, holdsKey, type OpenCard, requestFor, type SlotKey } from './slot-key.ts'

export interface PersonaliseParts {
  cards: CardPort
  workerKeys: WorkerKeys
  remote: Remote
  store: DeskStore
  session: SessionService
  log: Log
}
type StepId = StepView['id']
type Progress = DeskEventValue<'enrolment.progress'>

/**
 * One run of the saga over one card. Order of writes, and what is true if the desk dies after each:
 * 1. server: claim (`startPersonalisation`). The card belongs to the enrolment; nothing is on it.
 * 2. card: the step's effect; then server: `completeStep`, while the card does the next one. Dying between: at most two
 *    steps are done again, with the same effect.
 * 3. per key: store forgets the old key → card makes a key → store keeps its public half. Dying between: a new key is made.
 * 4. store keeps the request → server issues → card holds the certificate. Dying between: the kept request gives the same
 *    certificate; on a desk without it a new key is made and the server revokes the first certificate.
 * 5. server: `finish` → state `issued`; the store forgets.
 */
export class PersonaliseRun {
  readonly #parts: PersonaliseParts
  readonly #tell: (progress: Progress) => void
  readonly #startedMs = performance.now()
  #enrolment: EnrolmentView
  #ticket: PersonalisationTicket | null = null
  #address: CardAddress
  #atr = ''
  #current: { id: StepId; startedAt: number; startedMs: number } | null = null
  #telling: Promise<void> = Promise.resolve()

  constructor(parts: PersonaliseParts, enrolment: EnrolmentView, reader: string, tell: (progress: Progress) => void) {
    this.#parts = parts
    this.#enrolment = enrolment
    this.#address = { reader, serial: enrolment.cardSerial ?? '' }
    this.#tell = tell
  }

  /** Throws the failure after telling the server, best effort, where it stopped; everything stays resumable. */
  async run(): Promise<EnrolmentView> {
    try {
      await this.#all()
      this.#show(false, null)
      return this.#enrolment
    } catch (error) {
      const failure = toAppError(error)
      this.#parts.log.warn('personalise.interrupted', { enrolment: this.#enrolment.id, step: this.#current?.id, error })
      await this.#interrupt(failure.code)
      this.#show(false, failure.code)
      throw new AppError(failure.code, { ...failure.detail, step: this.#current?.id ?? null }, { cause: error })
    }
  }

  async #all(): Promise<void> {
    await this.#claim()
    const { cards } = this.#parts
    await this.#once('management-key', (open) => cards.setManagementKey(open))
    const { profile } = this.#enrolment
    const tries = profile && { pin: profile.pinTries, puk: profile.pukTries }
    await this.#once('pin-puk', (open) => cards.setPinAndPuk({ ...open, ...(tries && { tries }) }))
    const { guid, expiresOn } = this.#ticketNow()
    await this.#once('chuid', (open) => cards.writeChuid({ ...open, guid, expiresOn }))
    for (const { slot, algorithm } of this.#enrolment.profile?.keys ?? []) await this.#slot({ slot, algorithm })
    await this.#step('finish', false, () => Promise.resolve())
    await this.#settle()
    this.#parts.store.forgetKeys(this.#enrolment.id)
  }

  async #claim(): Promise<void> {
    this.#begin('claim')
    const { cardSerial } = this.#enrolment
    const found = await readWorkableCard(this.#parts.cards, this.#address.reader, cardSerial)
    if (cardSerial === null && !found.card.blank) throw new AppError('CARD_NOT_BLANK', { serial: found.serial })
    this.#address = { reader: found.reader, serial: found.serial }
    this.#atr = found.atr
    await this.#fetchTicket()
    await this.#complete('claim', false)
  }

  async #slot(key: SlotKey): Promise<void> {
    const { slot } = key
    const { cards, store, remote } = this.#parts
    const { id } = this.#enrolment
    const begun = this.#isDone(`key:${slot}`) || store.readKey(id, slot) !== null
    if (begun) this.#begin(`key:${slot}`)
    const state = begun
      ? await this.#opened((open) => findSlotState(this.#parts, open, key, this.#enrolment))
      : { kind: 'none' as const }
    if (state.kind === 'written') {
      for (const kind of ['key', 'request', 'certificate', 'write', 'read-back'] as const)
        await this.#once(`${kind}:${slot}`, () => Promise.resolve())
      return
    }
    // Told again where it was done before: the server then puts all that hung on the old key back to waiting.
    const anew = state.kind === 'none'
    const spki = await this.#step(`key:${slot}`, anew, async (open) => {
      if (state.kind === 'made') return state.spki
      store.forgetKey(id, slot)
      const made = await cards.generateKey({ ...open, ...key })
      store.writeKey(id, slot, { cardSerial: this.#address.serial, spki: made, csr: null })
      return made
    })
    const csr = await this.#step(`request:${slot}`, false, (open) =>
      requestFor(this.#parts, open, key, this.#enrolment),
    )
    const certificate = await this.#step(`certificate:${slot}`, false, async () => {
      await this.#settle()
      const body = { cardSerial: this.#address.serial, slot, csr: Buffer.from(csr).toString('base64') }
      const { der } = await remote.call('issueCertificate', { params: { id }, body })
      const issued = new Uint8Array(Buffer.from(der, 'base64'))
      // A certificate for another key must never reach the card: its holder could not use it, somebody else could.
      if (Buffer.compare(parseCertificate(issued).spki, spki) !== 0) throw new AppError('CONTRACT_MISMATCH', { slot })
      return issued
    })
    await this.#step(`write:${slot}`, false, (open) => cards.writeCertificate({ ...open, slot, certificate }))
    await this.#step(`read-back:${slot}`, false, async (open) => {
      const onCard = await cards.readCertificate({ ...this.#address, slot })
      const same = onCard !== null && Buffer.compare(onCard, certificate) === 0
      if (!same || !(await holdsKey(cards, open, key, spki)))
        throw new AppError('CARD_COMMAND_FAILED', { slot, reason: 'read-back' })
    })
  }

  /** Does a step unless the server has it done. */
  async #once(id: StepId, act: (open: OpenCard) => Promise<void>): Promise<void> {
    if (!this.#isDone(id)) await this.#step(id, false, act)
  }
  /** Does a step, whatever was done before, and records it where it was not, or was done `anew`. */
  async #step<T>(id: StepId, anew: boolean, act: (open: OpenCard) => Promise<T>): Promise<T> {
    // A locked desk works on nothing: the officer's card was pulled, or somebody else may be sitting here.
    this.#parts.session.require()
    this.#begin(id)
    const made = await this.#opened(act)
    await this.#complete(id, anew)
    return made
  }
  /** A worker that was restarted cannot open what was sealed to the one before: fetch the secrets anew, once. */
  async #opened<T>(act: (open: OpenCard) => Promise<T>): Promise<T> {
    try {
      return await act({ ...this.#address, secrets: this.#ticketNow().secrets })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SEALED_INVALID') throw error
      await this.#fetchTicket()
      return act({ ...this.#address, secrets: this.#ticketNow().secrets })
    }
  }

  async #fetchTicket(): Promise<void> {
    await this.#settle()
    const { remote, workerKeys } = this.#parts
    const { id } = this.#enrolment
    const cardSerial = this.#address.serial
    const to = await workerKeys.for({ purpose: 'personalisation', subject: id, cardSerial })
    this.#ticket = await remote.call('startPersonalisation', {
      params: { id },
      body: { cardSerial, atr: this.#atr, ...to },
    })
    this.#enrolment = this.#ticket.enrolment
  }
  #ticketNow(): PersonalisationTicket {
    if (this.#ticket === null) throw new AppError('INTERNAL', { reason: 'no-ticket' })
    return this.#ticket
  }

  #isDone(id: StepId): boolean {
    return this.#enrolment.steps.some((step) => step.id === id && step.state === 'done')
  }
  #begin(id: StepId): void {
    this.#current = { id, startedAt: this.#parts.remote.nowMs(), startedMs: performance.now() }
    this.#show(true, null)
  }
  /**
   * Tells the server that a step was done. The card goes on with the next step meanwhile, never with the one after: the
   * server is at most one step behind, and a step done twice gives the same card.
   */
  async #complete(id: StepId, anew: boolean): Promise<void> {
    const { startedAt, startedMs } = this.#current!
    const ms = Math.round(performance.now() - startedMs)
    await this.#settle()
    if (anew || !this.#isDone(id)) {
      this.#telling = this.#tellDone(id, { cardSerial: this.#address.serial, startedAt, ms })
      // Whoever settles next gets the failure; until then nobody waits for it.
      this.#telling.catch(() => undefined)
    }
    this.#show(true, null)
  }
  async #tellDone(id: StepId, body: { cardSerial: string; startedAt: number; ms: number }): Promise<void> {
    const params = { id: this.#enrolment.id, step: id }
    this.#enrolment = await this.#parts.remote.call('completeStep', { params, body })
    this.#show(true, null)
  }
  async #settle(): Promise<void> {
    const telling = this.#telling
    this.#telling = Promise.resolve()
    await telling
  }
  async #interrupt(code: ErrorCode): Promise<void> {
    // Before the claim the server has nothing to interrupt.
    if (this.#ticket === null) return
    await this.#settle().catch((error: unknown) => this.#parts.log.warn('personalise.step-not-told', { error }))
    const body = { code, step: this.#current?.id ?? null }
    try {
      this.#enrolment = await this.#parts.remote.call('interruptPersonalisation', {
        params: { id: this.#enrolment.id },
        body,
      })
    } catch (error) {
      this.#parts.log.warn('personalise.interruption-not-told', { enrolment: this.#enrolment.id, error })
    }
  }
  /** The server's view with what only the desk knows: which step runs now, or failed just now. */
  #show(running: boolean, failed: ErrorCode | null): void {
    const now = this.#current
    const steps = this.#enrolment.steps.map((step): StepView => {
      if (now === null || step.id !== now.id || step.state === 'done') return step
      if (failed !== null) return { ...step, state: 'failed', error: failed, startedAt: now.startedAt }
      return running ? { ...step, state: 'running', error: null, startedAt: now.startedAt } : step
    })
    const ms = Math.round(performance.now() - this.#startedMs)
    this.#tell({ enrolment: { ...this.#enrolment, steps }, running, ms })
  }
}
