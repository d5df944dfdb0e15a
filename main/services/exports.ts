import { createHash } from 'node:crypto'
import { AppError, type DeskOutput, type DeskRequest } from '../../shared/contract/index.ts'
import type { ExportView } from '../../shared/contract/routes/exports.ts'
import { readAttributes } from '../../shared/pki/cms-attribute.ts'
import { readMimeType, readSigningTime } from '../../shared/pki/cms-attributes.ts'
import { readDer, TAG } from '../../shared/pki/der-read.ts'
import {
  cmsHashFor,
  equalBytes,
  fromHex,
  type HashName,
  keyAlgorithmOf,
  parseCertificate,
  PkiError,
  prepareSignedAttributes,
  type SignatureAlgorithm,
  signatureAlgorithmFor,
} from '../../shared/pki/index.ts'
import { certificateIn } from './operator-key.ts'
import type { CardPort, Remote } from './ports.ts'
import type { SessionService } from './session.ts'

/** How far the time the officer would sign may lie from the server's own. */
const SKEW_MS = 10 * 60_000

/** Exports of the audit that the operator made, and the operator's own signature beside the server's. */
export class ExportService {
  readonly #parts: { cards: CardPort; remote: Remote; session: SessionService }
  constructor(parts: { cards: CardPort; remote: Remote; session: SessionService }) {
    this.#parts = parts
  }

  list(query: DeskRequest<'exports.list'>): Promise<DeskOutput<'exports.list'>> {
    return this.#parts.remote.call('listExports', { query })
  }

  /** Stops one that is not ready; nothing of it is kept. EXPORT_STATE where it has ended, EXPORT_NOT_FOUND for others'. */
  cancel({ id }: DeskRequest<'exports.cancel'>): Promise<ExportView> {
    return this.#parts.remote.call('cancelExport', { params: { id } })
  }

  /**
   * Signs (9C) the manifest whose digest the screen showed, as a second signer of it (CAdES, RFC 5652 5.4), and gives the
   * server the signature. The manifest the server gives must have that SHA-256, and what it asks to have signed must be
   * that manifest by the hash of this card's key, this card's certificate and the present time, and nothing beside:
   * EXPORT_SIGNATURE_INVALID otherwise, before the PIN is used. A key of no known algorithm costs CARD_UNSUPPORTED.
   */
  async sign({ id, manifestDigest, pin }: DeskRequest<'exports.sign'>): Promise<ExportView> {
    const { cards, remote, session } = this.#parts
    const { reader, via, serial } = session.operatorCard()
    const view = await cards.inspect(reader)
    if (serial !== null && view.card !== null && view.card.serial !== serial) throw new AppError('CARD_CHANGED')
    const { der } = certificateIn(view, '9C')
    const certificate = new Uint8Array(Buffer.from(der, 'base64'))
    const keyAlgorithm = keyAlgorithmOf(parseCertificate(certificate).key)
    if (keyAlgorithm === null) throw new AppError('CARD_UNSUPPORTED', { slot: '9C' })
    const algorithm = signatureAlgorithmFor(keyAlgorithm)

    const order = await remote.call('prepareSecondSignature', { params: { id }, body: { certificate: der } })
    const data = new Uint8Array(Buffer.from(order.signedAttributes, 'base64'))
    const digest = digestOfShown(order.manifest, manifestDigest, cmsHashFor(algorithm))
    assertNothingElse(data, { digest, certificate, algorithm, now: remote.nowMs() })
    const made = await cards.sign({ reader, via, slot: '9C', pin, data })
    if (Buffer.compare(made.certificate, certificate) !== 0) throw new AppError('CARD_CHANGED')
    const body = { certificate: der, signature: Buffer.from(made.signature).toString('base64') }
    return remote.call('addSecondSignature', { params: { id }, body })
  }
}

/** What the card's own hash gives of the manifest with the SHA-256 that was shown. Throws EXPORT_SIGNATURE_INVALID. */
function digestOfShown(manifest: string, shown: string, hash: HashName): Uint8Array {
  const bytes = Buffer.from(manifest, 'base64')
  if (!equalBytes(createHash('sha256').update(bytes).digest(), fromHex(shown)))
    throw new AppError('EXPORT_SIGNATURE_INVALID', { reason: 'not-what-was-shown' })
  return createHash(hash).update(bytes).digest()
}

interface Shown {
  readonly digest: Uint8Array
  readonly certificate: Uint8Array
  readonly algorithm: SignatureAlgorithm
  readonly now: number
}

/** The bytes are exactly the attributes this desk would have written itself for what was shown. Throws EXPORT_SIGNATURE_INVALID. */
function assertNothingElse(attributes: Uint8Array, { digest, certificate, algorithm, now }: Shown): void {
  const { signingTime, mimeType } = readChoices(attributes)
  const expected = prepareSignedAttributes({
    contentDigest: digest,
    certificate,
    algorithm,
    ...(signingTime === null ? {} : { signingTime }),
    ...(mimeType === null ? {} : { mimeType }),
  })
  const isOfNow = signingTime !== null && Math.abs(signingTime.getTime() - now) <= SKEW_MS
  if (!isOfNow || !equalBytes(expected, attributes))
    throw new AppError('EXPORT_SIGNATURE_INVALID', { reason: 'not-what-was-shown' })
}

/** What the server may choose; everything else follows from what was shown. */
function readChoices(bytes: Uint8Array): { signingTime: Date | null; mimeType: string | null } {
  try {
    const attributes = readAttributes(readDer(bytes), TAG.set)
    return { signingTime: readSigningTime(attributes), mimeType: readMimeType(attributes) }
  } catch (error) {
    if (error instanceof PkiError)
      throw new AppError('EXPORT_SIGNATURE_INVALID', { reason: 'malformed' }, { cause: error })
    throw error
  }
}
