import { AppError } from '../../shared/contract/errors.ts'
import { signatureAlgorithmFor, type ExternalSigner, type SignatureAlgorithm } from '../../shared/pki/index.ts'
import { keyStoreConfig, type HsmConfig, type KeyStoreConfig } from './config.ts'
import { unsupported } from './failure.ts'
import { askPin } from './pin-prompt.ts'
import { softHsmEnvironment } from './pkcs11/softhsm.ts'
import { Pkcs11KeyStore } from './process/key-store.ts'
import type { ProcessTrouble } from './process/token-process.ts'
import type { KeyStore, Signer } from './signer.ts'
import { openSoftwareKeyStore } from './software/key-store.ts'

/** How a PIN is asked for that lies in no file: gives its octets, which are wiped with the store. */
export type AskPin = (question: string) => Promise<Buffer>

export interface KeyStoreOptions {
  readonly ask?: AskPin
  /** What befell a module's process, for the log. */
  readonly onTrouble?: (trouble: ProcessTrouble) => void
}

/** Opens the store the configuration names and logs in. Throws CONFIG_INVALID, HSM_UNAVAILABLE (detail.reason). */
export async function openKeyStore(config: KeyStoreConfig, options: KeyStoreOptions = {}): Promise<KeyStore> {
  const parsed = keyStoreConfig.safeParse(config)
  if (!parsed.success) throw new AppError('CONFIG_INVALID', { section: 'keyStore' }, { cause: parsed.error })
  if (parsed.data.kind === 'software') return openSoftwareKeyStore(parsed.data)
  return openPkcs11KeyStore(parsed.data, options)
}

/** Starts the process that holds the module and logs in there. */
export async function openPkcs11KeyStore(
  config: HsmConfig,
  { ask = askPin, onTrouble }: KeyStoreOptions = {},
): Promise<Pkcs11KeyStore> {
  const env = config.softHsmTokenDir === undefined ? {} : await softHsmEnvironment(config.softHsmTokenDir)
  const token = config.tokenLabel ?? config.tokenSerial ?? ''
  const pin = config.pinFile === undefined ? await ask(`PIN of the token "${token}": `) : null
  const store = new Pkcs11KeyStore({ config, pin, env, ...(onTrouble ? { onTrouble } : {}) })
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/**
 * A key of the store as what `shared/pki` signs with; `algorithm` where it is not to be the key's usual one. A key in an
 * HSM answers for itself (`provenSpki`): its first signature after each login and a sample of all others are verified
 * against it. Throws HSM_ALGORITHM_UNSUPPORTED.
 */
export const toExternalSigner = (signer: Signer, algorithm?: SignatureAlgorithm): ExternalSigner => {
  const chosen = algorithm ?? signatureAlgorithmFor(signer.algorithm)
  if (!signer.signatures.includes(chosen)) throw unsupported(chosen, signer.label)
  return {
    algorithm: chosen,
    ...(signer.kind === 'hsm' ? { provenSpki: signer.publicKeySpki() } : {}),
    sign: (data) => signer.sign(data, chosen),
  }
}
