import { AppError } from '../../../shared/contract/errors.ts'
import { signatureAlgorithmsOf, verifySignature, type SignatureAlgorithm } from '../../../shared/pki/index.ts'
import { unavailable, unsupported } from '../failure.ts'
import { keyNameOf, parseDataKey, parseKeyName, parseLabel, parseRandomLength } from '../label.ts'
import type { KeyObject } from '../pkcs11/objects.ts'
import type { KeyAlgorithm, KeyEntry, KeyStore, KeyStoreHealth, Signer } from '../signer.ts'
import { packPair, packSign, unpackJson } from './protocol.ts'
import { readPublicKey, type PublicKey } from './public-key.ts'
import { inputOf, signatureOf, wayOf } from './signing.ts'
import { TokenProcess, type TokenProcessOptions } from './token-process.ts'

/** One of so many signatures is verified, and the first after each login: that handle is that key. */
const SAMPLED = 64

/** Which key a name stood for, and what is proved of it. One for each name: every signer of it counts together. */
interface Known extends PublicKey {
  /** Signatures until the next one is verified. */
  unproved: number
}

/** Keys in a PKCS#11 token, which a process of its own holds: see `token-process.ts` for what happens when it hangs. */
export class Pkcs11KeyStore implements KeyStore {
  readonly kind = 'hsm'
  readonly #process: TokenProcess
  readonly #config: TokenProcessOptions['config']
  readonly #known = new Map<string, Known>()

  constructor(options: TokenProcessOptions) {
    this.#config = options.config
    this.#process = new TokenProcess({ ...options, onLogin: () => this.#doubt() })
  }

  get description(): string {
    const { tokenLabel, tokenSerial, libraryPath } = this.#config
    const token = this.#process.info ?? { label: tokenLabel ?? '', serial: tokenSerial ?? '' }
    return `PKCS#11 token "${token.label}"${token.serial === '' ? '' : `, serial ${token.serial}`} (${libraryPath})`
  }

  /** The process that holds the module, while there is one. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Logs in, so that a wrong PIN shows at the start and not at the first signature. */
  ready(): Promise<void> {
    return this.#process.ready()
  }

  async signer(name: string): Promise<Signer> {
    parseKeyName(name)
    const object = unpackJson(await this.#process.call('describe', Buffer.from(name))) as KeyObject
    const key = object.public && readPublicKey(object.public)
    if (!key) throw new AppError('HSM_KEY_NOT_FOUND', { label: name, reason: 'public-key' })
    return this.#signerOf(name, key)
  }

  async generate(label: string, algorithm: KeyAlgorithm): Promise<Signer> {
    parseLabel(label)
    await this.#process.call('generate', packPair(Buffer.from(label), Buffer.from(algorithm)))
    return this.signer(label)
  }

  async has(name: string): Promise<boolean> {
    const [answer] = await this.#process.call('has', Buffer.from(parseKeyName(name)))
    return answer === 1
  }

  async list(): Promise<readonly KeyEntry[]> {
    const objects = unpackJson(await this.#process.call('list', Buffer.alloc(0))) as readonly KeyObject[]
    const entries = objects.map(({ label, id, kind, public: half }): KeyEntry => {
      const name = keyNameOf(label, id) ?? ''
      const key = half && readPublicKey(half)
      if (kind === 'secret') return { label: name, id, algorithm: 'secret', spki: null }
      return { label: name, id, algorithm: key?.algorithm ?? 'other', spki: key?.spki ?? null }
    })
    return entries.toSorted((a, b) => (a.label < b.label ? -1 : 1))
  }

  async random(bytes: number): Promise<Uint8Array> {
    const body = Buffer.allocUnsafe(2)
    body.writeUInt16LE(parseRandomLength(bytes))
    return moved(await this.#process.call('random', body))
  }

  async ensureWrappingKey(label: string): Promise<void> {
    await this.#process.call('ensureWrappingKey', Buffer.from(parseLabel(label)))
  }

  async wrap(label: string, dataKey: Uint8Array): Promise<Uint8Array> {
    parseLabel(label)
    return moved(await this.#process.call('wrap', packPair(Buffer.from(label), parseDataKey(dataKey))))
  }

  async unwrap(label: string, wrapped: Uint8Array): Promise<Uint8Array> {
    parseLabel(label)
    if (wrapped.length > 128) throw new AppError('SEALED_INVALID', { label })
    return moved(await this.#process.call('unwrap', packPair(Buffer.from(label), wrapped)))
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
    return this.#process.close()
  }

  #signerOf(label: string, key: PublicKey): Signer {
    const before = this.#known.get(label)
    const isSame = before !== undefined && Buffer.compare(before.spki, key.spki) === 0
    const known: Known = isSame ? before : { ...key, unproved: 0 }
    this.#known.set(label, known)
    const ways = this.#process.info?.ways ?? []
    const signatures = signatureAlgorithmsOf(key.algorithm).filter((algorithm) => ways.includes(wayOf(algorithm)))
    const [usual] = signatures
    return {
      label,
      algorithm: key.algorithm,
      kind: 'hsm',
      signatures,
      publicKeySpki: () => new Uint8Array(known.spki),
      sign: async (data, algorithm = usual) => {
        if (!algorithm || !signatures.includes(algorithm)) throw unsupported(algorithm ?? key.algorithm, label)
        const input = inputOf(algorithm, data)
        const raw = await this.#process.call('sign', packSign(label, wayOf(algorithm), input))
        const signature = signatureOf(algorithm, raw)
        if (known.unproved-- <= 0) prove(known, { algorithm, data, signature, label })
        return signature
      },
    }
  }

  #doubt(): void {
    for (const known of this.#known.values()) known.unproved = 0
  }
}

/** Throws HSM_UNAVAILABLE `signature`: the token signs with another key under this name, or signs wrongly. */
function prove(
  known: Known,
  made: {
    readonly algorithm: SignatureAlgorithm
    readonly data: Uint8Array
    readonly signature: Uint8Array
    readonly label: string
  },
): void {
  const { algorithm, data, signature, label } = made
  try {
    verifySignature({ algorithm, spki: known.spki, data, signature })
    known.unproved = SAMPLED
  } catch (error) {
    known.unproved = 0
    throw unavailable('signature', { label }, error)
  }
}

/** What an answer held may be a secret: it is in one place only. */
function moved(body: Buffer): Uint8Array {
  const copy = new Uint8Array(body)
  body.fill(0)
  return copy
}
