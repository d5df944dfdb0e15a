import pkcs11js, { type Handle } from 'pkcs11js'
import { AppError } from '../../../shared/contract/errors.ts'
import type { HsmConfig } from '../config.ts'
import { parseDataKey, parseLabel, parseRandomLength } from '../label.ts'
import type { KeyAlgorithm, KeyStore, KeyStoreHealth, Signer } from '../signer.ts'
import { codeOf } from './ck-error.ts'
import { keyPairRecipe, readPublicKey, signInside, wrappingKeyTemplate } from './key-types.ts'
import { SessionPool, type Session } from './session-pool.ts'

/** Version, then a 12-octet nonce made by the token, then AES-256-GCM ciphertext and tag (NIST SP 800-38D). */
const WRAPPED_VERSION = 1
const NONCE_OCTETS = 12
const TAG_OCTETS = 16

/**
 * Keys in a PKCS#11 token. Opening reads nothing yet; `ready` logs in. The PIN is read from its file at each login and
 * kept nowhere (the string handed to the module cannot be wiped in JavaScript).
 */
export class Pkcs11KeyStore implements KeyStore {
  readonly kind = 'hsm'
  readonly description: string
  readonly #pool: SessionPool
  /** Handles by class and label; they are good as long as the login is. */
  readonly #handles = new Map<string, Handle>()
  #making: Promise<unknown> = Promise.resolve()

  constructor(config: HsmConfig) {
    this.description = `PKCS#11 token "${config.tokenLabel}" (${config.libraryPath})`
    this.#pool = new SessionPool(config, () => this.#handles.clear())
  }

  /** Logs in, so that a wrong PIN shows at the start and not at the first signature. */
  ready(): Promise<void> {
    return this.#pool.ready()
  }

