import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findSoftHsmLibrary, initSoftHsmToken, openKeyStore, type KeyStore } from '../../../../server/hsm/index.ts'
import { failureOf, temporaryFolder } from './folders.ts'
import { keyStoreSuite } from './key-store-suite.ts'
import { libraryPath, tokensIn } from './softhsm-token.ts'

const root = await temporaryFolder()
afterAll(() => root.remove())
const { token, configOf } = tokensIn(root.path)

describe.skipIf(libraryPath === '')('when keys are kept in SoftHSM2', () => {
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

  it('finds the token by its serial number, and none where label and serial are of two', async () => {
    const serial = /serial ([0-9a-f]+) /.exec(store.description)?.[1] ?? ''
    const { tokenLabel: _label, ...unnamed } = configOf('main')
    const bySerial = await openKeyStore({ ...unnamed, tokenSerial: serial })
    expect(bySerial.description).toBe(store.description)
    await bySerial.close()
    expect(await failureOf(openKeyStore({ ...configOf('other'), tokenSerial: serial }))).toBe('pin-missing')
    await writeFile(token('other').pinFile, '1234\n', { mode: 0o600 })
    expect(await failureOf(openKeyStore({ ...configOf('other'), tokenSerial: serial }))).toBe('token-missing')
    expect(await failureOf(openKeyStore(unnamed))).toBe('CONFIG_INVALID')
  })

  it('takes the PIN from who is asked for it, and wipes it at the end', async () => {
    const pin = Buffer.from((await readFile(token('main').pinFile, 'utf8')).trim())
    const { pinFile: _file, ...asking } = configOf('main')
    const asked: string[] = []
    const prompted = await openKeyStore(asking, {
      ask: (question) => {
        asked.push(question)
        return Promise.resolve(pin)
      },
    })
    expect(asked).toEqual(['PIN of the token "main": '])
    expect(await prompted.check()).toEqual({ ok: true })
    await prompted.close()
    expect(pin.every((octet) => octet === 0)).toBe(true)
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
    expect(await failureOf(openKeyStore({ ...base, softHsmTokenDir: join(root.path, 'none') }))).toBe('token-missing')
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
