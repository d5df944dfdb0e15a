import { AppError } from '../../shared/contract/errors.ts'
import { signatureAlgorithmFor, type ExternalSigner } from '../../shared/pki/index.ts'
import { keyStoreConfig, type KeyStoreConfig } from './config.ts'
import { Pkcs11KeyStore } from './pkcs11/key-store.ts'
import { prepareSoftHsm } from './pkcs11/softhsm.ts'
import type { KeyStore, Signer } from './signer.ts'
import { openSoftwareKeyStore } from './software/key-store.ts'

/** Opens the store the configuration names and logs in. Throws CONFIG_INVALID, HSM_UNAVAILABLE (detail.reason). */
export async function openKeyStore(config: KeyStoreConfig): Promise<KeyStore> {
  const parsed = keyStoreConfig.safeParse(config)
  if (!parsed.success) throw new AppError('CONFIG_INVALID', { section: 'keyStore' }, { cause: parsed.error })
  if (parsed.data.kind === 'software') return openSoftwareKeyStore(parsed.data)
  if (parsed.data.softHsmTokenDir !== undefined) await prepareSoftHsm(parsed.data.softHsmTokenDir)
  const store = new Pkcs11KeyStore(parsed.data)
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A key of the store as what `shared/pki` signs with. */
export const toExternalSigner = (signer: Signer): ExternalSigner => ({
  algorithm: signatureAlgorithmFor(signer.algorithm),
  sign: (data) => signer.sign(data),
})