  async signer(label: string): Promise<Signer> {
    parseLabel(label)
    const { spki, algorithm } = await this.#pool.run((session) => {
      this.#find(session, pkcs11js.CKO_PRIVATE_KEY, label)
      return readPublicKey(session, this.#find(session, pkcs11js.CKO_PUBLIC_KEY, label))
    })
    return {
      label,
      algorithm,
      kind: 'hsm',
      publicKeySpki: () => new Uint8Array(spki),
      sign: (data) =>
        this.#pool.run((session) =>
          signInside(session, this.#find(session, pkcs11js.CKO_PRIVATE_KEY, label), algorithm, data),
        ),
    }
  }

  async generate(label: string, algorithm: KeyAlgorithm): Promise<Signer> {
    parseLabel(label)
    await this.#oneAtATime(() =>
      this.#pool.run(async (session) => {
        if (this.#count(session, pkcs11js.CKO_PRIVATE_KEY, label) > 0) {
          throw new AppError('REQUEST_CONFLICT', { label })
        }
        const { mechanism, publicTemplate, privateTemplate } = keyPairRecipe(label, algorithm)
        const { cryptoki, handle } = session
        await cryptoki.C_GenerateKeyPairAsync(handle, mechanism, publicTemplate, privateTemplate)
      }),
    )
    return this.signer(label)
  }

  async has(label: string): Promise<boolean> {
    parseLabel(label)
    return this.#pool.run((session) => this.#count(session, pkcs11js.CKO_PRIVATE_KEY, label) > 0)
  }

  async random(bytes: number): Promise<Uint8Array> {
    const buffer = Buffer.alloc(parseRandomLength(bytes))
    return this.#pool.run(({ cryptoki, handle }) => new Uint8Array(cryptoki.C_GenerateRandom(handle, buffer)))
  }

  async ensureWrappingKey(label: string): Promise<void> {
    parseLabel(label)
    await this.#oneAtATime(() =>
      this.#pool.run(async (session) => {
        if (this.#count(session, pkcs11js.CKO_SECRET_KEY, label) > 0) return
        const mechanism = { mechanism: pkcs11js.CKM_AES_KEY_GEN }
        await session.cryptoki.C_GenerateKeyAsync(session.handle, mechanism, wrappingKeyTemplate(label))
      }),
    )
  }

  async wrap(label: string, dataKey: Uint8Array): Promise<Uint8Array> {
    parseLabel(label)
    parseDataKey(dataKey)
    const nonce = Buffer.from(await this.random(NONCE_OCTETS))
    const input = Buffer.from(dataKey)
    try {
      const sealed = await this.#pool.run((session) => {
        const { cryptoki, handle } = session
        const key = this.#find(session, pkcs11js.CKO_SECRET_KEY, label)
        cryptoki.C_EncryptInit(handle, gcm(nonce, label), key)
        return cryptoki.C_EncryptAsync(handle, input, Buffer.alloc(input.length + 2 * TAG_OCTETS))
      })
      return new Uint8Array(Buffer.concat([Buffer.from([WRAPPED_VERSION]), nonce, sealed]))
    } finally {
      input.fill(0)
    }
  }

  async unwrap(label: string, wrapped: Uint8Array): Promise<Uint8Array> {
    parseLabel(label)
    if (wrapped[0] !== WRAPPED_VERSION || wrapped.length < 1 + NONCE_OCTETS + TAG_OCTETS + 16 || wrapped.length > 128) {
      throw new AppError('SEALED_INVALID', { label })
    }
    const nonce = Buffer.from(wrapped.subarray(1, 1 + NONCE_OCTETS))
    const input = Buffer.from(wrapped.subarray(1 + NONCE_OCTETS))
    const output = Buffer.alloc(input.length + TAG_OCTETS)
    try {
      return await this.#pool.run(async (session) => {
        const { cryptoki, handle } = session
        const key = this.#find(session, pkcs11js.CKO_SECRET_KEY, label)
        cryptoki.C_DecryptInit(handle, gcm(nonce, label), key)
        try {
          return new Uint8Array(await cryptoki.C_DecryptAsync(handle, input, output))
        } catch (error) {
          throw isForged(error) ? new AppError('SEALED_INVALID', { label }, { cause: error }) : error
        }
      })
    } finally {
      output.fill(0)
    }
  }

  async check(): Promise<KeyStoreHealth> {
    try {
      await this.random(8)
      return { ok: true }
    } catch (error) {
      return { ok: false, code: error instanceof AppError ? error.code : 'INTERNAL' }
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #find(session: Session, objectClass: number, label: string): Handle {
    const name = `${objectClass} ${label}`
    const known = this.#handles.get(name)
    if (known) return known
    const [first, second] = search(session, objectClass, label)
    // Two keys of one name: whichever was taken, half of all signatures would be by the wrong one.
    if (!first || second) throw new AppError('HSM_KEY_NOT_FOUND', { label, found: second ? 2 : 0 })
    this.#handles.set(name, first)
    return first
  }

  #count(session: Session, objectClass: number, label: string): number {
    return search(session, objectClass, label).length
  }

  /** Look and make are two calls of the module; within this process nothing comes between them. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#making.then(work)
    this.#making = result.catch(() => undefined)
    return result
  }
}

/** The label is bound in, so that a sealed key cannot be moved under another wrapping key's name. */
function gcm(nonce: Buffer, label: string): { mechanism: number; parameter: pkcs11js.AesGCM } {
  const aad = Buffer.from(`countersign-wrap/1:${label}`)
  const parameter = { type: pkcs11js.CK_PARAMS_AES_GCM, iv: nonce, ivBits: 96, aad, tagBits: TAG_OCTETS * 8 }
  return { mechanism: pkcs11js.CKM_AES_GCM, parameter }
}

/** SoftHSM2 says GENERAL_ERROR where the tag does not fit, others what the standard says. */
function isForged(error: unknown): boolean {
  const code = codeOf(error)
  return (
    code === pkcs11js.CKR_GENERAL_ERROR ||
    code === pkcs11js.CKR_ENCRYPTED_DATA_INVALID ||
    code === pkcs11js.CKR_ENCRYPTED_DATA_LEN_RANGE
  )
}

function search({ cryptoki, handle }: Session, objectClass: number, label: string): Handle[] {
  cryptoki.C_FindObjectsInit(handle, [
    { type: pkcs11js.CKA_CLASS, value: objectClass },
    { type: pkcs11js.CKA_LABEL, value: label },
  ])
  try {
    return cryptoki.C_FindObjects(handle, 2)
  } finally {
    cryptoki.C_FindObjectsFinal(handle)
  }
}
