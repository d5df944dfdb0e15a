import pkcs11js from 'pkcs11js'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findSoftHsmLibrary, initSoftHsmToken, openKeyStore, type KeyStore } from '../../../../server/hsm/index.ts'
import { acquireModule, findTokenSlot, padTokenLabel, releaseModule } from '../../../../server/hsm/pkcs11/module.ts'
import { failureOf, softHsmOrReason, temporaryFolder } from './folders.ts'
import { keyStoreSuite } from './key-store-suite.ts'

const libraryPath = softHsmOrReason()
const root = await temporaryFolder()
afterAll(() => root.remove())

const token = (label: string) => ({
  libraryPath: libraryPath ?? '',
  tokenDir: join(root.path, 'tokens'),
  label,
  pinFile: join(root.path, `${label}.pin`),
  soPinFile: join(root.path, `${label}.so-pin`),
})
const configOf = (label: string) => ({
  kind: 'hsm' as const,
  libraryPath: libraryPath ?? '',
  tokenLabel: label,
  pinFile: token(label).pinFile,
  softHsmTokenDir: token(label).tokenDir,
})

describe.skipIf(!libraryPath)('when keys are kept in SoftHSM2', () => {
  let store: KeyStore
  beforeAll(async () => {
    expect(await initSoftHsmToken(token('main'))).toBe('made')
    store = await openKeyStore(configOf('main'))
  })
  afterAll(() => store.close())

  keyStoreSuite(
    () => store,
    () => openKeyStore(configOf('main')),
  )

  it('finds the token made before and keeps its PINs', async () => {
    const before = await readFile(token('main').pinFile, 'utf8')
    expect(await initSoftHsmToken(token('main'))).toBe('existing')
    expect(await readFile(token('main').pinFile, 'utf8')).toBe(before)
    expect((await stat(token('main').pinFile)).mode & 0o077).toBe(0)
  })

  it('does not let a key out', async () => {
    await store.generate('inside', 'ecdsa-p256')
    const cryptoki = acquireModule(libraryPath ?? '')
    try {
      const slot = findTokenSlot(cryptoki, 'main')
      const session = cryptoki.C_OpenSession(slot as Buffer, pkcs11js.CKF_SERIAL_SESSION)
      cryptoki.C_FindObjectsInit(session, [
        { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
        { type: pkcs11js.CKA_LABEL, value: 'inside' },
      ])
      const [key] = cryptoki.C_FindObjects(session, 1)
      cryptoki.C_FindObjectsFinal(session)
      expect(key).toBeDefined()
      expect(() => cryptoki.C_GetAttributeValue(session, key as Buffer, [{ type: pkcs11js.CKA_VALUE }])).toThrow(
        /SENSITIVE/,
      )
      cryptoki.C_CloseSession(session)
    } finally {
      releaseModule(libraryPath ?? '')
    }
  })

  it('goes on after its sessions were closed under it', async () => {
    const signer = await store.generate('survivor', 'ecdsa-p256')
    const cryptoki = acquireModule(libraryPath ?? '')
    try {
      for (let i = 0; i < 3; i++) {
        cryptoki.C_CloseAllSessions(findTokenSlot(cryptoki, 'main') as Buffer)
        expect((await signer.sign(Uint8Array.of(i))).length).toBeGreaterThan(60)
      }
    } finally {
      releaseModule(libraryPath ?? '')
    }
  })

  it('goes on after it was logged out', async () => {
    const signer = await store.generate('logged-out', 'rsa-2048')
    const cryptoki = acquireModule(libraryPath ?? '')
    try {
      const session = cryptoki.C_OpenSession(findTokenSlot(cryptoki, 'main') as Buffer, pkcs11js.CKF_SERIAL_SESSION)
      cryptoki.C_Logout(session)
      cryptoki.C_CloseSession(session)
      expect(await signer.sign(Uint8Array.of(1))).toHaveLength(256)
    } finally {
      releaseModule(libraryPath ?? '')
    }
  })

  it('finishes a token that was begun and left without a user PIN', async () => {
    const begun = token('begun')
    await writeFile(begun.soPinFile, 'so-pin-of-the-test\n', { mode: 0o600 })
    const cryptoki = acquireModule(begun.libraryPath)
    const empty = cryptoki
      .C_GetSlotList(true)
      .find((slot) => (cryptoki.C_GetTokenInfo(slot).flags & pkcs11js.CKF_TOKEN_INITIALIZED) === 0)
    cryptoki.C_InitToken(empty as Buffer, 'so-pin-of-the-test', padTokenLabel('begun'))
    releaseModule(begun.libraryPath)
    expect(await initSoftHsmToken(begun)).toBe('made')
    const opened = await openKeyStore(configOf('begun'))
    expect(await opened.check()).toEqual({ ok: true })
    await opened.close()
  })

  it('says why it cannot serve', async () => {
    const wrong = join(root.path, 'wrong.pin')
    await writeFile(wrong, '000000\n', { mode: 0o600 })
    const base = configOf('main')
    await initSoftHsmToken(token('guarded'))
    const guarded = configOf('guarded')
    expect(await failureOf(openKeyStore({ ...guarded, pinFile: wrong }))).toBe('pin-wrong')
    expect(await failureOf(openKeyStore({ ...base, pinFile: join(root.path, 'none') }))).toBe('pin-missing')
    expect(await failureOf(openKeyStore({ ...base, tokenLabel: 'none' }))).toBe('token-missing')
    await chmod(wrong, 0o644)
    expect(await failureOf(openKeyStore({ ...base, pinFile: wrong }))).toBe('file-unsafe')
  })
})

describe('when there is no library', () => {
  it('says so', async () => {
    const pinFile = join(root.path, 'any.pin')
    await writeFile(pinFile, '1234\n', { mode: 0o600 })
    const config = { kind: 'hsm', libraryPath: join(root.path, 'none.so'), tokenLabel: 'x', pinFile } as const
    expect(await failureOf(openKeyStore(config))).toBe('library-missing')
    await writeFile(join(root.path, 'broken.so'), 'no library')
    expect(await failureOf(openKeyStore({ ...config, libraryPath: join(root.path, 'broken.so') }))).toBe(
      'library-missing',
    )
  })

  it('is found in the first place that has it, or nowhere', () => {
    expect(findSoftHsmLibrary([join(root.path, 'none.so'), import.meta.filename])).toBe(import.meta.filename)
    expect(findSoftHsmLibrary([])).toBeNull()
  })
})
