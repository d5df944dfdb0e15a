import { hash } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import {
  cmsHashFor,
  isSameName,
  parseCertificate,
  parseCrl,
  PkiError,
  signCsr,
  verifyNotRevoked,
  verifyPath,
  type Certificate,
  type ExternalSigner,
  type SignatureAlgorithm,
  type VerifyPathOptions,
} from '../../shared/pki/index.ts'
import type { CaGateway } from '../ca/index.ts'
import { toExternalSigner, type KeyStore, type Signer } from '../hsm/index.ts'
import type { SigningConfig } from './config.ts'
import type { SigningKeyView } from './signatures.ts'

export interface SigningKeyDeps {
  readonly config: SigningConfig['key']
  readonly keys: KeyStore
  readonly ca: Pick<CaGateway, 'issue' | 'chain' | 'crls'>
  /** A certificate of our own CA by the key it was asked for with. */
  readonly findIssued: (requestKey: string) => Promise<{ readonly der: Uint8Array } | null>
  /** A certificate of another authority that was put in for the key, DER, then what leads to its anchor; or none. */
  readonly findImported: (label: string) => Promise<readonly Uint8Array[]>
  /** Whom that must lead to. */
  readonly importAnchors: readonly Certificate[]
  /** An entry of the audit, kept when it returns. */
  readonly tell?: (told: KeyTold) => Promise<void>
  /** Of the installation: common name, organization, country. */
  readonly subject: { readonly commonName: string; readonly organization: string; readonly country: string }
  readonly now?: () => Date
}

/** What is done with the key is told: that it was made, that a certificate is asked for with it, and the one issued. */
export interface KeyTold {
  readonly action: 'Insertion' | 'KeyUse'
  readonly object: { readonly type: 'key' | 'certificate'; readonly id: string }
  readonly after: Readonly<Record<string, string | number>>
}

/** The key that signs exports, with a certificate that stands now. */
export interface ReadyKey extends SigningKeyView {
  readonly external: ExternalSigner
  /** Leaf first, anchor last. */
  readonly path: readonly Certificate[]
}

const RENEW_BEFORE_MS = 90 * 86_400_000
/** Certificates for one key, one after the other; a key that outlives them wants to be replaced. */
const MAX_RENEWALS = 50

/**
 * The key that signs exports: made in the key store where there is none, its certificate issued by our own CA and again
 * 90 days before it ends, or the one that an administrator put in. Each step looks before it makes, so that dying after
 * any of them costs only the repeat.
 */
export class SigningKey {
  readonly #deps: SigningKeyDeps
  #ready: { readonly key: ReadyKey; readonly until: number } | null = null
  #opening: Promise<ReadyKey> | null = null

  constructor(deps: SigningKeyDeps) {
    this.#deps = deps
  }

  /** Throws HSM_UNAVAILABLE, HSM_KEY_NOT_FOUND, CA_UNAVAILABLE, SIGNING_CERTIFICATE_UNUSABLE. */
  async ready(): Promise<ReadyKey> {
    if (this.#ready && this.#now().getTime() < this.#ready.until) return this.#ready.key
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  /** Looks again at the next call: a key or a certificate was put in. */
  forget(): void {
    this.#ready = null
  }

  async #open(): Promise<ReadyKey> {
    const { config, keys } = this.#deps
    const signer = (await keys.has(config.label)) ? await keys.signer(config.label) : await this.#make()
    const algorithm = algorithmOf(signer, config.rsaPadding)
    const ofStore = toExternalSigner(signer, algorithm)
    // Without `provenSpki`: every signature of an export is verified, however well the store answers for its key.
    const external: ExternalSigner = { algorithm, sign: (data) => ofStore.sign(data) }
    const imported = await this.#deps.findImported(config.label)
    const path = imported.length > 0 ? this.#verifyImported(imported) : await this.#certified(signer, external)
    const [leaf] = path
    if (!leaf || Buffer.compare(leaf.spki, signer.publicKeySpki()) !== 0) throw unusable('another-key')
    const key: ReadyKey = {
      name: leaf.subject.commonName ?? leaf.subject.text,
      kind: signer.kind,
      certificate: leaf.der,
      chain: path.slice(1).map(({ der }) => der),
      algorithm,
      hash: cmsHashFor(algorithm),
      notAfter: leaf.notAfter,
      external,
      path,
    }
    this.#ready = { key, until: this.#now().getTime() + LOOK_AGAIN_MS }
    return key
  }

  async #make(): Promise<Signer> {
    const { config, keys, tell } = this.#deps
    const signer = await keys.generate(config.label, config.algorithm)
    const id = hash('sha256', signer.publicKeySpki())
    const after = { id, name: config.label, algorithm: config.algorithm, keyStore: keys.kind }
    await tell?.({ action: 'Insertion', object: { type: 'key', id }, after })
    return signer
  }

