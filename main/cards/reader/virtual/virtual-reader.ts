import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { AppError } from '../../../../shared/contract/errors.ts'
import type { Transmit } from '../apdu.ts'
import type { ReaderSource, ReaderStatus, TransactionEnd, VirtualCards } from '../reader.ts'

/** `readers.json` of a folder of virtual readers. `card` names `cards/<card>.json`. The faults are for tests. */
export const VirtualReadersFile = z.strictObject({
  readers: z.array(
    z.strictObject({
      name: z.string().min(1).max(100),
      card: z
        .string()
        .regex(/^[a-z0-9-]{1,60}$/)
        .nullable(),
      delayMs: z.number().min(0).max(60_000).default(0),
      /** Pulls the card at the next command with this INS (hex), before or after the card has done it. */
      pullOn: z
        .strictObject({
          ins: z.string().regex(/^[0-9A-F]{2}$/),
          skip: z.number().int().default(0),
          after: z.boolean().default(false),
        })
        .nullable()
        .default(null),
      /** The card takes commands and never answers. */
      mute: z.boolean().default(false),
    }),
  ),
})
type Entry = z.infer<typeof VirtualReadersFile>['readers'][number]

/** The virtual card as this file needs it; the module that makes it is named by configuration and absent from packages. */
export interface VirtualCardLike {
  readonly atr: Uint8Array
  transmit(command: Uint8Array): Promise<Uint8Array>
  reset(): void
  setFaults(faults: { delayMs: number; mute: boolean; pullOn: Entry['pullOn'] }): void
}
export interface VirtualCardModule {
  openVirtualCard(file: string): VirtualCardLike
  createCardFile(file: string, options: { label: string }): void
  describeCardFile(file: string): { label: string; serial: string; blank: boolean }
}

const POLL_MS = 60

interface Slot {
  entry: Entry
  card: VirtualCardLike | null
  insertion: number
}

/**
 * Readers kept in a folder, speaking to virtual cards in this process. Notices changes of `readers.json` made by any
 * process within 100 ms. Card state is durable in `cards/<id>.json` when a command has been answered.
 */
export async function openVirtualReaders(options: { module: string; folder: string }): Promise<VirtualReaderSource> {
  const cards = (await import(/* @vite-ignore */ pathToFileURL(options.module).href)) as VirtualCardModule
  return new VirtualReaderSource(cards, options.folder)
}

export class VirtualReaderSource implements ReaderSource, VirtualCards {
  readonly kind = 'virtual'
  readonly #cards: VirtualCardModule
  readonly #folder: string
  readonly #slots = new Map<string, Slot>()
  readonly #listeners = new Set<() => void>()
  readonly #stop: () => void
  #seen = ''
  #insertions = 0

