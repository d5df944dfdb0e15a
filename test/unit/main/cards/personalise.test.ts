import { createPublicKey, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReaderView } from '../../../../shared/contract/index.ts'
import type { CardPort } from '../../../../main/services/ports.ts'
import { inProcessPort, openCardStack } from '../../../../main/cards/index.ts'
import { makeCardFolder, type CardFolder } from '../../../fakes/card/card-folder.ts'
import { padCode } from '../../../fakes/card/card-state.ts'
import { seal } from './seal.ts'
import { selfSigned } from './self-signed.ts'

const READER = 'Reader 1'
const SERIAL = '10000001'
const PIN = '24680246'
const PUK = '13579135'
const GUID = '00112233445566778899aabbccddeeff'
const KEYS = {
  'aes-128': 'a1'.repeat(16),
  'aes-192': 'a2'.repeat(24),
  'aes-256': 'a3'.repeat(32),
} as const

let folder: CardFolder
let port: CardPort

async function open(options: { managementAlgorithm?: number } = {}): Promise<void> {
  folder = makeCardFolder({ blank: { serial: Number(SERIAL), ...options } }, [{ name: READER, card: 'blank' }])
  port = inProcessPort(await openCardStack({ readers: folder.config }), { virtual: true })
}
async function view(state: ReaderView['state']): Promise<ReaderView> {
  return expect
    .poll(async () => (await port.readers()).find(({ name }) => name === READER), { interval: 10, timeout: 12_000 })
    .toMatchObject({ state })
    .then(async () => (await port.readers())[0] as ReaderView)
}
const secrets = async (managementKey: string = KEYS['aes-192']): Promise<string> =>
  seal(await port.sealKey(), {
    use: 'card-secrets',
    card: SERIAL,
    values: { pin: PIN, puk: PUK, managementKey },
  })
const address = { reader: READER, serial: SERIAL }

describe('when a blank card is personalised', () => {
  beforeEach(() => open())
  afterEach(async () => {
    await port.close()
    folder.remove()
  })

  it('shows it as blank first', async () => {
    const { card } = await view('blank')
    expect(card).toMatchObject({ serial: SERIAL, guid: null, blank: true, pinTries: 3, pinTriesMax: 3, pukTries: 3 })
  })

  it.each(['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'] as const)(
    'makes %s keys that sign under the transport PIN and under the new PIN',
    async (algorithm) => {
      await view('blank')
      const ticket = { ...address, secrets: await secrets() }
      await port.setManagementKey(ticket)
      await port.setPinAndPuk(ticket)
      await port.writeChuid({ ...ticket, guid: GUID, expiresOn: '2031-12-31' })
      const data = Buffer.from('the request to be signed')
      for (const slot of ['9A', '9C'] as const) {
        const spki = await port.generateKey({ ...ticket, slot, algorithm })
        const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
        const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256'
        const signature = await port.signWithTransportPin({ ...ticket, slot, algorithm, data })
        expect(verify(hash, data, key, signature)).toBe(true)
        const certificate = await selfSigned(spki, (tbs) =>
          port.signWithTransportPin({ ...ticket, slot, algorithm, data: tbs }),
        )
        await port.writeCertificate({ ...ticket, slot, certificate })
        expect(await port.readCertificate({ ...address, slot })).toEqual(certificate)
      }
      const newPin = await seal(await port.sealKey(), { use: 'new-pin', card: null, values: { newPin: '998877' } })
      const after = await port.replaceTransportPin({ ...ticket, newPin })
      expect(after).toMatchObject({ state: 'ready', card: { blank: false, guid: GUID, expiresOn: '2031-12-31' } })
      expect(after.card?.certificates.map(({ slot }) => slot)).toEqual(['9A', '9C'])
      const pin = await seal(await port.sealKey(), { use: 'pin', card: SERIAL, values: { pin: '998877' } })
      const signed = await port.sign({ reader: READER, via: 'piv', slot: '9C', pin, data })
      expect(signed).toMatchObject({ algorithm, serial: SERIAL })
      expect(folder.cardState('blank').managementKey.key).toBe(KEYS['aes-192'])
      expect(await port.inspect(READER)).toMatchObject({ ...after, changedAt: expect.any(Number) })
    },
    30_000,
  )

  it('does every step again without harm and without spending a try', async () => {
    await view('blank')
    const ticket = { ...address, secrets: await secrets() }
    for (let i = 0; i < 3; i++) {
      await port.setManagementKey(ticket)
      await port.setPinAndPuk(ticket)
      await port.writeChuid({ ...ticket, guid: GUID, expiresOn: '2031-12-31' })
    }
    const state = folder.cardState('blank')
    expect(state.pin).toEqual({ value: padCode(PIN), tries: 3, max: 3 })
    expect(state.puk).toEqual({ value: padCode(PUK), tries: 3, max: 3 })
  })

  it('wipes it back to blank', async () => {
    await view('blank')
    const ticket = { ...address, secrets: await secrets() }
    await port.setManagementKey(ticket)
    await port.setPinAndPuk(ticket)
    await port.writeChuid({ ...ticket, guid: GUID, expiresOn: '2031-12-31' })
    await port.generateKey({ ...ticket, slot: '9A', algorithm: 'ecdsa-p256' })
    await port.wipe(ticket)
    expect(await view('blank')).toMatchObject({ card: { guid: null, pinTries: 3, pukTries: 3 } })
    expect(folder.cardState('blank')).toMatchObject({ keys: {}, objects: {}, pin: { value: padCode('123456') } })
  })
})

describe('when the card has another kind of management key from the factory', () => {
  afterEach(async () => {
    await port.close()
    folder.remove()
  })
  const rows = [0x03, 0x08, 0x0a, 0x0c].flatMap((factory) =>
    Object.entries(KEYS).map(([wanted, key]) => ({ factory, wanted, key })),
  )
  it.each(rows)('goes from $factory to $wanted', async ({ factory, key }) => {
    await open({ managementAlgorithm: factory })
    await view('blank')
    const ticket = { ...address, secrets: await secrets(key) }
    await port.setManagementKey(ticket)
    await port.writeChuid({ ...ticket, guid: GUID, expiresOn: '2031-12-31' })
    expect(folder.cardState('blank').managementKey.key).toBe(key)
  })
})
