import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ReaderView } from '../../../../shared/contract/index.ts'
import { forkWorker, startCardWorker, type CardWorkerOptions, type WorkerHandle } from '../../../../main/cards/index.ts'
import type { CardPort } from '../../../../main/services/ports.ts'
import { makeCardFolder, type CardFolder } from '../../../fakes/card/card-folder.ts'
import { seal } from './seal.ts'

// A worker takes half a second to start here, and many times that on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

const SERIAL = '20000002'
const KEY = 'b2'.repeat(24)
const PIN = '24680246'
const PUK = '13579135'
let folder: CardFolder
let port: CardPort
let workers: WorkerHandle[]
let seen: ReaderView[][]

async function start(options: Partial<CardWorkerOptions> = {}): Promise<void> {
  workers = []
  seen = []
  const launch = forkWorker()
  port = await startCardWorker({
    readers: folder.config,
    launch: () => {
      const worker = launch()
      workers.push(worker)
      return worker
    },
    ...options,
  })
  port.on('readers', (readers) => seen.push(readers))
}
const stateOf = async (name: string): Promise<string | undefined> =>
  (await port.readers()).find((reader) => reader.name === name)?.state
const until = (name: string, state: string): Promise<void> =>
  expect.poll(() => stateOf(name), { interval: 15, timeout: 20_000 }).toBe(state)
const ticket = async (): Promise<{ reader: string; serial: string; secrets: string }> => ({
  reader: 'A',
  serial: SERIAL,
  secrets: await seal(await port.sealKey(), {
    use: 'card-secrets',
    card: SERIAL,
    values: { pin: PIN, puk: PUK, managementKey: KEY },
  }),
})

beforeEach(() => {
  folder = makeCardFolder({ one: { serial: Number(SERIAL) }, two: { serial: 30000003 } }, [
    { name: 'A', card: 'one' },
    { name: 'B', card: null },
  ])
})
afterEach(async () => {
  await port.close()
  folder.remove()
})

describe('when the worker runs', () => {
  it('tells cards coming, being read and going within a second', async () => {
    await start()
    await until('A', 'blank')
    const told = (state: string) =>
      expect.poll(() => seen.at(-1)?.[1]?.state, { interval: 5, timeout: 20_000 }).toBe(state)
    // The best of several: what is measured is the worker, not how busy the machine is.
    const spent: number[] = []
    for (let i = 0; i < 4; i++) {
      const at = performance.now()
      folder.setReader('B', { card: 'two' })
      await told('blank')
      folder.setReader('B', { card: null })
      await told('empty')
      spent.push(performance.now() - at)
    }
    expect(Math.min(...spent)).toBeLessThan(1000)
    expect(seen.some((readers) => readers[1]?.state === 'reading')).toBe(true)
    folder.setReaders([{ name: 'A', card: 'one' }])
    await expect.poll(() => seen.at(-1)?.length, { interval: 5, timeout: 20_000 }).toBe(1)
  })

  it('makes a key through the worker and gives bytes back', async () => {
    await start()
    await until('A', 'blank')
    const request = await ticket()
    await port.setManagementKey(request)
    const spki = await port.generateKey({ ...request, slot: '9A', algorithm: 'ecdsa-p256' })
    expect(spki).toBeInstanceOf(Uint8Array)
    expect(spki.length).toBe(91)
  })

  it('moves and makes cards for the demonstration', async () => {
    await start()
    await port.demo?.insert('B', 'one')
    await until('A', 'empty')
    await until('B', 'blank')
    const made = await port.demo?.newCard()
    expect(made).toMatchObject({ blank: true, inReader: null })
    expect(await port.demo?.cards()).toEqual(
      expect.arrayContaining([made, expect.objectContaining({ id: 'one', inReader: 'B' })]),
    )
    await expect(port.demo?.insert('A', 'none-such')).rejects.toMatchObject({ code: 'CARD_NOT_FOUND' })
    await expect(port.demo?.insert('Z', 'one')).rejects.toMatchObject({ code: 'READER_NOT_FOUND' })
  })

  it('refuses a reader that is not there, one that is empty, and another card', async () => {
    await start()
    await until('A', 'blank')
    const request = await ticket()
    await expect(port.inspect('Z')).rejects.toMatchObject({ code: 'READER_NOT_FOUND' })
    await expect(port.setManagementKey({ ...request, reader: 'B' })).rejects.toMatchObject({ code: 'CARD_NOT_PRESENT' })
    await port.demo?.insert('A', 'two')
    await expect(port.setManagementKey(request)).rejects.toMatchObject({
      code: 'CARD_CHANGED',
      detail: { expected: SERIAL, found: '30000003' },
    })
    expect(folder.cardState('two').managementKey.key.startsWith('0102')).toBe(true)
  })
})

describe('when the worker is killed in the middle of a call', () => {
  it('fails the call with WORKER_CRASHED and works again', async () => {
    await start()
    await until('A', 'blank')
    const states: string[] = []
    port.on('state', (state) => states.push(state))
    const keyBefore = await port.sealKey()
    const request = await ticket()
    folder.setReader('A', { delayMs: 400 })
    const call = expect(port.setManagementKey(request)).rejects.toMatchObject({ code: 'WORKER_CRASHED' })
    await new Promise((resolve) => setTimeout(resolve, 150))
    workers[0]?.kill()
    await call
    folder.setReader('A', { delayMs: 0 })
    await until('A', 'blank')
    expect(states).toEqual(['restarting', 'running'])
    expect((await port.sealKey()).x).not.toBe(keyBefore.x)
    await expect(port.setManagementKey(request)).rejects.toMatchObject({
      code: 'SEALED_INVALID',
      detail: { reason: 'key' },
    })
    await port.setManagementKey(await ticket())
    expect(folder.cardState('one').managementKey.key).toBe(KEY)
  })

  it('survives being killed again and again', async () => {
    await start()
    for (let i = 0; i < 3; i++) {
      workers.at(-1)?.kill()
      await expect.poll(() => workers.length, { interval: 10, timeout: 20_000 }).toBe(i + 2)
      await until('A', 'blank')
    }
  })
})

describe('when a card does not answer', () => {
  it('fails the call at its deadline, kills the worker and goes on with the other reader', async () => {
    await start({ deadlinesMs: { checkPin: 400 }, inspectDeadlineMs: 300 })
    await until('A', 'blank')
    folder.setReader('B', { card: 'two' })
    await until('B', 'blank')
    folder.setReader('A', { mute: true })
    await new Promise((resolve) => setTimeout(resolve, 150))
    const pin = await seal(await port.sealKey(), { use: 'pin', card: null, values: { pin: PIN } })
    await expect(port.checkPin({ reader: 'A', pin })).rejects.toMatchObject({ code: 'CARD_TIMEOUT' })
    await until('A', 'mute')
    await until('B', 'blank')
    expect(workers.length).toBe(2)
    folder.setReader('A', { card: null, mute: false })
    await until('A', 'empty')
    folder.setReader('A', { card: 'one' })
    await until('A', 'blank')
  })
})

describe('when the configuration is wrong', () => {
  it('does not start', async () => {
    await start()
    await expect(
      startCardWorker({ readers: folder.config, cardTable: folder.folder, launch: forkWorker() }),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
