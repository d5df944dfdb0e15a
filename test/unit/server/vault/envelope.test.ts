import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initSoftwareStore, openKeyStore, type KeyStore } from '../../../../server/hsm/index.ts'
import { openCode, sealCode, WRAPPING_KEY, type Envelope } from '../../../../server/vault/envelope.ts'

let folder: string
let keys: KeyStore
const owner = { id: 'code_1', kind: 'puk', ownerKind: 'card', ownerId: 'AA01', tenant: 'tenant_1' }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-vault-'))
  const place = { folder: join(folder, 'keys'), passphraseFile: join(folder, 'passphrase') }
  await initSoftwareStore(place)
  keys = await openKeyStore({ kind: 'software', ...place })
  await keys.ensureWrappingKey(WRAPPING_KEY)
})
afterAll(async () => {
  await keys.close()
  rmSync(folder, { recursive: true, force: true })
})

const flip = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (octet, at) => (at === 0 ? octet ^ 1 : octet))

describe('when a code is sealed', () => {
  it('opens for its owner, and never looks the same twice', async () => {
    const one = await sealCode(keys, owner, '31415926')
    const two = await sealCode(keys, owner, '31415926')
    expect(await openCode(keys, owner, one)).toBe('31415926')
    expect(Buffer.from(one.ciphertext).equals(two.ciphertext)).toBe(false)
  })

  it.each(['id', 'kind', 'ownerKind', 'ownerId', 'tenant'] as const)('refuses another %s', async (member) => {
    const sealed = await sealCode(keys, owner, '31415926')
    await expect(openCode(keys, { ...owner, [member]: 'other' }, sealed)).rejects.toMatchObject({
      code: 'VAULT_UNAVAILABLE',
      detail: { reason: 'altered' },
    })
  })

  it.each(['wrappedDataKey', 'nonce', 'ciphertext', 'tag'] as const)('refuses an altered %s', async (part) => {
    const sealed = await sealCode(keys, owner, '31415926')
    const altered: Envelope = { ...sealed, [part]: flip(sealed[part]) }
    await expect(openCode(keys, owner, altered)).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' })
  })
})
