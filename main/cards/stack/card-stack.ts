import { AppError } from '../../../shared/contract/errors.ts'
import type { DemoCard } from '../../../shared/contract/desk.ts'
import type { PublicJwk } from '../../../shared/contract/scalars.ts'
import type { Sealed } from '../../../shared/contract/sealed.ts'
import type { ReaderView } from '../../../shared/contract/views.ts'
import type { KeyPath } from '../../../shared/contract/words.ts'
import type { CardAddress, CardPort, CardSecrets } from '../../services/ports.ts'
import type { CardTable } from '../card-table.ts'
import { changePin, resetRetryCounter, verifyPin } from '../piv/codes.ts'
import { describeCertificate, identify } from '../piv/inspect.ts'
import { algorithmOf, generateKey, signWithSlot } from '../piv/keys.ts'
import { readCertificate, writeCertificate, writeChuid } from '../piv/objects.ts'
import { ensureManagementKey, ensurePinAndPuk, ensureTries, replacePin, wipeCard } from '../piv/personalise.ts'
import type { ReaderSource, VirtualCards } from '../reader/reader.ts'
import { CardClock } from './card-clock.ts'
import { CardRunner } from './card-runner.ts'
import { tellPulled } from './pulled.ts'
import { NamedQueue } from './queue.ts'
import { ReaderWatch } from './reader-watch.ts'
import type { SealedBox } from './sealed-box.ts'

/** The calls of `CardPort` that go to the cards. What is left over is how a port lives: state, events, close. */
export type CardCalls = Omit<CardPort, 'on' | 'state' | 'demo' | 'close'> & {
  demoCards(): Promise<DemoCard[]>
  demoInsert(reader: string, card: string | null): Promise<void>
  demoNewCard(): Promise<DemoCard>
}

/** Signs through a PKCS#11 module; makes no use of the PIN after it returns. */
export interface ModuleSigner {
  available(): boolean
  sign(request: { reader: string; slot: '9A' | '9C' | '9D' | '9E'; pin: string; data: Uint8Array }): Promise<{
    signature: Uint8Array
    certificate: Uint8Array
  }>
}

export interface CardStackParts {
  source: ReaderSource & Partial<VirtualCards>
  table: CardTable
  box: SealedBox
  module: ModuleSigner | null
  /** After this long without an answer to reading it a card is called mute. */
  inspectDeadlineMs?: number
}

const INSPECT_DEADLINE_MS = 10_000

/**
 * Everything the desk does with cards, in one process: one queue per reader, one exclusive transaction per call, the
 * card reset at the end of each call that opened something on it. The worker wraps it; tests may use it directly.
 */
export class CardStack implements CardCalls {
  readonly #parts: CardStackParts
  readonly #queue = new NamedQueue()
  readonly #watch: ReaderWatch
  readonly #clock = new CardClock()
  readonly #runner: CardRunner

