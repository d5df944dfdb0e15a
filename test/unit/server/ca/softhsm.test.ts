import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { initInternalCa, openInternalCa } from '../../../../server/ca/index.ts'
import { initSoftHsmToken, openKeyStore } from '../../../../server/hsm/index.ts'
import { MemoryCaStore } from '../../../fakes/ca-store.ts'
import { softHsmOrReason, temporaryFolder } from '../hsm/folders.ts'
import { CONFIG, newCsr, pathOf, START } from './desk.ts'

const libraryPath = softHsmOrReason() ?? ''
const root = await temporaryFolder()
afterAll(() => root.remove())

describe.skipIf(libraryPath === '').each(['ecdsa-p384', 'rsa-3072'] as const)(
  'when the keys of the CA are in SoftHSM2 (%s)',
  (keyAlgorithm) => {
    it('issues and revokes, also after a restart', async () => {
      const pinFile = join(root.path, `${keyAlgorithm}.pin`)
      const place = { libraryPath, tokenDir: join(root.path, 'tokens'), pinFile }
      await initSoftHsmToken({ ...place, label: keyAlgorithm, soPinFile: join(root.path, 'so') })
      const open = () =>
        openKeyStore({ kind: 'hsm', libraryPath, tokenLabel: keyAlgorithm, pinFile, softHsmTokenDir: place.tokenDir })
      const config = { ...CONFIG, keyAlgorithm }
      const store = new MemoryCaStore()
      const first = await open()
      expect(await initInternalCa({ config, keyStore: first, store, now: () => START })).toBe('made')
      await first.close()

      const keyStore = await open()
      const ca = await openInternalCa({ config, keyStore, store, now: () => START })
      const subject = { commonName: 'Anna' }
      const { der, serial } = await ca.issue({ profile: 'operator', csr: await newCsr(), subject, idempotencyKey: 'a' })
      expect(await pathOf(ca, der, START)).toHaveLength(3)
      await ca.revoke(serial, 'keyCompromise')
      await expect(pathOf(ca, der, START)).rejects.toMatchObject({ reason: 'revoked' })
      await keyStore.close()
    })
  },
)
