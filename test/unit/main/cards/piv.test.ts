import { generateKeyPairSync, createECDH } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CardKind } from '../../../../main/cards/card-table.ts'
import {
  changePin,
  ensureManagementKey,
  ensurePinAndPuk,
  ensureTries,
  generateKey,
  getObject,
  inspectCard,
  openWithKey,
  putObject,
  readCertificate,
  readChuid,
  readDiscovery,
  readPinTries,
  readPukTries,
  replacePin,
  resetRetryCounter,
  selectPiv,
  signWithSlot,
  verifyPin,
  wipeCard,
  writeCertificate,
  writeChuid,
} from '../../../../main/cards/piv/index.ts'
import { CardChannel } from '../../../../main/cards/reader/apdu.ts'
import { encodeTlv } from '../../../../main/cards/reader/tlv.ts'
import { factoryState, padCode, type CardOptions, type CardState } from '../../../fakes/card/card-state.ts'
import { VirtualCard } from '../../../fakes/card/virtual-card.ts'
import { selfSigned } from './self-signed.ts'

const vendor = (known: boolean): CardKind['vendor'] => ({
  serial: known,
  metadata: known,
  setManagementKey: known,
  setRetries: known,
  reset: known,
})
const kindOf = (known: boolean): CardKind => ({
  type: 'card',
  id: 'test',
  name: 'Test card',
  applet: 'piv',
  atrs: [],
  vendor: vendor(known),
  managementKey: { algorithms: ['aes-192', '3des', 'aes-128', 'aes-256'] },
  extendedLength: false,
})
const FULL = kindOf(true)
const PLAIN = kindOf(false)
const KEY = Buffer.from('d4'.repeat(24), 'hex')
const CODES = { pin: '24680246', puk: '13579135' }

let state: CardState
let virtual: VirtualCard
let card: CardChannel

async function make(options: CardOptions = {}): Promise<void> {
  state = factoryState({ serial: 11112222, ...options })
  virtual = new VirtualCard(state)
  card = new CardChannel((command) => virtual.transmit(command))
  await selectPiv(card)
}
const fresh = (): Promise<void> => {
  virtual.reset()
  return selectPiv(card)
}
beforeEach(() => make())

describe('when the PIN is used', () => {
  it('tells tries left without spending one, by metadata and without', async () => {
    await expect(verifyPin(card, '000000')).rejects.toMatchObject({ code: 'CARD_PIN_WRONG', detail: { triesLeft: 2 } })
    expect(await readPinTries(card, FULL)).toEqual({ left: 2, max: 3 })
    expect(await readPinTries(card, PLAIN)).toEqual({ left: 2, max: null })
    expect(await readPukTries(card, FULL)).toEqual({ left: 3, max: 3 })
    expect(await readPukTries(card, PLAIN)).toEqual({ left: null, max: null })
    expect(state.pin.tries).toBe(2)
  })

  it('blocks after the last try and comes back through the PUK', async () => {
    for (const left of [2, 1])
      await expect(verifyPin(card, '000000')).rejects.toMatchObject({
        code: 'CARD_PIN_WRONG',
        detail: { triesLeft: left },
      })
    await expect(verifyPin(card, '000000')).rejects.toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    await expect(verifyPin(card, '123456')).rejects.toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    await expect(changePin(card, '123456', '654321')).rejects.toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    expect((await readPinTries(card, PLAIN)).left).toBe(0)
    await resetRetryCounter(card, '12345678', '998877')
    await verifyPin(card, '998877')
    expect((await readPinTries(card, FULL)).left).toBe(3)
  })

  it('tells a wrong and a blocked PUK from a PIN', async () => {
    for (const left of [2, 1])
      await expect(resetRetryCounter(card, '00000000', '998877')).rejects.toMatchObject({
        code: 'CARD_PUK_WRONG',
        detail: { triesLeft: left },
      })
    for (let i = 0; i < 2; i++)
      await expect(resetRetryCounter(card, '00000000', '998877')).rejects.toMatchObject({ code: 'CARD_PUK_BLOCKED' })
    await verifyPin(card, '123456')
  })

  it('gives a right PIN its tries back', async () => {
    await expect(verifyPin(card, '000000')).rejects.toThrow('CARD_PIN_WRONG')
    await verifyPin(card, '123456')
    expect(state.pin.tries).toBe(3)
  })
})

