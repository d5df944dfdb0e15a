import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { forkWorker, startCardWorker } from '../../../main/cards/index.ts'
import { Bench, PIN, skipReason } from './kit.ts'

const skip = skipReason()
const data = Buffer.from('signed by the card')

describe.skipIf(skip !== null)('when the card leaves, or the service does', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await Bench.start({ deadlinesMs: { sign: 15_000, checkPin: 3000 }, inspectDeadlineMs: 2000 })
    await bench.insert()
  })
  afterEach(() => bench.stop())
  const until = (state: string): Promise<unknown> =>
    vi.waitUntil(async () => (await bench.state()) === state, { interval: 10, timeout: 30_000 })

  it('tells a card coming and going within a second', async () => {
    const seen: string[] = []
    bench.port.on('readers', (readers) => seen.push(readers[0]?.state ?? 'none'))
    // The best of several: what is measured is the way from the card to the event, not how busy the machine is.
    const [out, back]: [number[], number[]] = [[], []]
    for (let i = 0; i < 4; i++) {
      const pulled = performance.now()
      await bench.pcscd.cards[0].remove()
      await until('empty')
      out.push(performance.now() - pulled)
      const inserted = performance.now()
      await bench.pcscd.cards[0].insert(bench.file)
      await until('blank')
      back.push(performance.now() - inserted)
    }
    expect(Math.min(...out)).toBeLessThan(1000)
    expect(Math.min(...back)).toBeLessThan(1000)
    expect(seen.slice(0, 3)).toEqual(['empty', 'reading', 'blank'])
  })

  it('says CARD_REMOVED for a card pulled while it makes a key, and the key can be made afterwards', async () => {
    const ticket = await bench.ticket()
    await bench.port.setManagementKey(ticket)
    await bench.pcscd.cards[0].pullOn('47')
    const make = bench.port.generateKey({ ...ticket, slot: '9A', algorithm: 'ecdsa-p256' })
    await expect(make).rejects.toMatchObject({ code: 'CARD_REMOVED' })
    await until('empty')
    await bench.insert()
    const spki = await bench.port.generateKey({ ...ticket, slot: '9A', algorithm: 'ecdsa-p256' })
    expect(spki.length).toBe(91)
    expect(bench.workers.length).toBe(1)
  })

  it.each(['piv', 'pkcs11'] as const)('comes back after a card was pulled while signing by way of %s', async (via) => {
    await bench.personalise('ecdsa-p256')
    await bench.pcscd.cards[0].pullOn('87')
    const pin = await bench.seal('pin', { pin: PIN })
    const call = bench.port.sign({ reader: bench.reader, via, slot: '9A', pin, data })
    await expect(call).rejects.toMatchObject({
      code: expect.stringMatching(/^(CARD_REMOVED|CARD_NOT_PRESENT|CARD_TIMEOUT|CARD_COMMAND_FAILED)$/),
    })
    await until('empty')
    await bench.insert()
    for (let i = 0; i < 2; i++) {
      const again = await bench.seal('pin', { pin: PIN })
      const done = await bench.port.sign({ reader: bench.reader, via, slot: '9A', pin: again, data })
      expect(done.signature.length).toBeGreaterThan(60)
    }
  })

  it('says the service is down when pcscd is killed, and finds it again', async () => {
    await bench.pcscd.kill()
    await vi.waitUntil(() => bench.port.state() === 'down', { interval: 10, timeout: 30_000 })
    await expect(bench.port.inspect(bench.reader)).rejects.toMatchObject({ code: 'READER_SERVICE_DOWN' })
    await bench.pcscd.restart()
    await vi.waitUntil(() => bench.port.state() === 'running', { interval: 10, timeout: 30_000 })
    await bench.insert()
    expect(await bench.port.inspect(bench.reader)).toMatchObject({ state: 'blank' })
  })

  it('gives up on a mute card at the deadline and works with it once it is back', async () => {
    await bench.pcscd.cards[0].mute(true)
    const pin = await bench.seal('pin', { pin: PIN })
    await expect(bench.port.checkPin({ reader: bench.reader, pin })).rejects.toMatchObject({ code: 'CARD_TIMEOUT' })
    await bench.pcscd.cards[0].mute(false)
    await bench.pcscd.cards[0].remove()
    await until('empty')
    await bench.insert()
    expect(await bench.port.inspect(bench.reader)).toMatchObject({ state: 'blank' })
  })

  it('resets the card after the worker was killed with a PIN verified', async () => {
    await bench.personalise('ecdsa-p256')
    await bench.pcscd.cards[0].delay(150)
    const pin = await bench.seal('pin', { pin: PIN })
    const call = expect(
      bench.port.sign({ reader: bench.reader, via: 'piv', slot: '9A', pin, data }),
    ).rejects.toMatchObject({ code: 'WORKER_CRASHED' })
    const { commands: before = 0 } = await bench.pcscd.cards[0].stats()
    // SELECT, serial, certificate in two parts, VERIFY: the signature is under way.
    await vi.waitUntil(async () => ((await bench.pcscd.cards[0].stats()).commands ?? 0) >= before + 5, {
      interval: 5,
      timeout: 30_000,
    })
    bench.workers[0]?.kill()
    await call
    await bench.pcscd.cards[0].delay(0)
    await until('ready')
    const asked = await bench.pcscd.run('opensc-tool', ['--send-apdu', '00:20:00:80'])
    expect(asked.stdout).toContain('SW1=0x63, SW2=0xC3')
  })
})

describe.skipIf(skip !== null)('when there is no PC/SC service at all', () => {
  it('starts, says so, and refuses each call with it', async () => {
    const env = { PCSCLITE_CSOCK_NAME: join(tmpdir(), 'countersign-no-such-socket') }
    const port = await startCardWorker({ readers: { kind: 'pcsc' }, launch: forkWorker({ env }) })
    expect(port.state()).toBe('down')
    expect(await port.readers()).toEqual([])
    await expect(port.inspect('any')).rejects.toMatchObject({ code: 'READER_SERVICE_DOWN' })
    expect(port.demo).toBeNull()
    await port.close()
  })
})