  constructor(cards: VirtualCardModule, folder: string) {
    this.#cards = cards
    this.#folder = folder
    mkdirSync(join(folder, 'cards'), { recursive: true })
    if (!existsSync(this.#file())) this.#write([])
    this.#refresh()
    const watcher = watch(folder, () => this.#refresh())
    watcher.on('error', () => this.#refresh())
    const timer = setInterval(() => this.#refresh(), POLL_MS)
    this.#stop = () => {
      watcher.close()
      clearInterval(timer)
    }
  }

  list(): ReaderStatus[] {
    return [...this.#slots.values()].map((slot) => status(slot))
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  serviceDown(): boolean {
    return false
  }

  async transaction<T>(
    reader: string,
    end: TransactionEnd,
    use: (transmit: Transmit, status: ReaderStatus) => Promise<T>,
  ): Promise<T> {
    this.#refresh()
    const slot = this.#slots.get(reader)
    if (slot === undefined) throw new AppError('READER_NOT_FOUND', { reader })
    const { card, insertion } = slot
    if (card === null) throw new AppError('CARD_NOT_PRESENT', { reader })
    const removed = (): boolean => this.#slots.get(reader)?.insertion !== insertion
    const transmit: Transmit = async (command) => {
      if (removed()) throw new AppError('CARD_REMOVED', { reader })
      try {
        const answer = await card.transmit(command)
        if (!removed()) return answer
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'CardPulled') throw error
        this.insert(reader, null)
      }
      throw new AppError('CARD_REMOVED', { reader })
    }
    try {
      return await use(transmit, status(slot))
    } finally {
      if (end === 'reset') card.reset()
    }
  }

  async reset(reader: string): Promise<void> {
    this.#slots.get(reader)?.card?.reset()
  }

  async close(): Promise<void> {
    this.#stop()
    for (const slot of this.#slots.values()) slot.card?.reset()
    this.#listeners.clear()
  }

  cards(): { id: string; label: string; serial: string; blank: boolean; inReader: string | null }[] {
    this.#refresh()
    return readdirSync(join(this.#folder, 'cards'))
      .filter((name) => /^[a-z0-9-]{1,60}\.json$/.test(name))
      .sort()
      .map((name) => {
        const id = name.slice(0, -5)
        const inReader = [...this.#slots.values()].find((slot) => slot.entry.card === id)?.entry.name ?? null
        return { id, ...this.#cards.describeCardFile(this.#cardFile(id)), inReader }
      })
  }

  /** Puts a card in (taking it out of where it was) or, with null, takes out what is there. */
  insert(reader: string, card: string | null): void {
    this.#refresh()
    if (!this.#slots.has(reader)) throw new AppError('READER_NOT_FOUND', { reader })
    if (card !== null && !existsSync(this.#cardFile(card))) throw new AppError('CARD_NOT_FOUND', { card })
    this.#write(
      [...this.#slots.values()].map(({ entry }) => {
        if (entry.name === reader) return { ...entry, card, pullOn: null }
        return card !== null && entry.card === card ? { ...entry, card: null } : entry
      }),
    )
    this.#refresh()
  }

  /** Makes a blank card beside the others; gives its id. */
  newCard(): string {
    let number = 1
    while (existsSync(this.#cardFile(`blank-${number}`))) number++
    const id = `blank-${number}`
    this.#cards.createCardFile(this.#cardFile(id), { label: `Blank card ${number}` })
    return id
  }

  #file(): string {
    return join(this.#folder, 'readers.json')
  }

  #cardFile(id: string): string {
    return join(this.#folder, 'cards', `${id}.json`)
  }

  /** Written beside and renamed: a reader of the file never sees half of it. */
  #write(readers: readonly Entry[]): void {
    const next = `${this.#file()}.${process.pid}.tmp`
    writeFileSync(next, `${JSON.stringify({ readers }, null, 2)}\n`)
    renameSync(next, this.#file())
  }

  #refresh(): void {
    const stat = statSync(this.#file(), { bigint: true, throwIfNoEntry: false })
    const seen = stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
    if (stat === undefined || seen === this.#seen) return
    const parsed = parseFile(readFileSync(this.#file(), 'utf8'))
    // A file someone is editing by hand may be wrong for a moment: what was known stays.
    if (parsed === null) return
    this.#seen = seen
    const before = JSON.stringify(this.list())
    this.#apply(parsed)
    if (JSON.stringify(this.list()) !== before) for (const listener of this.#listeners) listener()
  }

  #apply(entries: readonly Entry[]): void {
    const names = new Set(entries.map((entry) => entry.name))
    for (const [name, slot] of this.#slots) {
      if (names.has(name)) continue
      slot.card?.reset()
      this.#slots.delete(name)
    }
    for (const entry of entries) {
      const slot = this.#slots.get(entry.name) ?? { entry: { ...entry, card: null }, card: null, insertion: 0 }
      const changed = slot.entry.card !== entry.card || (slot.card === null && entry.card !== null)
      slot.entry = entry
      this.#slots.set(entry.name, slot)
      if (changed) {
        slot.card?.reset()
        const file = entry.card === null ? null : this.#cardFile(entry.card)
        slot.card = file !== null && existsSync(file) ? this.#cards.openVirtualCard(file) : null
        slot.insertion = ++this.#insertions
      }
      slot.card?.setFaults({ delayMs: entry.delayMs, mute: entry.mute, pullOn: entry.pullOn })
    }
  }
}

function status(slot: Slot): ReaderStatus {
  return {
    name: slot.entry.name,
    virtual: true,
    present: slot.card !== null,
    mute: false,
    busy: false,
    atr: slot.card?.atr ?? null,
    insertion: slot.insertion,
  }
}

function parseFile(text: string): Entry[] | null {
  try {
    const parsed = VirtualReadersFile.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data.readers : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
