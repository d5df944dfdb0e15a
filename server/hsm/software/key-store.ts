import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  scrypt,
  sign,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto'
import { link, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { z } from 'zod'
import { AppError } from '../../../shared/contract/errors.ts'
import { hashOf, keyAlgorithmOf, PkiError, publicKeyInfo, signatureAlgorithmsOf } from '../../../shared/pki/index.ts'
import type { SoftwareStoreConfig } from '../config.ts'
import { unavailable, unsupported } from '../failure.ts'
import { parseDataKey, parseKeyName, parseLabel, parseRandomLength } from '../label.ts'
import {
  ensureSecretFile,
  isSystemError,
  makePrivateFolder,
  readSecretFile,
  verifyPrivateFolder,
  writeNewFile,
} from '../secret-file.ts'
import type { KeyAlgorithm, KeyEntry, KeyStore, KeyStoreHealth, SignatureAlgorithm, Signer } from '../signer.ts'
import { keyFile, seal, storeHeader, unseal, type KeyFile } from './key-file.ts'

const HEADER = 'store.json'
const CHECK = 'countersign-keystore-check'
const FILE_END = '.key.json'

const signAsync = promisify<string | null, Uint8Array, KeyObject | SignKeyObjectInput, Buffer>(sign)
const generateAsync = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>

/** Same cost as in `storeHeader`; 32 MiB and about a tenth of a second. */
const deriveKey = (passphrase: string, salt: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const cost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
    scrypt(passphrase, salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key)))
  })

const KEY_OPTIONS: Readonly<Record<KeyAlgorithm, readonly [string, object]>> = {
  'ecdsa-p256': ['ec', { namedCurve: 'P-256' }],
  'ecdsa-p384': ['ec', { namedCurve: 'P-384' }],
  'ecdsa-p521': ['ec', { namedCurve: 'P-521' }],
  'rsa-2048': ['rsa', { modulusLength: 2048 }],
  'rsa-3072': ['rsa', { modulusLength: 3072 }],
  'rsa-4096': ['rsa', { modulusLength: 4096 }],
  ed25519: ['ed25519', {}],
}

/**
 * Makes the folder (owner only), a random passphrase where there is none, and the header; durable when it returns.
 * Passphrase first: dying after it costs nothing, a header without its passphrase would.
 */
export async function initSoftwareStore({ folder, passphraseFile }: Omit<SoftwareStoreConfig, 'kind'>): Promise<void> {
  await makePrivateFolder(folder)
  await ensureSecretFile(passphraseFile, 32)
  const passphrase = await readSecretFile(passphraseFile, 'passphrase-missing')
  const salt = randomBytes(16)
  const key = await deriveKey(passphrase, salt)
  const header: z.output<typeof storeHeader> = {
    format: 'countersign-keystore/1',
    kdf: { name: 'scrypt', salt: salt.toString('base64'), n: 32_768, r: 8, p: 1 },
    check: seal(key, CHECK, Buffer.from(CHECK)).toString('base64'),
  }
  key.fill(0)
  await writeOnce(join(folder, HEADER), header)
}

