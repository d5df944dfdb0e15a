import { setTimeout as wait } from 'node:timers/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readCardTable } from '../../../../main/cards/card-table.ts'
import type { ReaderSource, ReaderStatus } from '../../../../main/cards/reader/reader.ts'
import { CardClock } from '../../../../main/cards/stack/card-clock.ts'
import { NamedQueue } from '../../../../main/cards/stack/queue.ts'
import { ReaderWatch } from '../../../../main/cards/stack/reader-watch.ts'
import { AppError } from '../../../../shared/contract/errors.ts'

const READER = 'Reader A'
const STATUS: ReaderStatus = {
  name: READER,
  virtual: false,
  present: true,
  mute: false,
  busy: false,
  atr: Uint8Array.of(0x3b, 0),
  insertion: 1,
}
const NO_APPLET = Uint8Array.of(0x6a, 0x82)

/** A reader whose card another program may keep to itself, and whose card may not answer. */
class SharedReader {
  asked = 0
  #free = Promise.withResolvers<void>()
  readonly source: ReaderSource

  constructor(answers: boolean, held: boolean) {
    if (!held) this.#free.resolve()
    this.source = {
      kind: 'pcsc',
      list: () => [STATUS],
      onChange: () => () => undefined,
      serviceDown: () => false,
      transaction: async (_reader, _end, use) => {
        this.asked += 1
        await this.#free.promise
        return use(() => (answers ? Promise.resolve(NO_APPLET) : new Promise(() => undefined)), STATUS)
      },
      reset: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }
  }
  release(): void {
    this.#free.resolve()
  }
}

let watch: ReaderWatch | undefined
afterEach(() => watch?.close())
const watching = (reader: SharedReader) => {
  watch = new ReaderWatch({
    source: reader.source,
    table: readCardTable(join(import.meta.dirname, '../../../../resources/cards')),
    queue: new NamedQueue(),
    clock: new CardClock(),
    inspectDeadlineMs: 40,
  })
  return watch
}
const state = () => watch?.view(READER).state

describe('when a card does not come', () => {
  it('is in use by another program while that one keeps it, asked for once, and read when it is free', async () => {
    const reader = new SharedReader(true, true)
    watching(reader)
    expect(state()).toBe('reading')
    await vi.waitFor(() => expect(state()).toBe('busy'))
    await wait(600)
    expect(reader.asked).toBe(1)
    expect(watch?.view(READER).busyWith).toBeNull()
    reader.release()
    await vi.waitFor(() => expect(state()).toBe('unknown'))
  })
  it('is mute where it is ours and does not answer', async () => {
    watching(new SharedReader(false, false))
    await vi.waitFor(() => expect(state()).toBe('mute'))
  })
  it('is in use by another program where PC/SC says so', async () => {
    const reader = new SharedReader(true, false)
    reader.source.transaction = () => Promise.reject(new AppError('CARD_BUSY', { pcsc: 'SharingViolation' }))
    watching(reader)
    await vi.waitFor(() => expect(state()).toBe('busy'))
  })
})