  constructor(parts: CardStackParts) {
    this.#parts = parts
    const { source, table, inspectDeadlineMs = INSPECT_DEADLINE_MS } = parts
    const shared = { source, table, queue: this.#queue, clock: this.#clock }
    this.#watch = new ReaderWatch({ ...shared, inspectDeadlineMs })
    this.#runner = new CardRunner({ ...shared, box: parts.box, watch: this.#watch })
  }

  onReaders(listener: (readers: ReaderView[]) => void): () => void {
    return this.#watch.onReaders(listener)
  }

  serviceDown(): boolean {
    return this.#parts.source.serviceDown()
  }

  async sealKey(): Promise<PublicJwk> {
    return this.#parts.box.publicKey
  }

  async keyPaths(): Promise<KeyPath[]> {
    return this.#parts.module?.available() === true ? ['piv', 'pkcs11'] : ['piv']
  }

  async cardTime(): Promise<{ ms: number; commands: number }> {
    return this.#clock.read()
  }

  async readers(): Promise<ReaderView[]> {
    return this.#watch.views()
  }

  async inspect(reader: string): Promise<ReaderView> {
    return this.#watch.inspect(reader)
  }

  reset(reader: string): Promise<void> {
    return this.#queue.run(reader, () => this.#parts.source.reset(reader))
  }

  /** Resets every card, whatever is known of it: after a crash the one before may have left a PIN verified. */
  async resetAll(): Promise<void> {
    await Promise.all(this.#parts.source.list().map(({ name }) => this.reset(name)))
  }

  async sign(request: Parameters<CardPort['sign']>[0]): ReturnType<CardPort['sign']> {
    this.#watch.view(request.reader)
    const { pin } = await this.#parts.box.open(request.pin, 'pin', this.#serial(request.reader), ['pin'])
    const { reader, slot, data } = request
    if (request.via === 'pkcs11') return this.#signByModule(reader, slot, pin, data)
    return this.#runner.watchingTries(reader, () =>
      this.#runner.run(reader, 'reset', async ({ card, kind }) => {
        const serial = await identify(card, kind)
        const certificate = await readCertificate(card, slot)
        if (certificate === null) throw new AppError('CERTIFICATE_NOT_FOUND', { slot })
        const algorithm = algorithmOf(certificate)
        await verifyPin(card, pin)
        // Nothing may come between VERIFY and the signature: 9C forgets the PIN at the next command.
        const signature = await signWithSlot(card, slot, algorithm, data)
        return { signature, certificate, algorithm, serial }
      }),
    )
  }

  async checkPin(request: { reader: string; pin: Sealed }): Promise<ReaderView> {
    this.#watch.view(request.reader)
    const { pin } = await this.#parts.box.open(request.pin, 'pin', this.#serial(request.reader), ['pin'])
    return this.#runner.withCodes(request.reader, null, ({ card }) => verifyPin(card, pin))
  }

  async changePin(request: { reader: string; pins: Sealed }): Promise<ReaderView> {
    this.#watch.view(request.reader)
    const names = ['pin', 'newPin'] as const
    const codes = await this.#parts.box.open(request.pins, 'change-pin', this.#serial(request.reader), names)
    return this.#runner.withCodes(request.reader, null, ({ card }) => changePin(card, codes.pin, codes.newPin))
  }

  async unblock(request: CardAddress & { puk: Sealed; newPin: Sealed }): Promise<ReaderView> {
    const { box } = this.#parts
    const { puk } = await box.open(request.puk, 'puk', request.serial, ['puk'])
    const { newPin } = await box.open(request.newPin, 'new-pin', request.serial, ['newPin'])
    return this.#runner.withCodes(request.reader, request.serial, ({ card }) => resetRetryCounter(card, puk, newPin))
  }

  async replaceTransportPin(request: CardAddress & CardSecrets & { newPin: Sealed }): Promise<ReaderView> {
    const { pin } = await this.#parts.box.open(request.secrets, 'card-secrets', request.serial, ['pin'])
    const { newPin } = await this.#parts.box.open(request.newPin, 'new-pin', request.serial, ['newPin'])
    return this.#runner.withCodes(request.reader, request.serial, ({ card }) => replacePin(card, pin, newPin))
  }

  async setManagementKey(request: CardAddress & CardSecrets): Promise<void> {
    await this.#runner.withKey(request, ({ card, kind }, key) => ensureManagementKey(card, kind, key), false)
    this.#watch.patch(request.reader, () => ({ blank: false }))
  }

  async setPinAndPuk(request: Parameters<CardPort['setPinAndPuk']>[0]): Promise<void> {
    const { reader, serial, secrets, tries } = request
    const codes = await this.#parts.box.open(secrets, 'card-secrets', serial, ['pin', 'puk'])
    await this.#runner.watchingTries(reader, () =>
      tries === undefined
        ? this.#runner.addressed(request, ({ card, kind }) => ensurePinAndPuk(card, kind, codes))
        : this.#runner.withKey(request, async ({ card, kind }) => {
            await ensureTries(card, kind, tries, codes)
            await ensurePinAndPuk(card, kind, codes)
          }),
    )
    await this.#runner.readTries(reader)
  }

  async writeChuid(request: CardAddress & CardSecrets & { guid: string; expiresOn: string }): Promise<void> {
    const { reader, guid, expiresOn } = request
    await this.#runner.withKey(request, ({ card }) => writeChuid(card, { guid, expiresOn }))
    this.#watch.patch(reader, () => ({ guid, expiresOn }))
  }

  async generateKey(request: Parameters<CardPort['generateKey']>[0]): Promise<Uint8Array> {
    return this.#runner.withKey(request, ({ card }) => generateKey(card, request.slot, request.algorithm))
  }

  async signWithTransportPin(request: Parameters<CardPort['signWithTransportPin']>[0]): Promise<Uint8Array> {
    const { reader, serial, slot, algorithm, data } = request
    const { pin } = await this.#parts.box.open(request.secrets, 'card-secrets', serial, ['pin'])
    return this.#runner.watchingTries(reader, () =>
      this.#runner.addressed(request, async ({ card }) => {
        await verifyPin(card, pin)
        return signWithSlot(card, slot, algorithm, data)
      }),
    )
  }

  async writeCertificate(request: Parameters<CardPort['writeCertificate']>[0]): Promise<void> {
    const { reader, slot, certificate } = request
    const shown = describeCertificate(slot, certificate)
    await this.#runner.withKey(request, ({ card }) => writeCertificate(card, slot, certificate))
    this.#watch.patch(reader, (card) => ({
      certificates: [...card.certificates.filter((other) => other.slot !== slot), shown].sort((a, b) =>
        a.slot.localeCompare(b.slot),
      ),
    }))
  }

  async readCertificate(request: Parameters<CardPort['readCertificate']>[0]): Promise<Uint8Array | null> {
    return this.#runner.addressed(request, ({ card }) => readCertificate(card, request.slot), 'leave')
  }

  async wipe(request: CardAddress & CardSecrets): Promise<void> {
    const names = ['managementKey', 'pin', 'puk'] as const
    const codes = await this.#parts.box.open(request.secrets, 'card-secrets', request.serial, names)
    const managementKey = new Uint8Array(Buffer.from(codes.managementKey, 'hex'))
    try {
      await this.#runner.addressed(request, ({ card, kind }) => wipeCard(card, kind, { ...codes, managementKey }))
    } finally {
      managementKey.fill(0)
      await this.#watch.inspect(request.reader)
    }
  }

  async demoCards(): Promise<DemoCard[]> {
    return this.#virtual().cards()
  }

  async demoInsert(reader: string, card: string | null): Promise<void> {
    this.#virtual().insert(reader, card)
  }

  async demoNewCard(): Promise<DemoCard> {
    const virtual = this.#virtual()
    const id = virtual.newCard()
    const card = virtual.cards().find((one) => one.id === id)
    if (card === undefined) throw new AppError('CARD_NOT_FOUND', { card: id })
    return card
  }

  async close(): Promise<void> {
    this.#watch.close()
    await this.resetAll()
    await this.#parts.source.close()
  }

  #virtual(): VirtualCards {
    const { cards, insert, newCard } = this.#parts.source
    if (cards === undefined || insert === undefined || newCard === undefined)
      throw new AppError('NOT_FOUND', { reason: 'readers-are-real' })
    return this.#parts.source as ReaderSource & VirtualCards
  }

  #serial(reader: string): string | null {
    return this.#watch.view(reader).card?.serial ?? null
  }

  async #signByModule(
    reader: string,
    slot: '9A' | '9C' | '9D' | '9E',
    pin: string,
    data: Uint8Array,
  ): ReturnType<CardPort['sign']> {
    const { module, source } = this.#parts
    if (module === null) throw new AppError('CARD_UNSUPPORTED', { reason: 'no-pkcs11-module' })
    const serial = this.#serial(reader)
    return this.#runner.watchingTries(reader, () =>
      // A module looks into every reader, blocking this thread: a transaction of ours on another one would never end.
      this.#queue.runAlone(async () => {
        try {
          const { signature, certificate } = await tellPulled(source, reader, () =>
            module.sign({ reader, slot, pin, data }),
          )
          return { signature, certificate, algorithm: algorithmOf(certificate), serial }
        } catch (error) {
          throw await this.#runner.withTriesLeft(reader, error)
        } finally {
          // The module leaves the PIN verified for whoever comes next.
          await source.reset(reader)
        }
      }),
    )
  }
}
