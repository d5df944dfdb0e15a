export { keyStoreConfig, type KeyStoreConfig } from './config.ts'
export type { HsmReason } from './failure.ts'
export { MixedRandom, type NonceSource } from './mixed-random.ts'
export { openKeyStore, toExternalSigner, type AskPin, type KeyStoreOptions } from './open.ts'
export { findSoftHsmLibrary, initSoftHsmToken, prepareSoftHsm, type SoftHsmToken } from './pkcs11/softhsm.ts'
export type {
  KeyAlgorithm,
  KeyEntry,
  KeyStore,
  KeyStoreHealth,
  KeyStoreKind,
  SignatureAlgorithm,
  Signer,
} from './signer.ts'
export { initSoftwareStore } from './software/key-store.ts'