describe('when the transport PIN is replaced', () => {
  it('is done again without harm', async () => {
    await replacePin(card, '123456', '998877')
    await replacePin(card, '123456', '998877')
    expect(state.pin).toEqual({ value: padCode('998877'), tries: 3, max: 3 })
  })
  it('never spends the last try', async () => {
    state.pin.tries = 2
    await expect(replacePin(card, '000000', '998877')).rejects.toMatchObject({ code: 'CARD_PIN_WRONG' })
    expect(state.pin.tries).toBe(1)
  })
})

describe('when PIN and PUK are set', () => {
  it.each([
    ['a card that tells', FULL],
    ['a card that does not', PLAIN],
  ])('does it from the factory and again on %s', async (_name, kind) => {
    for (let i = 0; i < 3; i++) await ensurePinAndPuk(card, kind, CODES)
    expect(state.pin).toEqual({ value: padCode(CODES.pin), tries: 3, max: 3 })
    expect(state.puk).toEqual({ value: padCode(CODES.puk), tries: 3, max: 3 })
  })
  it('comes through after a cut between PUK and PIN, with the PIN blocked', async () => {
    state.puk.value = padCode(CODES.puk)
    state.pin.tries = 0
    await ensurePinAndPuk(card, FULL, CODES)
    expect(state.pin).toEqual({ value: padCode(CODES.pin), tries: 3, max: 3 })
  })
  it('spends one try and stops when the PUK is somebody else’s', async () => {
    state.puk.value = padCode('00001111')
    await expect(ensurePinAndPuk(card, FULL, CODES)).rejects.toMatchObject({ code: 'CARD_PUK_WRONG' })
    expect(state.puk.tries).toBe(2)
  })
  it('never spends the last try of a PUK it does not know', async () => {
    state.puk.value = padCode('00001111')
    state.puk.tries = 2
    await expect(ensurePinAndPuk(card, PLAIN, CODES)).rejects.toMatchObject({ code: 'CARD_PUK_WRONG' })
    expect(state.puk.tries).toBe(1)
  })
  it('gives them as many tries as asked for', async () => {
    await ensureManagementKey(card, FULL, KEY)
    for (let i = 0; i < 2; i++) {
      await openWithKey(card, FULL, KEY)
      await ensureTries(card, FULL, { pin: 5, puk: 7 }, CODES)
      await ensurePinAndPuk(card, FULL, CODES)
    }
    expect(state.pin).toEqual({ value: padCode(CODES.pin), tries: 5, max: 5 })
    expect(state.puk).toEqual({ value: padCode(CODES.puk), tries: 7, max: 7 })
  })
})

describe('when the management key is used', () => {
  it('opens nothing with a wrong key', async () => {
    await expect(openWithKey(card, FULL, KEY)).rejects.toMatchObject({ code: 'CARD_MANAGEMENT_KEY_WRONG' })
    await expect(putObject(card, 0x5fc102, Buffer.from('aa'))).rejects.toMatchObject({
      code: 'CARD_COMMAND_FAILED',
      detail: { reason: 'not-allowed' },
    })
  })
  it('refuses a card that does not know the key either', async () => {
    const other = new VirtualCard(factoryState())
    const impostor = new CardChannel(async (command) => {
      const answer = Buffer.from(await other.transmit(command))
      // The card's answer to our challenge is made up.
      if (command[1] === 0x87 && answer.length > 6 && answer[2] === 0x82) answer[6] = (answer[6] ?? 0) ^ 1
      return answer
    })
    const key = Uint8Array.from({ length: 24 }, (_, i) => (i % 8) + 1)
    await expect(openWithKey(impostor, FULL, key)).rejects.toMatchObject({ detail: { reason: 'card-not-authentic' } })
  })
  it('says so when the kind cannot be given another', async () => {
    await expect(ensureManagementKey(card, PLAIN, KEY)).rejects.toMatchObject({ code: 'CARD_UNSUPPORTED' })
  })
  it('refuses a card with a key that is neither', async () => {
    await ensureManagementKey(card, FULL, Buffer.from('ee'.repeat(24), 'hex'))
    await fresh()
    await expect(ensureManagementKey(card, FULL, KEY)).rejects.toMatchObject({ code: 'CARD_MANAGEMENT_KEY_WRONG' })
  })
})

