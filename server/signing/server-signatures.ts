import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import {
  closeEnveloped,
  openEnveloped,
  readXadesNeeds,
  signXmlDetached,
  verifyXades,
  writeEnvelopedSignature,
  type ContentHash,
} from '../../shared/ades/index.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { readPdfValidationData, verifyPades } from '../../shared/pades/index.ts'
import {
  digest,
  readCadesNeeds,
  signData,
  signDigest,
  verifyCadesSigners,
  type HashName,
  type ValidationData,
} from '../../shared/pki/index.ts'
import { bytesContent } from './content.ts'
import { endOfCades, raiseCades, renewCades } from './cades-levels.ts'
import type { Lasting } from './lasting.ts'
import { endOfPades, renewPades, signPades } from './pades-levels.ts'
import { addSecond, prepareSecond, type SecondTrust } from './second-signer.ts'
import { translated, translatedNow } from './signing-error.ts'
import type { ReadyKey, SigningKey } from './signing-key.ts'
import {
  MAX_ATTACHED_BYTES,
  MAX_PDF_BYTES,
  type CadesOrder,
  type Content,
  type KeptSignature,
  type PadesOrder,
  type SecondMade,
  type SecondPrepared,
  type SignatureLevel,
  type Signatures,
  type SigningKeyView,
  type XadesOrder,
} from './signatures.ts'
import { endOfXades, raiseXades, renewXades, statesOf } from './xades-levels.ts'

export interface ServerSignaturesDeps {
  readonly key: SigningKey
  readonly lasting: Lasting
  readonly secondTrust: SecondTrust
}

const LEVELS: readonly SignatureLevel[] = ['B-B', 'B-T', 'B-LT', 'B-LTA']
const LOOK_AGAIN_MS = 600_000
/** Where not all can be had now. */
const LOOK_AGAIN_SOON_MS = 60_000
/** Nobody who only asks what could be had waits longer for authorities that do not answer. */
const LEVELS_WAIT_MS = 3000

/** See `Signatures`. */
export class ServerSignatures implements Signatures {
  readonly key: SigningKey
  readonly #lasting: Lasting
  readonly #secondTrust: SecondTrust
  #levels: { readonly found: Promise<readonly SignatureLevel[]>; until: number } | null = null

  constructor({ key, lasting, secondTrust }: ServerSignaturesDeps) {
    this.key = key
    this.#lasting = lasting
    this.#secondTrust = secondTrust
  }

  async signer(): Promise<SigningKeyView> {
    const { external: _, path: __, ...view } = await this.#ready()
    return view
  }

  levels(): Promise<readonly SignatureLevel[]> {
    const now = Date.now()
    if (!this.#levels || this.#levels.until <= now) {
      this.#levels = { found: this.#lookedFor(now), until: now + LOOK_AGAIN_MS }
    }
    return Promise.race([this.#levels.found, this.#withoutAsking()])
  }

  cadesDetached(content: Content, { level, mimeType }: CadesOrder): Promise<Uint8Array> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      const key = await this.#ready()
      this.#lasting.assertStamped(level)
      const contentDigest = (await content.contentHash(key.hash)).digest()
      const basic = await signDigest({ ...this.#fields(key), contentDigest, mimeType })
      return this.#raised(basic, content, level, key)
    })
  }

  cadesAttached(content: Uint8Array, { level }: Pick<CadesOrder, 'level'>): Promise<Uint8Array> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      assertSize(content.length, MAX_ATTACHED_BYTES)
      const key = await this.#ready()
      this.#lasting.assertStamped(level)
      const basic = await signData({ ...this.#fields(key), content, detached: false })
      return this.#raised(basic, bytesContent(content), level, key)
    })
  }

  xadesDetached(content: Content, { level, mimeType, uri }: XadesOrder): Promise<Uint8Array> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      const key = await this.#ready()
      this.#lasting.assertStamped(level)
      const states = await statesOf(content, key.hash)
      const contentDigest = states(key.hash).digest()
      const basic = await signXmlDetached({ ...this.#fields(key), id: newXmlId(), uri, mimeType, contentDigest })
      const { path, hash } = key
      const xml = await raiseXades({ xml: basic, content, level, path, hash }, this.#lasting)
      if (level !== 'B-B') this.#assertXades(xml, states, level, key)
      return xml
    })
  }