  #verifyImported(chain: readonly Uint8Array[]): readonly Certificate[] {
    const { importAnchors } = this.#deps
    try {
      const [leaf, ...intermediates] = chain.map((der) => parseCertificate(der))
      if (!leaf) throw unusable('missing')
      // Whether others revoked it is asked where a signature is to last, and by everybody who verifies it.
      return this.#pathOf(leaf, intermediates, importAnchors, { revocation: 'none' })
    } catch (error) {
      throw error instanceof PkiError ? unusable(error.reason, error) : error
    }
  }

  /** The newest certificate of our own CA for this key, or another. */
  async #certified(signer: Signer, external: ExternalSigner): Promise<readonly Certificate[]> {
    const chain = (await this.#deps.ca.chain()).map((der) => parseCertificate(der))
    const about = hash('sha256', signer.publicKeySpki())
    const nameOf = (count: number): string => `export-seal:${about}:${count}`
    const known = await this.#known(nameOf)
    // First, and of all of them, also those that are ending: a key of which one was revoked is never certified again.
    await this.#assertNoneRevoked(known)
    const isUsable = (leaf: Certificate): boolean => {
      const isEnding = leaf.notAfter.getTime() - this.#now().getTime() < RENEW_BEFORE_MS
      // A certificate for as long as its authority lasts is not made anew in vain.
      const isLast = chain[0] !== undefined && leaf.notAfter.getTime() >= chain[0].notAfter.getTime() - 1000
      return !isEnding || isLast
    }
    let leaf = known.find(isUsable)
    for (let count = known.length + 1; leaf === undefined && count <= MAX_RENEWALS; count++) {
      const issued = parseCertificate(await this.#issue(nameOf(count), signer, external))
      if (isUsable(issued)) leaf = issued
    }
    if (leaf === undefined) throw unusable('renewals')
    try {
      const crls = await this.#lists()
      return this.#pathOf(leaf, chain.slice(0, -1), chain.slice(-1), { revocation: 'require', crls })
    } catch (error) {
      throw error instanceof PkiError ? unusable(error.reason, error) : error
    }
  }

  /** Every certificate of our own CA for the key so far, one after the other. */
  async #known(nameOf: (count: number) => string): Promise<readonly Certificate[]> {
    const known: Certificate[] = []
    while (known.length < MAX_RENEWALS) {
      const found = await this.#deps.findIssued(nameOf(known.length + 1))
      if (!found) break
      known.push(parseCertificate(found.der))
    }
    return known
  }

  /** By the lists of our own CA as it gives them, whoever signed those of an older one. */
  async #assertNoneRevoked(known: readonly Certificate[]): Promise<void> {
    if (known.length === 0) return
    try {
      for (const crl of await this.#lists())
        for (const leaf of known) if (isSameName(crl.issuer, leaf.issuer)) verifyNotRevoked(crl, leaf)
    } catch (error) {
      throw error instanceof PkiError ? unusable(error.reason, error) : error
    }
  }

  async #lists() {
    return (await this.#deps.ca.crls()).map((crl) => parseCrl(crl.der))
  }

  /** Told before it is asked for: none is issued of which the audit knows nothing. */
  async #issue(idempotencyKey: string, signer: Signer, external: ExternalSigner): Promise<Uint8Array> {
    const { subject, ca, tell } = this.#deps
    const spki = signer.publicKeySpki()
    const id = hash('sha256', spki)
    const asked = { name: signer.label, purpose: 'certificate', request: idempotencyKey }
    await tell?.({ action: 'KeyUse', object: { type: 'key', id }, after: asked })
    const csr = await signCsr({ subject: [{ type: 'CN', value: subject.commonName }], spki }, external)
    const { serial, der, notAfter } = await ca.issue({ profile: 'export-seal', csr, subject, idempotencyKey })
    const after = { serial, profile: 'export-seal', key: id, notAfter: notAfter.getTime() }
    await tell?.({ action: 'Insertion', object: { type: 'certificate', id: serial }, after })
    return der
  }

  #pathOf(
    leaf: Certificate,
    intermediates: readonly Certificate[],
    anchors: readonly Certificate[],
    revocation: Pick<VerifyPathOptions, 'revocation' | 'crls'>,
  ): readonly Certificate[] {
    return verifyPath({ leaf, intermediates, anchors, at: this.#now(), ...revocation }).path
  }

  #now(): Date {
    return (this.#deps.now ?? (() => new Date()))()
  }
}

/** What is remembered of a key and its certificate is looked at again after this. */
const LOOK_AGAIN_MS = 60_000

const unusable = (reason: string, cause?: unknown): AppError =>
  new AppError('SIGNING_CERTIFICATE_UNUSABLE', { reason }, { cause })

function algorithmOf({ signatures, label }: Signer, padding: 'pkcs1' | 'pss'): SignatureAlgorithm {
  const [usual] = signatures
  const wanted =
    usual?.startsWith('rsa-') && padding === 'pss' ? signatures.find((one) => one.startsWith('rsa-pss-')) : usual
  if (wanted === undefined) throw new AppError('HSM_ALGORITHM_UNSUPPORTED', { label })
  return wanted
}