describe('when keys and objects are used', () => {
  const open = async (): Promise<void> => {
    await ensureManagementKey(card, FULL, KEY)
    await openWithKey(card, FULL, KEY)
  }
  it('signs with 9A after one PIN, with 9C only right after it, with 9E without', async () => {
    await open()
    for (const slot of ['9A', '9C', '9E'] as const) await generateKey(card, slot, 'ecdsa-p256')
    const data = Buffer.from('x')
    await expect(signWithSlot(card, '9A', 'ecdsa-p256', data)).rejects.toMatchObject({
      detail: { reason: 'not-allowed' },
    })
    await signWithSlot(card, '9E', 'ecdsa-p256', data)
    await verifyPin(card, '123456')
    await signWithSlot(card, '9C', 'ecdsa-p256', data)
    await signWithSlot(card, '9A', 'ecdsa-p256', data)
    await expect(signWithSlot(card, '9C', 'ecdsa-p256', data)).rejects.toMatchObject({
      detail: { reason: 'not-allowed' },
    })
    await expect(signWithSlot(card, '9D', 'ecdsa-p256', data)).rejects.toMatchObject({ code: 'CARD_COMMAND_FAILED' })
  })
  it('forgets a PIN and an open key at reset', async () => {
    await open()
    await verifyPin(card, '123456')
    await fresh()
    await expect(generateKey(card, '9A', 'ecdsa-p256')).rejects.toMatchObject({ detail: { reason: 'not-allowed' } })
    expect((await readPinTries(card, PLAIN)).left).toBe(3)
  })
  it('writes and reads an object of 2,500 bytes by chaining and GET RESPONSE', async () => {
    await open()
    const value = Buffer.alloc(2500, 0x5a)
    await putObject(card, 0x5fc10b, value)
    expect(Buffer.from((await getObject(card, 0x5fc10b)) ?? [])).toEqual(value)
    expect(virtual.stats.chained).toBeGreaterThan(8)
    expect(virtual.stats.getResponse).toBeGreaterThan(8)
  })
  it('says the card is full', async () => {
    await open()
    await expect(putObject(card, 0x5fc10b, Buffer.alloc(3100))).rejects.toMatchObject({ detail: { reason: 'full' } })
  })
  it('reads a compressed certificate, and refuses one that bursts, is none, or is of another coding', async () => {
    await open()
    const spki = await generateKey(card, '9E', 'ecdsa-p256')
    const der = await selfSigned(spki, (tbs) => signWithSlot(card, '9E', 'ecdsa-p256', tbs))
    const put = (bytes: Uint8Array, info: number): Promise<void> =>
      putObject(
        card,
        0x5fc101,
        Buffer.concat([encodeTlv(0x70, bytes), encodeTlv(0x71, Uint8Array.of(info)), encodeTlv(0xfe)]),
      )
    await put(gzipSync(der), 1)
    expect(await readCertificate(card, '9E')).toEqual(der)
    await put(gzipSync(Buffer.alloc(1_000_000)), 1)
    await expect(readCertificate(card, '9E')).rejects.toMatchObject({ detail: { reason: 'certificate-compression' } })
    await put(Buffer.from('rubbish'), 1)
    await expect(readCertificate(card, '9E')).rejects.toMatchObject({ detail: { reason: 'certificate-compression' } })
    await put(der, 2)
    await expect(readCertificate(card, '9E')).rejects.toMatchObject({ detail: { reason: 'certificate-encoding' } })
    await put(Buffer.from('rubbish'), 0)
    expect(await inspectCard(card, FULL)).toMatchObject({ certificates: [], blank: false })
    await openWithKey(card, FULL, KEY)
    await writeCertificate(card, '9E', der)
    expect((await inspectCard(card, FULL)).certificates).toMatchObject([{ slot: '9E', commonName: 'Anna Rossi' }])
  })
  it('reads the CHUID it wrote, and a date no calendar has as none', async () => {
    await open()
    const guid = '00112233445566778899aabbccddeeff'
    await writeChuid(card, { guid, expiresOn: '2031-12-31' })
    expect(await readChuid(card)).toEqual({ guid, expiresOn: '2031-12-31' })
    await writeChuid(card, { guid, expiresOn: '2031-02-30' })
    expect(await readChuid(card)).toEqual({ guid, expiresOn: null })
    expect(await inspectCard(card, PLAIN)).toMatchObject({ serial: guid.toUpperCase(), pukTries: null, blank: false })
  })
  it('reads the discovery object', async () => {
    expect(await readDiscovery(card)).toEqual({ applicationPin: true, globalPin: false, globalPreferred: false })
  })
  it('agrees on a secret with a key of the card (key management)', async () => {
    await open()
    await generateKey(card, '9D', 'ecdsa-p256')
    await verifyPin(card, '123456')
    const other = createECDH('prime256v1')
    const point = other.generateKeys()
    const data = encodeTlv(0x7c, encodeTlv(0x82), encodeTlv(0x85, point))
    const answer = await card.send({ ins: 0x87, p1: 0x11, p2: 0x9d, data, le: 256 })
    expect([answer.sw, answer.data.length]).toEqual([0x9000, 36])
  })
})

