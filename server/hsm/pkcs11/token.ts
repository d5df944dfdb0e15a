import pkcs11js, { type Handle } from 'pkcs11js'
import { AppError } from '../../../shared/contract/errors.ts'
import type { KeyAlgorithm } from '../../../shared/pki/index.ts'
import { unavailable, unsupported } from '../failure.ts'
import { codeOf } from './ck-error.ts'
import { describeKey, listKeys, nameTemplate, search, type KeyObject } from './objects.ts'
import {
  keyPairRecipe,
  makingMechanism,
  SIGN_MECHANISMS,
  SIGN_WAYS,
  wrappingKeyTemplate,
  type SignWay,
} from './recipes.ts'
import { Paces } from './paces.ts'
import { SessionPool, type PoolConfig, type Session } from './session-pool.ts'

/** Version, then a 12-octet nonce made by the token, then AES-256-GCM ciphertext and tag (NIST SP 800-38D). */
const WRAPPED_VERSION = 1
const NONCE_OCTETS = 12
const TAG_OCTETS = 16
/** An RSA-4096 signature, and room for modules that ask for more than they give. */
const SIGNATURE_OCTETS = 1024

export interface TokenInfo {
  readonly label: string
  readonly serial: string
  readonly model: string
  /** What the module can sign with. */
  readonly ways: readonly SignWay[]
}

/**
 * A PKCS#11 token, in the process that loaded its module. Every call may block or crash that process: nothing of the
 * server runs in it. Names are those of `label.ts`, checked by the caller.
 */
export class Token {
  readonly #pool: SessionPool
  /** Handles by class and name; they are good as long as the login is. */
  readonly #handles = new Map<string, Handle>()
  readonly #paces = new Paces()
  /** Of the signature that is made in this thread: one at a time. */
  readonly #output = Buffer.alloc(SIGNATURE_OCTETS)
  #mechanisms: ReadonlySet<number> | null = null
  #making: Promise<unknown> = Promise.resolve()

