import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createCardFile } from '../../fakes/card/virtual-card.ts'
import { Bench, MANAGEMENT_KEY, PIN, PUK, skipReason } from './kit.ts'

const skip = skipReason()
const SECOND = '80000008'

/** Another program that wants a card for itself alone, until its input ends. */
const HOLDER = `
const pcsc = require('pcsc-mini')
const client = new pcsc.Client()
client.on('reader', (reader) => {
  if (reader.name() !== process.argv[1]) return
  reader.on('change', async (status) => {
    if (!status.has(pcsc.ReaderStatus.PRESENT) || globalThis.card) return
    globalThis.card = await reader.connect(pcsc.CardMode.EXCLUSIVE)
    console.log('held')
  })
})
client.start()
process.stdin.resume().on('end', () => process.exit(0))`

describe.skipIf(skip !== null)('when two cards are in two readers', () => {
  let bench: Bench
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-two-'))
    createCardFile(join(folder, 'second.json'), { label: 'second', serial: Number(SECOND) })
    bench = await Bench.start()
    await bench.insert()
    await bench.personalise('ecdsa-p256')
    await bench.pcscd.cards[1].insert(join(folder, 'second.json'))
    await vi.waitUntil(async () => (await secondState()) === 'blank', { interval: 20, timeout: 30_000 })
  })
  afterAll(async () => {
    await bench.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const second = async () => (await bench.port.readers()).find(({ name }) => name === bench.pcscd.readers[1])
  const secondState = async () => (await second())?.state

  it('makes a key on one while the other signs, each way', async () => {
    const secrets = await bench.seal('card-secrets', { pin: PIN, puk: PUK, managementKey: MANAGEMENT_KEY }, SECOND)
    const ticket = { reader: bench.pcscd.readers[1], serial: SECOND, secrets }
    await bench.port.setManagementKey(ticket)
    const make = async (): Promise<number> => {
      for (let i = 0; i < 4; i++) await bench.port.generateKey({ ...ticket, slot: '9A', algorithm: 'rsa-2048' })
      return 4
    }
    const sign = async (): Promise<number> => {
      for (let i = 0; i < 4; i++)
        for (const via of ['piv', 'pkcs11'] as const) {
          const pin = await bench.seal('pin', { pin: PIN })
          await bench.port.sign({ reader: bench.reader, via, slot: '9C', pin, data: Buffer.from(`${i}`) })
        }
      return 8
    }
    expect(await Promise.all([make(), sign()])).toEqual([4, 8])
  })

  it('tells them apart by name and serial', async () => {
    const serials = (await bench.port.readers()).map(({ name, card }) => [name, card?.serial])
    expect(serials).toEqual([
      [bench.pcscd.readers[0], '40000004'],
      [bench.pcscd.readers[1], SECOND],
    ])
  })

  it('says a card is held by another program, and reads it when it is let go', async () => {
    await bench.pcscd.cards[1].remove()
    await vi.waitUntil(async () => (await secondState()) === 'empty', { interval: 20, timeout: 30_000 })
    const env = { ...process.env, ...bench.pcscd.env }
    const cwd = resolve(import.meta.dirname, '../../..')
    const holder = spawn(process.execPath, ['-e', HOLDER, bench.pcscd.readers[0]], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    const pin = await bench.seal('pin', { pin: PIN })
    await expect(bench.port.checkPin({ reader: bench.reader, pin })).rejects.toMatchObject({ code: 'CARD_BUSY' })
    expect(await bench.port.inspect(bench.reader)).toMatchObject({ state: 'busy', card: null })
    holder.stdin.end()
    await vi.waitUntil(async () => (await bench.state()) === 'ready', { interval: 20, timeout: 30_000 })
  })
})
