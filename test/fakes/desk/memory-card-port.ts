import {
  AppError,
  type KeyPath,
  type PublicJwk,
  type ReaderView,
  type Sealed,
  type Slot,
} from '../../../shared/contract/index.ts'
import type { CardAddress, CardPort, CardSecrets } from '../../../main/services/ports.ts'
import { signRaw } from './authority.ts'
import type { MemoryCard } from './memory-card.ts'
import { sealFor, unseal } from './sealing.ts'

type State = ReturnType<CardPort['state']>

/** The card worker of tests: two readers, cards in memory, the same errors in the same places. */
export class MemoryCardPort implements CardPort {
  readonly demo = null
  readonly slots = new Map<string, MemoryCard | null>([
    ['Reader A', null],
    ['Reader B', null],
  ])
  readonly resets: string[] = []
  worker = 'worker-1'
  #state: State = 'running'
  readonly #onReaders = new Set<(readers: ReaderView[]) => void>()
  readonly #onState = new Set<(state: State) => void>()
  isClosed = false

  // what tests do
  insert(reader: string, card: MemoryCard | null): void {
    this.slots.set(reader, card)
    this.#tell()
  }
  restart(name: string): void {
    this.worker = name
  }
  setState(state: State): void {
    this.#state = state
    for (const listener of this.#onState) listener(state)
  }
  seal(use: 'pin' | 'new-pin', pin: string): Sealed {
    return sealFor(this.worker, use, null, use === 'pin' ? { pin } : { newPin: pin })
  }

  forgetListeners(): void {
    this.#onReaders.clear()
    this.#onState.clear()
  }

  // the port
  async sealKey(): Promise<PublicJwk> {
    return { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43), kid: this.worker }
  }
  async readers(): Promise<ReaderView[]> {
    return [...this.slots.keys()].map((name) => this.#view(name))
  }
  async inspect(reader: string): Promise<ReaderView> {
    return this.#view(reader)
  }
  async sign(request: { reader: string; via: KeyPath; slot: Slot; pin: Sealed; data: Uint8Array }) {
    const card = this.#cardIn(request.reader)
    this.#verifyPin(card, unseal(this.worker, request.pin, 'pin').pin)
    const key = card.keys.get(request.slot)
    const certificate = card.certificates.get(request.slot)
    if (!key || !certificate) throw new AppError('CERTIFICATE_NOT_FOUND', { slot: request.slot })
    return { signature: signRaw(key, request.data), certificate, algorithm: key.algorithm, serial: card.serial }
  }
  async reset(reader: string): Promise<void> {
    this.resets.push(reader)
  }
  async checkPin(request: { reader: string; pin: Sealed }): Promise<ReaderView> {
    this.#verifyPin(this.#cardIn(request.reader), unseal(this.worker, request.pin, 'pin').pin)
    return this.#view(request.reader)
  }
  async changePin(request: { reader: string; pins: Sealed }): Promise<ReaderView> {
    const { pin, newPin } = unseal(this.worker, request.pins, 'change-pin')
    const card = this.#cardIn(request.reader)
    this.#verifyPin(card, pin)
    card.pin = newPin!
    return this.#view(request.reader)
  }
  async unblock(request: CardAddress & { puk: Sealed; newPin: Sealed }): Promise<ReaderView> {
    const card = this.#at(request)
    if (card.pukTries === 0) throw new AppError('CARD_PUK_BLOCKED')
    if (unseal(this.worker, request.puk, 'puk').puk !== card.puk) {
      card.pukTries -= 1
      throw new AppError('CARD_PUK_WRONG', { tries: card.pukTries })
    }
    card.pin = unseal(this.worker, request.newPin, 'new-pin').newPin!
    card.pinTries = 3
    return this.#view(request.reader)
  }
  async setManagementKey(request: CardAddress & CardSecrets): Promise<void> {
    this.#at(request).managementKey = this.#secrets(request).managementKey!
  }
  async setPinAndPuk(request: CardAddress & CardSecrets): Promise<void> {
    const { pin, puk } = this.#secrets(request)
    Object.assign(this.#at(request), { pin, puk, pinTries: 3, pukTries: 3 })
  }
  async writeChuid(request: CardAddress & CardSecrets & { guid: string; expiresOn: string }): Promise<void> {
    Object.assign(this.#open(request), { guid: request.guid, expiresOn: request.expiresOn })
  }
  async generateKey(request: Parameters<CardPort['generateKey']>[0]): Promise<Uint8Array> {
    return this.#open(request).makeKey(request.slot, request.algorithm)
  }
  async signWithTransportPin(request: Parameters<CardPort['signWithTransportPin']>[0]): Promise<Uint8Array> {
    const card = this.#at(request)
    this.#verifyPin(card, this.#secrets(request).pin)
    const key = card.keys.get(request.slot)
    if (!key || key.algorithm !== request.algorithm) throw new AppError('CARD_COMMAND_FAILED', { status: '6a80' })
    return signRaw(key, request.data)
  }
  async writeCertificate(request: Parameters<CardPort['writeCertificate']>[0]): Promise<void> {
    this.#open(request).certificates.set(request.slot, request.certificate)
  }
  async readCertificate(request: CardAddress & { slot: Slot }): Promise<Uint8Array | null> {
    return this.#at(request).certificates.get(request.slot) ?? null
  }
  async replaceTransportPin(request: Parameters<CardPort['replaceTransportPin']>[0]): Promise<ReaderView> {
    const card = this.#at(request)
    this.#verifyPin(card, this.#secrets(request).pin)
    card.pin = unseal(this.worker, request.newPin, 'new-pin').newPin!
    return this.#view(request.reader)
  }
  async wipe(request: CardAddress & CardSecrets): Promise<void> {
    this.#secrets(request)
    this.#at(request).wipe()
  }
  on(event: 'readers', listener: (readers: ReaderView[]) => void): () => void
  on(event: 'state', listener: (state: State) => void): () => void
  on(event: 'readers' | 'state', listener: ((readers: ReaderView[]) => void) | ((state: State) => void)): () => void {
    const set = (event === 'readers' ? this.#onReaders : this.#onState) as Set<typeof listener>
    set.add(listener)
    return () => set.delete(listener)
  }
  state(): State {
    return this.#state
  }
  async keyPaths(): Promise<KeyPath[]> {
    return ['piv']
  }
  async cardTime(): Promise<{ ms: number; commands: number }> {
    return { ms: 0, commands: 0 }
  }
  async close(): Promise<void> {
    this.isClosed = true
  }

  #tell(): void {
    const readers = [...this.slots.keys()].map((name) => this.#view(name))
    for (const listener of this.#onReaders) listener(readers)
  }
  #view(name: string): ReaderView {
    const card = this.slots.get(name)
    if (card === undefined) throw new AppError('READER_NOT_FOUND', { reader: name })
    return {
      name,
      virtual: true,
      state: card === null ? 'empty' : card.isBlank ? 'blank' : 'ready',
      atr: card === null ? null : '3bfa',
      card: card?.view() ?? null,
      busyWith: null,
      changedAt: 0,
    }
  }
  #cardIn(reader: string): MemoryCard {
    const card = this.slots.get(reader)
    if (card === undefined) throw new AppError('READER_NOT_FOUND')
    if (card === null) throw new AppError('CARD_NOT_PRESENT')
    return card
  }
  #at({ reader, serial }: CardAddress): MemoryCard {
    const card = this.#cardIn(reader)
    if (card.serial !== serial) throw new AppError('CARD_CHANGED')
    return card
  }
  #secrets({ secrets }: CardSecrets) {
    return unseal(this.worker, secrets, 'card-secrets')
  }
  #open(request: CardAddress & CardSecrets): MemoryCard {
    const card = this.#at(request)
    if (card.managementKey !== this.#secrets(request).managementKey) throw new AppError('CARD_MANAGEMENT_KEY_WRONG')
    return card
  }
  #verifyPin(card: MemoryCard, pin: string | undefined): void {
    if (card.pinTries === 0) throw new AppError('CARD_PIN_BLOCKED')
    if (card.pin === pin) {
      card.pinTries = 3
      return
    }
    card.pinTries -= 1
    throw new AppError(card.pinTries === 0 ? 'CARD_PIN_BLOCKED' : 'CARD_PIN_WRONG', { tries: card.pinTries })
  }
}
