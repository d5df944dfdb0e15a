import pkcs11js from 'pkcs11js'
import { writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initSoftHsmToken } from '../../../../server/hsm/index.ts'
import {
  acquireModule,
  findTokenSlot,
  padTokenLabel,
  releaseModule,
  type Cryptoki,
} from '../../../../server/hsm/pkcs11/module.ts'
import { Token } from '../../../../server/hsm/pkcs11/token.ts'
import { failureOf, temporaryFolder } from './folders.ts'
import { libraryPath, tokensIn } from './softhsm-token.ts'

const root = await temporaryFolder()
afterAll(() => root.remove())
const places = tokensIn(root.path)
const digest = Buffer.alloc(32, 7)
const pinOf = (label: string): Promise<string> =>
  Promise.resolve(readFileSync(places.token(label).pinFile, 'utf8').trim())
const tokenOf = (label: string, readPin = () => pinOf(label)) =>
  new Token({ libraryPath, tokenLabel: label, sessions: 4, salt: 'test', readPin })

/** The module as another user of the same process has it. */
const withModule = async <T>(work: (cryptoki: Cryptoki, slot: Buffer) => T | Promise<T>): Promise<T> => {
  const cryptoki = acquireModule(libraryPath)
  try {
    return await work(cryptoki, findTokenSlot(cryptoki, 'near') as Buffer)
  } finally {
    releaseModule(libraryPath)
  }
}

describe.skipIf(libraryPath === '')('when a module is used in this very process', () => {
  let token: Token
  beforeAll(async () => {
    await initSoftHsmToken(places.token('near'))
    token = tokenOf('near')
    await token.open()
    await token.generate('key', 'ecdsa-p256')
  })
  afterAll(() => token.close())
  const sign = async (name: string, way: 'ecdsa' | 'rsa'): Promise<Buffer> => token.sign(name, way, digest)

  it('does not let a key out', () =>
    withModule((cryptoki, slot) => {
      const session = cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION)
      cryptoki.C_FindObjectsInit(session, [
        { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
        { type: pkcs11js.CKA_LABEL, value: 'key' },
      ])
      const [key] = cryptoki.C_FindObjects(session, 1)
      cryptoki.C_FindObjectsFinal(session)
      expect(key).toBeDefined()
      expect(() => cryptoki.C_GetAttributeValue(session, key as Buffer, [{ type: pkcs11js.CKA_VALUE }])).toThrow(
        /SENSITIVE/,
      )
      cryptoki.C_CloseSession(session)
    }))

  it('goes on after its sessions were closed under it, one call or many at once', () =>
    withModule(async (cryptoki, slot) => {
      for (const calls of [1, 1, 16]) {
        cryptoki.C_CloseAllSessions(slot)
        const made = await Promise.all(Array.from({ length: calls }, () => sign('key', 'ecdsa')))
        expect(made.map((signature) => signature.length)).toEqual(made.map(() => 64))
      }
    }))

  it('goes on after it was logged out', () =>
    withModule(async (cryptoki, slot) => {
      const session = cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION)
      cryptoki.C_Logout(session)
      cryptoki.C_CloseSession(session)
      expect(await sign('key', 'ecdsa')).toHaveLength(64)
    }))

  it('runs no more at once than it has sessions, and goes on after a call that failed', async () => {
    const calls = Array.from({ length: 40 }, (_, i) => failureOf(sign(i % 5 === 0 ? 'none' : 'key', 'ecdsa')))
    const told = await Promise.all(calls)
    expect(told.filter((one) => one === 'ok')).toHaveLength(32)
    expect(told.filter((one) => one === 'HSM_KEY_NOT_FOUND')).toHaveLength(8)
    expect(await failureOf(sign('key', 'rsa'))).toMatch(/^(refused|device)$/)
    expect(await sign('key', 'ecdsa')).toHaveLength(64)
  })

  it('has a quick signature at once, each in memory of its own', async () => {
    const made: Buffer[] = []
    // Which calls are quick is measured: a busy machine may say no for a while.
    for (let calls = 0; made.length < 2 && calls < 5000; calls++) {
      const signature = token.sign('key', 'ecdsa', digest)
      if (Buffer.isBuffer(signature)) made.push(signature)
      else await signature
    }
    expect(made.map((signature) => signature.length)).toEqual([64, 64])
    expect(made[0]).not.toEqual(made[1])
  })

  it('does not try a PIN twice that was refused, also where another told so', async () => {
    await initSoftHsmToken(places.token('near-guarded'))
    let pin = '000000'
    const guarded = tokenOf('near-guarded', () => Promise.resolve(pin))
    expect(await failureOf(guarded.open())).toBe('pin-wrong')
    const { refusedPin } = guarded
    // Now it would be the right one: that it is refused shows that it is not tried.
    const right = await pinOf('near-guarded')
    await setPin('near-guarded', '000000')
    expect(await failureOf(guarded.open())).toBe('pin-wrong')
    const later = new Token({
      libraryPath,
      tokenLabel: 'near-guarded',
      sessions: 1,
      salt: 'test',
      refusedPin,
      readPin: () => Promise.resolve(pin),
    })
    expect(await failureOf(later.open())).toBe('pin-wrong')
    await setPin('near-guarded', right)
    pin = right
    expect(await failureOf(guarded.open())).toBe('ok')
    for (const one of [guarded, later]) one.close()
  })

  const setPin = async (label: string, pin: string): Promise<void> => {
    const soPin = readFileSync(places.token(label).soPinFile, 'utf8').trim()
    await withModule((cryptoki) => {
      const slot = findTokenSlot(cryptoki, label) as Buffer
      const session = cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
      cryptoki.C_Login(session, pkcs11js.CKU_SO, soPin)
      cryptoki.C_InitPIN(session, pin)
      cryptoki.C_Logout(session)
      cryptoki.C_CloseSession(session)
    })
  }

  it('finishes a token that was begun and left without a user PIN', async () => {
    const begun = places.token('begun')
    await writeFile(begun.soPinFile, 'so-pin-of-the-test\n', { mode: 0o600 })
    await withModule((cryptoki) => {
      const empty = cryptoki
        .C_GetSlotList(true)
        .find((slot) => (cryptoki.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) === 0)
      cryptoki.C_InitToken(empty as Buffer, 'so-pin-of-the-test', padTokenLabel('begun'))
    })
    expect(await initSoftHsmToken(begun)).toBe('made')
    const opened = tokenOf('begun')
    expect((await opened.open()).ways).toContain('ecdsa')
    opened.close()
  })
})
