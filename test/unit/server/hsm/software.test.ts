import { chmod, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initSoftwareStore, openKeyStore, type KeyStore } from '../../../../server/hsm/index.ts'
import { failureOf, temporaryFolder } from './folders.ts'
import { keyStoreSuite } from './key-store-suite.ts'

const root = await temporaryFolder()
const place = (name: string) => ({ folder: join(root.path, name), passphraseFile: join(root.path, `${name}.pass`) })
const open = (name: string) => openKeyStore({ kind: 'software', ...place(name) })
let store: KeyStore

beforeAll(async () => {
  await initSoftwareStore(place('keys'))
  store = await open('keys')
})
afterAll(async () => {
  await store.close()
  await root.remove()
})

describe('when keys are kept in files', () => {
  keyStoreSuite(
    () => store,
    () => open('keys'),
  )

  it('leaves owner-only files that show no key', async () => {
    const { folder } = place('keys')
    await store.generate('shown', 'ecdsa-p256')
    for (const name of await readdir(folder)) {
      expect(((await stat(join(folder, name))).mode & 0o077).toString(8)).toBe('0')
      expect(name.endsWith('.part')).toBe(false)
      const text = await readFile(join(folder, name), 'latin1')
      expect(text).not.toContain('PRIVATE')
    }
  })

  it('keeps its keys when it is initialised again', async () => {
    const before = (await store.generate('stays', 'ecdsa-p256')).publicKeySpki()
    await initSoftwareStore(place('keys'))
    const again = await open('keys')
    expect((await again.signer('stays')).publicKeySpki()).toEqual(before)
    await again.close()
  })

  it('refuses a key file put under another name', async () => {
    await initSoftwareStore(place('swap'))
    const swap = await open('swap')
    await swap.generate('a', 'ecdsa-p256')
    await rename(join(place('swap').folder, 'a.key.json'), join(place('swap').folder, 'b.key.json'))
    expect(await failureOf(swap.signer('b'))).toBe('device')
    expect(await failureOf(swap.signer('a'))).toBe('HSM_KEY_NOT_FOUND')
    await writeFile(join(place('swap').folder, 'a.key.json'), '{"half', { mode: 0o600 })
    expect(await failureOf(swap.signer('a'))).toBe('device')
    await swap.close()
  })
})

describe('when a store cannot be opened', () => {
  it.each<[string, string, (name: string) => Promise<void>]>([
    ['nothing made yet', 'store-missing', async () => {}],
    [
      'passphrase of another',
      'passphrase-wrong',
      async (name) => {
        await initSoftwareStore(place(name))
        await writeFile(place(name).passphraseFile, 'another\n')
      },
    ],
    [
      'empty passphrase',
      'passphrase-missing',
      async (name) => {
        await initSoftwareStore(place(name))
        await writeFile(place(name).passphraseFile, '\n')
      },
    ],
    [
      'passphrase others may read',
      'file-unsafe',
      async (name) => {
        await initSoftwareStore(place(name))
        await chmod(place(name).passphraseFile, 0o644)
      },
    ],
    [
      'folder others may enter',
      'folder-unsafe',
      async (name) => {
        await initSoftwareStore(place(name))
        await chmod(place(name).folder, 0o755)
      },
    ],
    [
      'broken header',
      'device',
      async (name) => {
        await initSoftwareStore(place(name))
        await writeFile(join(place(name).folder, 'store.json'), '{}')
      },
    ],
  ])('says why: %s', async (title, reason, prepare) => {
    const name = title.replaceAll(' ', '-')
    await prepare(name)
    expect(await failureOf(open(name))).toBe(reason)
  })

  it('refuses a configuration with an unknown key', async () => {
    const config = { kind: 'software', ...place('keys'), passphrase: 'x' } as const
    expect(await failureOf(openKeyStore(config))).toBe('CONFIG_INVALID')
  })
})
