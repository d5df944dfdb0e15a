import { CompactEncrypt, importJWK } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { SealedBox } from '../../../../main/cards/stack/sealed-box.ts'
import { Sealed } from '../../../../shared/contract/index.ts'
import { seal } from './seal.ts'

let box: SealedBox
let now = 1_000_000
beforeEach(async () => {
  now = 1_000_000
  box = await SealedBox.create(() => now)
})

const refusal = (reason: string): object => ({ code: 'SEALED_INVALID', detail: { reason } })

describe('when a sealed secret comes', () => {
  it('gives what was sealed', async () => {
    const sealed = await seal(box.publicKey, { use: 'pin', card: null, values: { pin: '123456' } })
    expect(Sealed.safeParse(sealed).success).toBe(true)
    expect(await box.open(sealed, 'pin', 'AB12', ['pin'])).toEqual({ pin: '123456' })
  })

  it('refuses the same one again', async () => {
    const sealed = await seal(box.publicKey, { use: 'pin', card: null, values: { pin: '123456' } })
    await box.open(sealed, 'pin', null, ['pin'])
    await expect(box.open(sealed, 'pin', null, ['pin'])).rejects.toMatchObject(refusal('replay'))
  })

  it('refuses another one with an id seen before', async () => {
    const jti = 'x'.repeat(20)
    const content = { use: 'puk', card: 'AB12', values: { puk: '12345678' } } as const
    await box.open(await seal(box.publicKey, { ...content, jti }), 'puk', 'AB12', ['puk'])
    const again = await seal(box.publicKey, { ...content, jti })
    await expect(box.open(again, 'puk', 'AB12', ['puk'])).rejects.toMatchObject(refusal('replay'))
  })

  it('takes card secrets again for the same card, half an hour long', async () => {
    const values = { pin: '12345678', puk: '87654321', managementKey: 'ab'.repeat(24) }
    const sealed = await seal(box.publicKey, { use: 'card-secrets', card: 'AB12', values })
    for (let i = 0; i < 3; i++) await box.open(sealed, 'card-secrets', 'AB12', ['managementKey'])
    now += 31 * 60_000
    await expect(box.open(sealed, 'card-secrets', 'AB12', ['pin'])).rejects.toMatchObject(refusal('replay'))
  })

  it('refuses one sealed for another worker', async () => {
    const other = await SealedBox.create()
    const sealed = await seal(other.publicKey, { use: 'pin', card: null, values: { pin: '123456' } })
    await expect(box.open(sealed, 'pin', null, ['pin'])).rejects.toMatchObject(refusal('key'))
  })

  it.each([
    ['another use', { use: 'new-pin', card: null, values: { newPin: '123456' } }, 'pin', refusal('use')],
    ['a missing value', { use: 'pin', card: null, values: {} }, 'pin', refusal('missing')],
    ['another card', { use: 'pin', card: 'AB12', values: { pin: '123456' } }, 'pin', { code: 'CARD_MISMATCH' }],
    ['a PUK for any card', { use: 'puk', card: null, values: { puk: '12345678' } }, 'puk', { code: 'CARD_MISMATCH' }],
  ] as const)('refuses %s', async (_name, content, use, expected) => {
    const sealed = await seal(box.publicKey, content)
    await expect(box.open(sealed, use, 'CD34', use === 'puk' ? ['puk'] : ['pin'])).rejects.toMatchObject(expected)
  })

  it.each(['111111', '00000000', '123456', '87654321'])(
    'refuses %s as a new PIN, whatever the screen let pass, and takes it as one that is on a card',
    async (pin) => {
      for (const use of ['new-pin', 'change-pin'] as const) {
        const sealed = await seal(box.publicKey, { use, card: null, values: { pin, newPin: pin } })
        const refused: unknown = await box.open(sealed, use, null, ['newPin']).catch((error: unknown) => error)
        expect(refused).toMatchObject({ code: 'CARD_PIN_POLICY', detail: {} })
      }
      const sealed = await seal(box.publicKey, { use: 'pin', card: null, values: { pin } })
      expect(await box.open(sealed, 'pin', null, ['pin'])).toEqual({ pin })
    },
  )

  it.each([
    ['a PIN that is none', JSON.stringify({ use: 'pin', jti: 'y'.repeat(20), card: null, values: { pin: 'abc' } })],
    ['an extra key', JSON.stringify({ use: 'pin', jti: 'y'.repeat(20), card: null, values: {}, extra: 1 })],
    ['no JSON', 'pin=123456'],
    ['an id too short', JSON.stringify({ use: 'pin', jti: 'y', card: null, values: { pin: '123456' } })],
  ])('refuses %s, without repeating it', async (_name, text) => {
    const { kty, crv, x, y } = box.publicKey
    const header = { alg: 'ECDH-ES', enc: 'A256GCM', typ: 'countersign-sealed' }
    const key = await importJWK({ kty, crv, x, y }, 'ECDH-ES')
    const sealed = await new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(key)
    const refused: unknown = await box.open(sealed, 'pin', null, ['pin']).catch((error: unknown) => error)
    expect(refused).toMatchObject(refusal('content'))
    expect((refused as Error).cause).toBeUndefined()
  })

  it.each([
    ['another type', { alg: 'ECDH-ES', enc: 'A256GCM', typ: 'JWT' }, 'header'],
    ['another cipher', { alg: 'ECDH-ES', enc: 'A128GCM', typ: 'countersign-sealed' }, 'key'],
    ['another key agreement', { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: 'countersign-sealed' }, 'key'],
  ])('refuses %s', async (_name, header, reason) => {
    const { kty, crv, x, y } = box.publicKey
    const plain = Buffer.from(
      JSON.stringify({ use: 'pin', jti: 'z'.repeat(20), card: null, values: { pin: '123456' } }),
    )
    const key = await importJWK({ kty, crv, x, y }, header.alg)
    const sealed = await new CompactEncrypt(plain).setProtectedHeader(header).encrypt(key)
    await expect(box.open(sealed, 'pin', null, ['pin'])).rejects.toMatchObject(refusal(reason))
  })

  it('refuses bytes changed on the way', async () => {
    const sealed = await seal(box.publicKey, { use: 'pin', card: null, values: { pin: '123456' } })
    const parts = sealed.split('.')
    parts[3] = `${parts[3]?.startsWith('A') ? 'B' : 'A'}${parts[3]?.slice(1)}`
    await expect(box.open(parts.join('.'), 'pin', null, ['pin'])).rejects.toMatchObject(refusal('key'))
  })
})
