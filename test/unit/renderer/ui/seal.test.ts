import { compactDecrypt, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import type { PublicJwk } from '../../../../shared/contract/scalars.ts'
import { Sealed, SealedContent } from '../../../../shared/contract/sealed.ts'
import { makeSealedSender, seal } from '../../../../renderer/ui/seal.ts'

async function makeWorker() {
  const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const { x = '', y = '' } = await exportJWK(pair.publicKey)
  const key: PublicJwk = { kty: 'EC', crv: 'P-256', x, y, kid: 'worker-1' }
  const open = async (sealed: string) => {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, pair.privateKey)
    return { content: SealedContent.parse(JSON.parse(new TextDecoder().decode(plaintext))), header: protectedHeader }
  }
  return { key, open }
}

describe('when a PIN is sealed', () => {
  it('opens at the worker with its use, card and a fresh id', async () => {
    const worker = await makeWorker()
    const first = await seal(worker.key, 'change-pin', { pin: '123456', newPin: '482615' }, { card: 'A1B2' })
    const second = await seal(worker.key, 'change-pin', { pin: '123456', newPin: '482615' }, { card: 'A1B2' })
    expect(Sealed.safeParse(first).success).toBe(true)
    const { content, header } = await worker.open(first)
    expect(content).toMatchObject({ use: 'change-pin', card: 'A1B2', values: { pin: '123456', newPin: '482615' } })
    expect(header).toMatchObject({ alg: 'ECDH-ES', enc: 'A256GCM', typ: 'countersign-sealed', kid: 'worker-1' })
    expect((await worker.open(second)).content.jti).not.toBe(content.jti)
  })

  it('opens at no other worker', async () => {
    const [worker, other] = [await makeWorker(), await makeWorker()]
    const sealed = await seal(worker.key, 'pin', { pin: '123456' }, { card: null })
    await expect(other.open(sealed)).rejects.toThrow()
  })
})

describe('when the worker was restarted', () => {
  it('fetches the key again and sends once more', async () => {
    const [before, after] = [await makeWorker(), await makeWorker()]
    const keys = [before.key, after.key]
    let fetched = 0
    const send = makeSealedSender(async () => keys[fetched++] ?? after.key)
    const pin = await send('pin', { pin: '123456' }, { card: null }, async (sealed) => {
      try {
        return (await after.open(sealed)).content.values.pin
      } catch {
        throw new AppError('SEALED_INVALID')
      }
    })
    expect(pin).toBe('123456')
    expect(fetched).toBe(2)
  })

  it('gives up after the second refusal, and never repeats another failure', async () => {
    const worker = await makeWorker()
    let tries = 0
    const send = makeSealedSender(async () => worker.key)
    const refuse = (code: 'SEALED_INVALID' | 'CARD_PIN_WRONG') => async () => {
      tries++
      throw new AppError(code)
    }
    await expect(send('pin', { pin: '123456' }, { card: null }, refuse('SEALED_INVALID'))).rejects.toMatchObject({
      code: 'SEALED_INVALID',
    })
    expect(tries).toBe(2)
    await expect(send('pin', { pin: '123456' }, { card: null }, refuse('CARD_PIN_WRONG'))).rejects.toMatchObject({
      code: 'CARD_PIN_WRONG',
    })
    expect(tries).toBe(3)
  })
})