/** Whole or not at all, and never over another: written aside, synced, then linked under its name. False where taken. */
async function writeOnce(path: string, content: object): Promise<boolean> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.part`
  await writeNewFile(aside, Buffer.from(`${JSON.stringify(content, null, 2)}\n`))
  try {
    await link(aside, path)
    return true
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(aside, { force: true })
  }
}

/** Opens what `initSoftwareStore` made. Throws HSM_UNAVAILABLE. */
export async function openSoftwareKeyStore(config: SoftwareStoreConfig): Promise<SoftwareKeyStore> {
  await verifyPrivateFolder(config.folder)
  const passphrase = await readSecretFile(config.passphraseFile, 'passphrase-missing')
  const path = join(config.folder, HEADER)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unavailable('store-missing', { path }, error)
  })
  const header = parseJson(text, storeHeader, path)
  const key = await deriveKey(passphrase, Buffer.from(header.kdf.salt, 'base64'))
  try {
    unseal(key, CHECK, Buffer.from(header.check, 'base64'))
  } catch (error) {
    throw unavailable('passphrase-wrong', {}, error)
  }
  return new SoftwareKeyStore(config.folder, key)
}

function parseJson<T>(text: string, schema: z.ZodType<T>, path: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw unavailable('device', { path }, error)
  }
}

/** Development only: whoever reads this process's memory, or the folder and the passphrase, has the keys. */
export class SoftwareKeyStore implements KeyStore {
  readonly kind = 'software'
  readonly description: string
  readonly #folder: string
  readonly #key: Buffer
  #closed = false

  constructor(folder: string, key: Buffer) {
    this.description = `Software key store for development (${folder})`
    this.#folder = folder
    this.#key = key
  }

  async signer(name: string): Promise<Signer> {
    const { algorithm, secret } = await this.#read(labelOf(name))
    try {
      if (algorithm === 'aes-256') throw new AppError('HSM_KEY_NOT_FOUND', { label: name })
      const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })
      return this.#signerOf(name, algorithm, privateKey)
    } finally {
      secret.fill(0)
    }
  }

  async generate(label: string, algorithm: KeyAlgorithm): Promise<Signer> {
    parseLabel(label)
    this.#verifyOpen()
    const [type, options] = KEY_OPTIONS[algorithm]
    const { privateKey } = await generateAsync(type, options)
    const secret = privateKey.export({ format: 'der', type: 'pkcs8' })
    try {
      if (!(await this.#write(label, algorithm, secret))) throw new AppError('REQUEST_CONFLICT', { label })
      return this.#signerOf(label, algorithm, createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }))
    } finally {
      secret.fill(0)
    }
  }

  /**
   * Takes over a key that was made elsewhere (PKCS#8, DER; wiped); durable when it returns. Throws REQUEST_CONFLICT,
   * HSM_ALGORITHM_UNSUPPORTED.
   */
  async importKey(label: string, pkcs8: Buffer): Promise<Signer> {
    parseLabel(label)
    this.#verifyOpen()
    try {
      const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      const algorithm = algorithmOf(privateKey)
      if (!algorithm) throw unsupported(privateKey.asymmetricKeyType ?? 'unknown', label)
      if (!(await this.#write(label, algorithm, pkcs8))) throw new AppError('REQUEST_CONFLICT', { label })
      return this.#signerOf(label, algorithm, privateKey)
    } finally {
      pkcs8.fill(0)
    }
  }

  async list(): Promise<readonly KeyEntry[]> {
    this.#verifyOpen()
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(FILE_END)).toSorted()
    const entries: KeyEntry[] = []
    for (const name of names) {
      const label = name.slice(0, -FILE_END.length)
      const { algorithm, secret } = await this.#read(label)
      const id = Buffer.from(label).toString('hex')
      if (algorithm === 'aes-256') entries.push({ label, id, algorithm: 'secret', spki: null })
      else {
        const spki = spkiOf(createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }))
        entries.push({ label, id, algorithm, spki })
      }
      secret.fill(0)
    }
    return entries
  }

  async has(name: string): Promise<boolean> {
    try {
      const { algorithm, secret } = await this.#read(labelOf(name))
      secret.fill(0)
      return algorithm !== 'aes-256'
    } catch (error) {
      if (error instanceof AppError && error.code === 'HSM_KEY_NOT_FOUND') return false
      throw error
    }
  }

  async random(bytes: number): Promise<Uint8Array> {
    this.#verifyOpen()
    return new Uint8Array(randomBytes(parseRandomLength(bytes)))
  }

  async ensureWrappingKey(label: string): Promise<void> {
    parseLabel(label)
    this.#verifyOpen()
    const secret = randomBytes(32)
    // Where the label is taken, the key that is there stays; `wrap` refuses it if it is no wrapping key.
    await this.#write(label, 'aes-256', secret)
    secret.fill(0)
  }

  async wrap(label: string, dataKey: Uint8Array): Promise<Uint8Array> {
    parseDataKey(dataKey)
    return this.#withWrappingKey(label, (key) => new Uint8Array(seal(key, wrapPurpose(label), dataKey)))
  }

  async unwrap(label: string, wrapped: Uint8Array): Promise<Uint8Array> {
    return this.#withWrappingKey(label, (key) => {
      const plain = unseal(key, wrapPurpose(label), wrapped)
      const copy = new Uint8Array(plain)
      plain.fill(0)
      return copy
    })
  }

  async check(): Promise<KeyStoreHealth> {
    try {
      this.#verifyOpen()
      await verifyPrivateFolder(this.#folder)
      return { ok: true }
    } catch (error) {
      return { ok: false, code: error instanceof AppError ? error.code : 'INTERNAL' }
    }
  }

  close(): Promise<void> {
    this.#closed = true
    this.#key.fill(0)
    return Promise.resolve()
  }

  #signerOf(label: string, algorithm: KeyAlgorithm, privateKey: KeyObject): Signer {
    const spki = spkiOf(privateKey)
    const signatures = signatureAlgorithmsOf(algorithm)
    return {
      label,
      algorithm,
      kind: 'software',
      signatures,
      publicKeySpki: () => new Uint8Array(spki),
      sign: async (data, chosen = signatures[0]) => {
        this.#verifyOpen()
        if (!chosen || !signatures.includes(chosen)) throw unsupported(chosen ?? algorithm, label)
        return new Uint8Array(await signAsync(hashOf(chosen), data, paddedFor(chosen, privateKey)))
      },
    }
  }

  async #withWrappingKey<T>(label: string, work: (key: Buffer) => T): Promise<T> {
    const { algorithm, secret } = await this.#read(label)
    try {
      if (algorithm !== 'aes-256') throw new AppError('HSM_KEY_NOT_FOUND', { label })
      return work(secret)
    } finally {
      secret.fill(0)
    }
  }

  /** Label and algorithm are bound into the seal, so that files cannot be swapped or relabelled. */
  async #read(label: string): Promise<{ readonly algorithm: KeyFile['algorithm']; readonly secret: Buffer }> {
    parseLabel(label)
    this.#verifyOpen()
    const path = this.#path(label)
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isSystemError(error) && error.code === 'ENOENT') throw new AppError('HSM_KEY_NOT_FOUND', { label })
      throw unavailable('device', { path }, error)
    })
    const file = parseJson(text, keyFile, path)
    try {
      const sealed = Buffer.from(file.sealed, 'base64')
      return { algorithm: file.algorithm, secret: unseal(this.#key, keyPurpose(label, file.algorithm), sealed) }
    } catch (error) {
      throw unavailable('device', { path }, error)
    }
  }

  async #write(label: string, algorithm: KeyFile['algorithm'], secret: Uint8Array): Promise<boolean> {
    const sealed = seal(this.#key, keyPurpose(label, algorithm), secret).toString('base64')
    const file: KeyFile = { format: 'countersign-key/1', label, algorithm, sealed }
    return writeOnce(this.#path(label), file)
  }

  #path(label: string): string {
    return join(this.#folder, `${label}${FILE_END}`)
  }

  #verifyOpen(): void {
    if (this.#closed) throw unavailable('closed')
  }
}

const spkiOf = (privateKey: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }))

/** Salt as long as the hash (RFC 4055 3.1). */
const paddedFor = (algorithm: SignatureAlgorithm, key: KeyObject): KeyObject | SignKeyObjectInput =>
  algorithm.startsWith('rsa-pss-')
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : key

function algorithmOf(privateKey: KeyObject): KeyAlgorithm | null {
  try {
    return keyAlgorithmOf(publicKeyInfo(spkiOf(privateKey)))
  } catch (error) {
    if (error instanceof PkiError) return null
    throw error
  }
}

/** A CKA_ID here is the label itself, as keys get it that this product makes in a token. */
function labelOf(name: string): string {
  parseKeyName(name)
  if (!name.startsWith('id:')) return name
  const label = Buffer.from(name.slice(3), 'hex').toString('latin1')
  try {
    return parseLabel(label)
  } catch (error) {
    throw new AppError('HSM_KEY_NOT_FOUND', { label: name }, { cause: error })
  }
}

const keyPurpose = (label: string, algorithm: string): string => `countersign-key/1:${algorithm}:${label}`
const wrapPurpose = (label: string): string => `countersign-wrap/1:${label}`