describe('when a card is no PIV card', () => {
  it('is unknown', async () => {
    const other = new CardChannel(async () => Buffer.from('6a82', 'hex'))
    await expect(selectPiv(other)).rejects.toMatchObject({ code: 'CARD_UNKNOWN' })
  })
  it('is refused when it answers nonsense', async () => {
    const other = new CardChannel(async () => Buffer.from('ffff9000', 'hex'))
    await expect(selectPiv(other)).rejects.toMatchObject({ code: 'CARD_COMMAND_FAILED' })
  })
})

describe('when a card is wiped', () => {
  it.each([
    ['by the vendor’s reset', true],
    ['piece by piece', false],
  ])('is blank again %s', async (_name, known) => {
    await ensureManagementKey(card, FULL, KEY)
    await ensurePinAndPuk(card, FULL, CODES)
    await openWithKey(card, FULL, KEY)
    await writeChuid(card, { guid: 'ab'.repeat(16), expiresOn: '2031-12-31' })
    await generateKey(card, '9A', 'rsa-2048')
    await fresh()
    const kind = { ...FULL, vendor: { ...FULL.vendor, reset: known } }
    await wipeCard(card, kind, { ...CODES, managementKey: KEY })
    await fresh()
    expect(await inspectCard(card, FULL)).toMatchObject({
      blank: true,
      guid: null,
      certificates: [],
      pinTries: 3,
      pukTries: 3,
    })
    await verifyPin(card, '123456')
    expect(state.keys['9A']?.algorithm).toBe(known ? undefined : 0x11)
  })
  it('is wiped again without harm', async () => {
    for (let i = 0; i < 2; i++) await wipeCard(card, FULL, { ...CODES, managementKey: KEY })
    expect(state.pin.tries).toBe(3)
  })
})

describe('when bytes come from a hostile card', () => {
  it('never lets anything but a closed error out of reading it', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    for (let seed = 1; seed < 400; seed++) {
      const hostile = new CardChannel(async (command) => {
        const size = (seed * 7 + (command[2] ?? 0)) % 90
        const noise = Buffer.from(Array.from({ length: size }, (_, i) => (seed * 13 + i * (seed % 31)) & 0xff))
        const body =
          seed % 3 === 0 ? encodeTlv(0x53, noise) : seed % 3 === 1 ? encodeTlv(0x53, encodeTlv(0x70, spki)) : noise
        return Buffer.concat([command[1] === 0xa4 ? encodeTlv(0x61, noise) : body, Buffer.from('9000', 'hex')])
      })
      try {
        await inspectCard(hostile, FULL)
      } catch (error) {
        expect(error).toMatchObject({ name: 'AppError', code: expect.stringMatching(/^CARD_/) })
      }
    }
  })
})