  constructor(config: PoolConfig, onLogin: () => void = () => undefined) {
    this.#pool = new SessionPool(config, () => {
      this.#handles.clear()
      onLogin()
    })
  }

  get refusedPin(): string | null {
    return this.#pool.refusedPin
  }

  /** Logs in. Throws HSM_UNAVAILABLE. */
  async open(): Promise<TokenInfo> {
    const { cryptoki } = await this.#pool.ready()
    const { label, serialNumber, model } = cryptoki.C_GetTokenInfo(this.#pool.slot)
    const mechanisms = new Set(cryptoki.C_GetMechanismList(this.#pool.slot))
    this.#mechanisms = mechanisms
    const ways = SIGN_WAYS.filter((way) => mechanisms.has(SIGN_MECHANISMS[way].mechanism))
    const text = (padded: string): string => padded.replace(/[\0 ]+$/, '')
    return { label: text(label), serial: text(serialNumber), model: text(model), ways }
  }

  /** `input` is what the mechanism takes: a digest, DigestInfo (RSA) or the message (EdDSA). */
  sign(name: string, way: SignWay, input: Buffer): Buffer | Promise<Buffer> {
    return this.#pool.begin((session) => {
      const { cryptoki, handle } = session
      cryptoki.C_SignInit(handle, SIGN_MECHANISMS[way], this.#find(session, pkcs11js.CKO_PRIVATE_KEY, name))
      return this.#paces.run(`${way} ${name}`, {
        here: () => Buffer.from(cryptoki.C_Sign(handle, input, this.#output)),
        aside: () => cryptoki.C_SignAsync(handle, input, Buffer.allocUnsafe(SIGNATURE_OCTETS)),
      })
    })
  }

  /** Throws HSM_KEY_NOT_FOUND. */
  describe(name: string): Promise<KeyObject> {
    return this.#pool.run((session) =>
      describeKey(session, this.#find(session, pkcs11js.CKO_PRIVATE_KEY, name), 'private'),
    )
  }

  has(name: string): Promise<boolean> {
    return this.#pool.run((session) => this.#count(session, pkcs11js.CKO_PRIVATE_KEY, name) > 0)
  }

  list(): Promise<KeyObject[]> {
    return this.#pool.run((session) => {
      this.#verifyPresent(session)
      return listKeys(session)
    })
  }

  /** Throws REQUEST_CONFLICT, HSM_ALGORITHM_UNSUPPORTED. */
  async generate(label: string, algorithm: KeyAlgorithm): Promise<void> {
    if (!this.#mechanisms) await this.open()
    if (!this.#mechanisms?.has(makingMechanism(algorithm))) throw unsupported(algorithm, label)
    await this.#oneAtATime(() =>
      this.#pool.run(async (session) => {
        if (this.#count(session, pkcs11js.CKO_PRIVATE_KEY, label) > 0) throw new AppError('REQUEST_CONFLICT', { label })
        const { mechanism, publicTemplate, privateTemplate } = keyPairRecipe(label, algorithm)
        const { cryptoki, handle } = session
        await cryptoki.C_GenerateKeyPairAsync(handle, mechanism, publicTemplate, privateTemplate).catch(refuseCurve)
      }),
    )
    function refuseCurve(error: unknown): never {
      const code = codeOf(error)
      const isRefused = code === pkcs11js.CKR_DOMAIN_PARAMS_INVALID || code === CKR_CURVE_NOT_SUPPORTED
      throw isRefused || code === pkcs11js.CKR_KEY_SIZE_RANGE ? unsupported(algorithm, label) : error
    }
  }

  random(bytes: number): Promise<Buffer> {
    return this.#pool.run(({ cryptoki, handle }) => cryptoki.C_GenerateRandom(handle, Buffer.alloc(bytes)))
  }

  async ensureWrappingKey(label: string): Promise<void> {
    await this.#oneAtATime(() =>
      this.#pool.run(async (session) => {
        if (this.#count(session, pkcs11js.CKO_SECRET_KEY, label) > 0) return
        const mechanism = { mechanism: pkcs11js.CKM_AES_KEY_GEN }
        await session.cryptoki.C_GenerateKeyAsync(session.handle, mechanism, wrappingKeyTemplate(label))
      }),
    )
  }

  wrap(label: string, dataKey: Buffer): Promise<Buffer> {
    return this.#pool.run(async (session) => {
      const { cryptoki, handle } = session
      const key = this.#find(session, pkcs11js.CKO_SECRET_KEY, label)
      const nonce = cryptoki.C_GenerateRandom(handle, Buffer.alloc(NONCE_OCTETS))
      cryptoki.C_EncryptInit(handle, gcm(nonce, label), key)
      const sealed = await cryptoki.C_EncryptAsync(handle, dataKey, Buffer.alloc(dataKey.length + 2 * TAG_OCTETS))
      return Buffer.concat([Buffer.from([WRAPPED_VERSION]), nonce, sealed])
    })
  }

  /** Throws SEALED_INVALID. The caller wipes what it gets. */
  async unwrap(label: string, wrapped: Buffer): Promise<Buffer> {
    if (wrapped[0] !== WRAPPED_VERSION || wrapped.length < 1 + NONCE_OCTETS + TAG_OCTETS + 16 || wrapped.length > 128) {
      throw new AppError('SEALED_INVALID', { label })
    }
    const nonce = wrapped.subarray(1, 1 + NONCE_OCTETS)
    const input = wrapped.subarray(1 + NONCE_OCTETS)
    const output = Buffer.alloc(input.length + TAG_OCTETS)
    try {
      return await this.#pool.run(async (session) => {
        const { cryptoki, handle } = session
        const key = this.#find(session, pkcs11js.CKO_SECRET_KEY, label)
        cryptoki.C_DecryptInit(handle, gcm(nonce, label), key)
        try {
          return Buffer.from(await cryptoki.C_DecryptAsync(handle, input, output))
        } catch (error) {
          throw isForged(error) ? new AppError('SEALED_INVALID', { label }, { cause: error }) : error
        }
      })
    } finally {
      output.fill(0)
    }
  }

  close(): void {
    this.#pool.close()
  }

  #find(session: Session, objectClass: number, name: string): Handle {
    const place = `${objectClass} ${name}`
    const known = this.#handles.get(place)
    if (known) return known
    const [first, second] = search(session, nameTemplate(objectClass, name))
    if (!first) this.#verifyPresent(session)
    // Two keys of one name: whichever was taken, half of all signatures would be by the wrong one.
    if (!first || second) throw new AppError('HSM_KEY_NOT_FOUND', { label: name, found: second ? 2 : 0 })
    this.#handles.set(place, first)
    return first
  }

  #count(session: Session, objectClass: number, name: string): number {
    const count = search(session, nameTemplate(objectClass, name)).length
    if (count === 0) this.#verifyPresent(session)
    return count
  }

  /** A token that was taken away shows nothing, which must not be told as a key that is not there. */
  #verifyPresent({ cryptoki }: Session): void {
    try {
      cryptoki.C_GetTokenInfo(this.#pool.slot)
    } catch (error) {
      throw codeOf(error) === null ? error : unavailable('token-missing', {}, error)
    }
  }

  /** Look and make are two calls of the module; within this process nothing comes between them. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#making.then(work)
    // Whoever asked has the failure; the next begins all the same.
    this.#making = result.catch(() => undefined)
    return result
  }
}

/** PKCS#11 3.0; pkcs11js does not name it. */
const CKR_CURVE_NOT_SUPPORTED = 0x140

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
