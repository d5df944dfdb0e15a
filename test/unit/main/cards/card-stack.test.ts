import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SealedContent } from '../../../../shared/contract/index.ts'
import { inProcessPort, openCardStack } from '../../../../main/cards/index.ts'
import type { CardPort } from '../../../../main/services/ports.ts'
import { makeCardFolder, type CardFolder } from '../../../fakes/card/card-folder.ts'
import { seal } from './seal.ts'
import { selfSigned } from './self-signed.ts'

const SERIAL = '50000005'
const PIN = '24680246'
const PUK = '13579135'
const KEY = 'e5'.repeat(32)
let folder: CardFolder
let port: CardPort
const sealed = async (use: SealedContent['use'], values: SealedContent['values'], card: string | null = SERIAL) =>
  seal(await port.sealKey(), { use, card, values })
const ticket = async () => ({
  reader: 'A',
  serial: SERIAL,
  secrets: await sealed('card-secrets', { pin: PIN, puk: PUK, managementKey: KEY }),
})
const view = async () => (await port.readers())[0]
const until = (state: string) =>
  expect.poll(async () => (await view())?.state, { interval: 10, timeout: 12_000 }).toBe(state)

beforeEach(async () => {
  folder = makeCardFolder({ one: { serial: Number(SERIAL) }, two: { serial: 60000006 } }, [{ name: 'A', card: 'one' }])
  port = inProcessPort(await openCardStack({ readers: folder.config }), { virtual: true })
  await until('blank')
})
afterEach(async () => {
  await port.close()
  folder.remove()
})

describe('when codes are used', () => {
  it('shows tries left as they go and come back', async () => {
    const check = async (pin: string) => port.checkPin({ reader: 'A', pin: await sealed('pin', { pin }) })
    await expect(check('000000')).rejects.toMatchObject({ code: 'CARD_PIN_WRONG', detail: { triesLeft: 2 } })
    expect((await view())?.card?.pinTries).toBe(2)
    expect((await check('123456')).card?.pinTries).toBe(3)
    for (let i = 0; i < 2; i++) await expect(check('000000')).rejects.toThrow('CARD_PIN_WRONG')
    await expect(check('000000')).rejects.toThrow('CARD_PIN_BLOCKED')
    expect((await view())?.card?.pinTries).toBe(0)
    const puk = await sealed('puk', { puk: '12345678' })
    const newPin = await sealed('new-pin', { newPin: '998877' }, null)
    const after = await port.unblock({ reader: 'A', serial: SERIAL, puk, newPin })
    expect(after.card).toMatchObject({ pinTries: 3, pukTries: 3 })
    await check('998877')
  })

  it('says when the PUK is wrong and when it is blocked', async () => {
    const unblock = async () =>
      port.unblock({
        reader: 'A',
        serial: SERIAL,
        puk: await sealed('puk', { puk: '00000000' }),
        newPin: await sealed('new-pin', { newPin: '998877' }, null),
      })
    await expect(unblock()).rejects.toMatchObject({ code: 'CARD_PUK_WRONG', detail: { triesLeft: 2 } })
    expect((await view())?.card?.pukTries).toBe(2)
    await expect(unblock()).rejects.toThrow('CARD_PUK_WRONG')
    await expect(unblock()).rejects.toThrow('CARD_PUK_BLOCKED')
    expect((await view())?.card?.pukTries).toBe(0)
  })

  it('changes the owner’s PIN', async () => {
    const pins = await sealed('change-pin', { pin: '123456', newPin: '998877' }, null)
    expect((await port.changePin({ reader: 'A', pins })).card?.pinTries).toBe(3)
    await port.checkPin({ reader: 'A', pin: await sealed('pin', { pin: '998877' }) })
  })

  it('sets tries as the profile wants', async () => {
    const open = await ticket()
    await port.setManagementKey(open)
    await port.setPinAndPuk({ ...open, tries: { pin: 5, puk: 8 } })
    expect((await view())?.card).toMatchObject({ pinTries: 5, pinTriesMax: 5, pukTries: 8, pukTriesMax: 8 })
  })
})

describe('when the time of cards is asked for', () => {
  it('counts every command, those of reading a card that came as well', async () => {
    const before = await port.cardTime()
    expect(before.commands).toBeGreaterThan(5)
    folder.setReader('A', { delayMs: 20 })
    await port.inspect('A')
    const after = await port.cardTime()
    expect(after.ms - before.ms).toBeGreaterThan((after.commands - before.commands) * 19)
  })
})