  xadesEnveloped(content: Content, { level, mimeType }: CadesOrder): Promise<string> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      const key = await this.#ready()
      this.#lasting.assertStamped(level)
      const contentDigest = (await content.contentHash(key.hash)).digest()
      const basic = await writeEnvelopedSignature({ ...this.#fields(key), id: newXmlId(), mimeType, contentDigest })
      if (level === 'B-B') return basic
      const { path, hash } = key
      return closeEnveloped(await raiseXades({ xml: openEnveloped(basic), content, level, path, hash }, this.#lasting))
    })
  }

  pades(pdf: Uint8Array, order: PadesOrder): Promise<Uint8Array> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      assertSize(pdf.length, MAX_PDF_BYTES)
      const key = await this.#ready()
      const signed = await signPades(pdf, key, order, this.#lasting)
      if (order.level !== 'B-B') this.#assertPades(signed, order.level, key)
      return signed
    })
  }

  prepareSecond(signature: Uint8Array, content: Content, certificate: Uint8Array): Promise<SecondPrepared> {
    return translated('SIGNING_INPUT_INVALID', () =>
      prepareSecond(signature, content, certificate, this.#secondTrust, this.#lasting),
    )
  }

  addSecond(signature: Uint8Array, content: Content, made: SecondMade, level: SignatureLevel): Promise<Uint8Array> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      this.#lasting.assertStamped(level)
      return addSecond({ signature, content, made, level }, this.#secondTrust, this.#lasting)
    })
  }

  endOf({ kind, signature }: KeptSignature): Date | null {
    return translatedNow('SIGNING_INPUT_INVALID', () => {
      if (kind === 'cades') return endOfCades(signature)
      return kind === 'xades' ? endOfXades(signature) : endOfPades(signature)
    })
  }

  renew(kept: KeptSignature): Promise<Uint8Array> {
    return translated('SIGNING_INPUT_INVALID', async () => {
      this.#lasting.assertStamped('B-LTA')
      if (kept.kind === 'pades') return renewPades(kept.signature, this.#lasting)
      if (kept.kind === 'xades') return renewXades(kept.signature, kept.content, this.#lasting)
      if (!kept.content) throw new AppError('SIGNING_INPUT_INVALID', { reason: 'content-missing' })
      return renewCades(kept.signature, kept.content, this.#lasting)
    })
  }

  carriedBy({ kind, signature }: Pick<KeptSignature, 'kind' | 'signature'>): ValidationData {
    return translatedNow('SIGNING_INPUT_INVALID', () => {
      if (kind === 'cades') return readCadesNeeds(signature).carried
      return kind === 'xades' ? readXadesNeeds(signature).carried : readPdfValidationData(signature)
    })
  }

  async #raised(cms: Uint8Array, content: Content, level: SignatureLevel, key: ReadyKey): Promise<Uint8Array> {
    const raised = await raiseCades({ cms, content, level, path: key.path }, this.#lasting)
    if (level !== 'B-B') await this.#assertCades(raised, content, level, key)
    return raised
  }

  /** What goes out is read as a verifier will read it, with what it carries alone. */
  async #assertCades(cms: Uint8Array, content: Content, level: SignatureLevel, key: ReadyKey): Promise<void> {
    const digestOf = await digestsOf(content, readCadesNeeds(cms).hashes)
    for (const { verified, refusal } of verifyCadesSigners({ cms, digestOf, ...this.#trust(level, key) })) {
      if (refusal) throw refusal
      assertLevel(verified.level, level)
    }
  }

  #assertXades(xml: Uint8Array, contentHash: ContentHash, level: SignatureLevel, key: ReadyKey): void {
    assertLevel(verifyXades({ xml, contentHash, ...this.#trust(level, key) }).level, level)
  }

  #assertPades(pdf: Uint8Array, level: SignatureLevel, key: ReadyKey): void {
    assertLevel(verifyPades({ pdf, ...this.#trust(level, key) }).level, level)
  }

  #trust(level: SignatureLevel, { path }: ReadyKey) {
    return {
      anchors: path.slice(-1),
      timeStampAnchors: this.#lasting.timeStampAnchors,
      revocation: level === 'B-LT' || level === 'B-LTA' ? 'require' : 'none',
      now: this.#lasting.now(),
    } as const
  }

  #fields({ external, certificate, chain }: ReadyKey) {
    return { signer: external, certificate, chain, signingTime: this.#lasting.now() }
  }

  #ready(): Promise<ReadyKey> {
    return this.key.ready()
  }

  async #lookedFor(begun: number): Promise<readonly SignatureLevel[]> {
    const found = await this.#findLevels()
    if (this.#levels && found.length < LEVELS.length) this.#levels.until = begun + LOOK_AGAIN_SOON_MS
    return found
  }

  async #withoutAsking(): Promise<readonly SignatureLevel[]> {
    await setTimeout(LEVELS_WAIT_MS, undefined, { ref: false })
    return LEVELS.slice(0, this.#lasting.isStamped ? 2 : 1)
  }

  /** B-T wherever there is an authority; more where it and our own CA say by whom they can be revoked. */
  async #findLevels(): Promise<readonly SignatureLevel[]> {
    if (!this.#lasting.isStamped) return LEVELS.slice(0, 1)
    try {
      const { path } = await this.#ready()
      const stamped = await this.#lasting.stamp({ hash: 'sha256', digest: digest('sha256', randomBytes(32)) })
      await this.#lasting.dataFor([path, stamped.verified.path], new Date(0))
      return LEVELS
    } catch {
      // Why not is said to whoever asks for such a signature.
      return LEVELS.slice(0, 2)
    }
  }
}

/** A name that no other element has: 128 random bits. */
const newXmlId = (): string => `S-${randomBytes(16).toString('hex')}`

async function digestsOf(content: Content, hashes: readonly HashName[]): Promise<(hash: HashName) => Uint8Array> {
  const known = new Map<HashName, Uint8Array>()
  for (const hash of hashes) known.set(hash, (await content.contentHash(hash)).digest())
  return (hash) => {
    const found = known.get(hash)
    if (!found) throw new TypeError(`the content was not digested by ${hash}`)
    return found
  }
}

function assertSize(bytes: number, limit: number): void {
  if (bytes > limit) throw new AppError('SIGNING_TOO_LARGE', { bytes, limit })
}

function assertLevel(found: SignatureLevel, wanted: SignatureLevel): void {
  if (found !== wanted) throw new AppError('SIGNING_LEVEL_UNAVAILABLE', { level: wanted, reason: `made-${found}` })
}
