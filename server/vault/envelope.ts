import { createCipheriv, createDecipheriv } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import { canonicalBytes } from '../../shared/audit/jcs.ts'
import type { KeyStore } from '../hsm/signer.ts'

export const WRAPPING_KEY = 'vault'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** What a sealed code belongs to. Bound as additional data: a row moved to another owner no longer opens. */
export interface EnvelopeOwner {
  readonly id: string
  readonly kind: string
  readonly ownerKind: string
  readonly ownerId: string
  readonly tenant: string
}
export interface Envelope {
  readonly wrappedDataKey: Uint8Array
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

const binding = (o: EnvelopeOwner): Uint8Array =>
  canonicalBytes(['countersign/code/v1', o.tenant, o.ownerKind, o.ownerId, o.kind, o.id])

/** AES-256-GCM (NIST SP 800-38D) under a fresh data key, which is wrapped by a key that never leaves the key store. */
export const sealCode = async (keys: KeyStore, owner: EnvelopeOwner, code: string): Promise<Envelope> => {
  const dataKey = await keys.random(KEY_BYTES)
  try {
    const nonce = await keys.random(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', dataKey, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(binding(owner))
    const ciphertext = Buffer.concat([cipher.update(code, 'utf8'), cipher.final()])
    const wrappedDataKey = await keys.wrap(WRAPPING_KEY, dataKey)
    return { wrappedDataKey, nonce, ciphertext, tag: cipher.getAuthTag() }
  } finally {
    dataKey.fill(0)
  }
}

/** Opens an envelope. Throws VAULT_UNAVAILABLE (`altered`) when it, its row or its owner was changed; HSM_UNAVAILABLE. */
export const openCode = async (keys: KeyStore, owner: EnvelopeOwner, envelope: Envelope): Promise<string> => {
  const dataKey = await keys.unwrap(WRAPPING_KEY, envelope.wrappedDataKey).catch((cause: unknown) => {
    if (cause instanceof AppError && cause.code === 'SEALED_INVALID')
      throw new AppError('VAULT_UNAVAILABLE', { reason: 'altered' }, { cause })
    throw cause
  })
  try {
    const decipher = createDecipheriv('aes-256-gcm', dataKey, envelope.nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(binding(owner))
    decipher.setAuthTag(envelope.tag)
    return decipher.update(envelope.ciphertext, undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw new AppError('VAULT_UNAVAILABLE', { reason: 'altered' }, { cause })
  } finally {
    dataKey.fill(0)
  }
}