describe('when the card is pulled in the middle', () => {
  it.each([
    ['before the management key was set', 'FF', false],
    ['after the management key was set, its answer lost', 'FF', true],
    ['before the PUK was set', '24', false],
    ['after the PUK was set', '24', true],
    ['before the PIN was set', '2C', false],
    ['after the PIN was set', '2C', true],
    ['before the key was made', '47', false],
    ['after the key was made', '47', true],
    ['before an object was written', 'DB', false],
    ['after an object was written', 'DB', true],
  ])('says so and goes on with the same steps: %s', async (_name, ins, after) => {
    const all = async () => {
      const open = await ticket()
      await port.setManagementKey(open)
      await port.setPinAndPuk(open)
      await port.writeChuid({ ...open, guid: 'ab'.repeat(16), expiresOn: '2031-12-31' })
      return port.generateKey({ ...open, slot: '9A', algorithm: 'ecdsa-p256' })
    }
    folder.setReader('A', { pullOn: { ins, after } })
    await expect(all()).rejects.toMatchObject({ code: 'CARD_REMOVED' })
    await until('empty')
    await expect(port.inspect('A')).resolves.toMatchObject({ state: 'empty', card: null })
    await expect(port.readCertificate({ reader: 'A', serial: SERIAL, slot: '9A' })).rejects.toMatchObject({
      code: 'CARD_NOT_PRESENT',
    })
    folder.setReader('A', { card: 'one' })
    expect((await all()).length).toBe(91)
    expect(folder.cardState('one')).toMatchObject({
      pin: { value: Buffer.from(PIN).toString('hex'), tries: 3 },
      puk: { value: Buffer.from(PUK).toString('hex'), tries: 3 },
      managementKey: { algorithm: 0x0c, key: KEY },
    })
  })
})

describe('when another card lies in the reader', () => {
  it('writes nothing on it, whatever the call', async () => {
    const open = await ticket()
    await port.demo?.insert('A', 'two')
    await until('blank')
    const before = readFileSync(folder.cardFile('two'), 'utf8')
    const puk = await sealed('puk', { puk: PUK })
    const newPins = [0, 1].map(() => sealed('new-pin', { newPin: PIN }, null))
    const [newPin = '', otherPin = ''] = await Promise.all(newPins)
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const certificate = await selfSigned(spki, async (tbs) => sign('sha256', tbs, privateKey))
    const calls = [
      () => port.setManagementKey(open),
      () => port.setPinAndPuk(open),
      () => port.writeChuid({ ...open, guid: 'ab'.repeat(16), expiresOn: '2031-12-31' }),
      () => port.generateKey({ ...open, slot: '9A', algorithm: 'ecdsa-p256' }),
      () => port.signWithTransportPin({ ...open, slot: '9A', algorithm: 'ecdsa-p256', data: certificate }),
      () => port.writeCertificate({ ...open, slot: '9A', certificate }),
      () => port.readCertificate({ ...open, slot: '9A' }),
      () => port.replaceTransportPin({ ...open, newPin }),
      () => port.unblock({ reader: 'A', serial: SERIAL, puk, newPin: otherPin }),
      () => port.wipe(open),
    ]
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({ code: 'CARD_CHANGED', detail: { found: '60000006' } })
    expect(readFileSync(folder.cardFile('two'), 'utf8')).toBe(before)
  })

  it('refuses secrets sealed for another card', async () => {
    const open = await ticket()
    const other = await sealed('card-secrets', { pin: PIN, puk: PUK, managementKey: KEY }, '60000006')
    await expect(port.setManagementKey({ ...open, secrets: other })).rejects.toMatchObject({ code: 'CARD_MISMATCH' })
  })
})

describe('when the folder of virtual readers is handled badly', () => {
  it('keeps what it knew while the file is broken', async () => {
    writeFileSync(join(folder.folder, 'readers.json'), '{"readers":')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await view()).toMatchObject({ name: 'A', state: 'blank' })
    folder.setReaders([{ name: 'A', card: null }])
    await until('empty')
  })
  it('shows a reader whose card file is missing as empty', async () => {
    folder.setReaders([{ name: 'A', card: 'no-such-card' }])
    await until('empty')
  })
})
