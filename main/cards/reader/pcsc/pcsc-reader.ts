import { createRequire } from 'node:module'
import type * as Pcsc from 'pcsc-mini'
import { AppError } from '../../../../shared/contract/errors.ts'
import type { Transmit } from '../apdu.ts'
import type { ReaderSource, ReaderStatus, TransactionEnd } from '../reader.ts'
import { pcscError } from './pcsc-error.ts'

const RETRY_MS = 500
/** Extended answers and status word; ours and copied out of, because the binding's own grows with each call. */
const RECEIVE_BYTES = 65_538

interface Known {
  reader: Pcsc.Reader
  status: ReaderStatus
  receive: ArrayBuffer
}

/** The system's readers through PC/SC. Loads the native binding: call it only in the worker. */
export async function openPcscReaders(): Promise<ReaderSource> {
  return new PcscReaderSource(createRequire(import.meta.url)('pcsc-mini') as typeof Pcsc)
}

/**
 * Keeps a PC/SC client while there is a service; after any error of the client (the service stopped, a context was
 * lost) a new one is made, twice a second, until one works.
 */
export class PcscReaderSource implements ReaderSource {
  readonly kind = 'pcsc'
  readonly #pcsc: typeof Pcsc
  readonly #known = new Map<string, Known>()
  readonly #listeners = new Set<() => void>()
  #client: Pcsc.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #closed = false
  #insertions = 0

  constructor(pcsc: typeof Pcsc) {
    this.#pcsc = pcsc
    this.#connect()
  }

  list(): ReaderStatus[] {
    return [...this.#known.values()].map(({ status }) => status)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  serviceDown(): boolean {
    return this.#client === null
  }

  async transaction<T>(
    reader: string,
    end: TransactionEnd,
    use: (transmit: Transmit, status: ReaderStatus) => Promise<T>,
  ): Promise<T> {
    const known = this.#need(reader)
    if (!known.status.present) throw new AppError('CARD_NOT_PRESENT', { reader })
    const { RESET, LEAVE } = this.#pcsc.CardDisposition
    const card = await this.#connectCard(known)
    const after = end === 'reset' ? RESET : LEAVE
    try {
      const transaction = await card.transaction()
      try {
        // The ATR that comes with the binding's events is memory already given back: only this one can be trusted.
        const atr = Uint8Array.from((await card.state()).atr)
        const status = { ...known.status, atr }
        return await use((command) => transmitOn(card, command, known.receive, reader), status)
      } finally {
        await quietly(() => transaction.end(after))
      }
    } catch (error) {
      throw pcscError(error, reader)
    } finally {
      await quietly(() => card.disconnect(after))
      new Uint8Array(known.receive).fill(0)
    }
  }

  async reset(reader: string): Promise<void> {
    const known = this.#known.get(reader)
    if (known === undefined || !known.status.present) return
    const { RESET } = this.#pcsc.CardDisposition
    await quietly(async () => {
      const card = await known.reader.connect(this.#pcsc.CardMode.SHARED, this.#pcsc.Protocol.ANY)
      await card.disconnect(RESET)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#listeners.clear()
    this.#drop()
  }

  async #connectCard(known: Known): Promise<Pcsc.Card> {
    try {
      return await known.reader.connect(this.#pcsc.CardMode.SHARED, this.#pcsc.Protocol.ANY)
    } catch (error) {
      throw pcscError(error, known.status.name)
    }
  }

  #need(reader: string): Known {
    const known = this.#known.get(reader)
    if (known !== undefined) return known
    throw new AppError(this.serviceDown() ? 'READER_SERVICE_DOWN' : 'READER_NOT_FOUND', { reader })
  }

  #connect(): void {
    this.#timer = null
    if (this.#closed) return
    try {
      const client = new this.#pcsc.Client()
      client.on('reader', (reader) => this.#addReader(client, reader))
      client.on('error', () => this.#lost(client))
      client.start()
      this.#client = client
      this.#tell()
    } catch (error) {
      // The binding throws where there is no service; anything else would come again and again, so it is told.
      if (!(error instanceof Error)) throw error
      this.#later()
    }
  }

  #later(): void {
    if (this.#closed || this.#timer !== null) return
    this.#timer = setTimeout(() => this.#connect(), RETRY_MS)
  }

  #lost(client: Pcsc.Client): void {
    if (this.#client !== client) return
    this.#drop()
    this.#tell()
    this.#later()
  }

  #drop(): void {
    const client = this.#client
    this.#client = null
    this.#known.clear()
    try {
      client?.stop()
    } catch (error) {
      // Stopping a client whose service is gone fails; there is nothing left to stop then.
      if (!(error instanceof Error)) throw error
    }
  }

  #addReader(client: Pcsc.Client, reader: Pcsc.Reader): void {
    if (this.#client !== client && this.#client !== null) return
    const name = reader.name()
    const empty = { name, virtual: false, present: false, mute: false, busy: false, atr: null, insertion: 0 }
    this.#known.set(name, { reader, status: empty, receive: new ArrayBuffer(RECEIVE_BYTES) })
    reader.on('change', (flags) => this.#change(name, flags))
    reader.on('disconnect', () => {
      this.#known.delete(name)
      this.#tell()
    })
    this.#tell()
  }

  #change(name: string, flags: Pcsc.ReaderStatusFlags): void {
    const known = this.#known.get(name)
    if (known === undefined) return
    const { PRESENT, MUTE, EXCLUSIVE } = this.#pcsc.ReaderStatus
    const present = flags.has(PRESENT)
    const came = present && !known.status.present
    known.status = {
      ...known.status,
      present,
      mute: flags.has(MUTE),
      busy: flags.has(EXCLUSIVE),
      insertion: came ? ++this.#insertions : known.status.insertion,
    }
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

async function transmitOn(
  card: Pcsc.Card,
  command: Uint8Array,
  receive: ArrayBuffer,
  reader: string,
): Promise<Uint8Array> {
  try {
    const answer = await card.transmit(command, receive)
    return Uint8Array.from(answer)
  } catch (error) {
    throw pcscError(error, reader)
  }
}

/** Ends something that may be gone already (a card pulled, a service stopped): its failure tells nothing new. */
async function quietly(end: () => Promise<void>): Promise<void> {
  try {
    await end()
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}
