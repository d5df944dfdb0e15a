import { AppError } from '../../../shared/contract/errors.ts'
import { buildTbsCertificate, encodeName, PkiError } from '../../../shared/pki/index.ts'
import type { KeyStore } from '../../hsm/index.ts'
import type { InternalCaConfig } from '../config.ts'
import type {
  CaGateway,
  CertificateStatus,
  FinalRevocationReason,
  IssuedCertificate,
  IssueRequest,
  PublishedCrl,
} from '../gateway.ts'
import type { CaStore, StoredCertificate, StoredStatus } from '../store.ts'
import { openAuthority, signOnce, type Authority, type Drawn } from './authority.ts'
import { addDays, addMinutes, DAY_MS, earlier, wholeSeconds } from './clock.ts'
import { CrlPublisher } from './crl-publisher.ts'
import type { InternalCaParts } from './init.ts'
import { verifyRequest, type CheckedRequest } from './request.ts'
import { newSerial } from './serial.ts'

/** Desk clocks may be a little behind the server's; a certificate should be good where it was just made. */
const BACKDATED_MINUTES = 5

/**
 * Opens the CA made by `initInternalCa`. A new list is published at once: a process that died between changing a status
 * and publishing it is healed here. Throws CA_UNAVAILABLE (detail.reason), HSM_UNAVAILABLE.
 */
export async function openInternalCa({ config, keyStore, store, now }: InternalCaParts): Promise<InternalCa> {
  const root = await openAuthority('root', keyStore, store)
  const issuing = await openAuthority('issuing', keyStore, store)
  const publisher = new CrlPublisher(store, config, now)
  await publisher.build(issuing)
  await publisher.current(root)
  return new InternalCa({ config, keyStore, store, now, root, issuing, publisher })
}

interface InternalCaState extends InternalCaParts {
  readonly root: Authority
  readonly issuing: Authority
  readonly publisher: CrlPublisher
}

/** Our own CA: a root and an issuing CA under it, both keys in the key store, certificates in a `CaStore`. */
export class InternalCa implements CaGateway {
  readonly name: string
  readonly #config: InternalCaConfig
  readonly #keyStore: KeyStore
  readonly #store: CaStore
  readonly #now: () => Date
  readonly #root: Authority
  readonly #issuing: Authority
  readonly #publisher: CrlPublisher

  constructor(state: InternalCaState) {
    this.name = state.config.name
    this.#config = state.config
    this.#keyStore = state.keyStore
    this.#store = state.store
    this.#now = state.now
    this.#root = state.root
    this.#issuing = state.issuing
    this.#publisher = state.publisher
  }

  async issue(request: IssueRequest): Promise<IssuedCertificate> {
    const checked = verifyRequest(request)
    const { signer, certificate } = this.#issuing
    const { serial, der, notBefore, notAfter } = await signOnce(this.#store, {
      idempotencyKey: request.idempotencyKey,
      requestDigest: checked.digest,
      profile: request.profile,
      signer,
      issuerSpki: certificate.spki,
      maxLifetimeMs: checked.profile.validityDays * DAY_MS + BACKDATED_MINUTES * 60_000,
      draw: () => this.#draw(checked, request.notAfter),
      tbsOf: (drawn) => this.#tbs(request, checked, drawn),
    })
    return { serial, der, notBefore, notAfter, profile: request.profile }
  }

  async status(serial: string): Promise<CertificateStatus> {
    return (await this.#row(serial)).state
  }

  suspend(serial: string): Promise<CertificateStatus> {
    return this.#change(serial, ['issued'], { status: 'suspended', at: wholeSeconds(this.#now()) })
  }

  resume(serial: string): Promise<CertificateStatus> {
    return this.#change(serial, ['suspended'], { status: 'issued' })
  }

  revoke(serial: string, reason: FinalRevocationReason): Promise<CertificateStatus> {
    const at = wholeSeconds(this.#now())
    return this.#change(serial, ['issued', 'suspended'], { status: 'revoked', at, reason })
  }

  /** A new list of the issuing CA, whatever the age of the last one. Durable when it returns. */
  buildCrl(): Promise<PublishedCrl> {
    return this.#publisher.build(this.#issuing)
  }

  async crls(): Promise<readonly PublishedCrl[]> {
    return [await this.#publisher.current(this.#issuing), await this.#publisher.current(this.#root)]
  }

  chain(): Promise<readonly Uint8Array[]> {
    return Promise.resolve([this.#issuing.certificate.der, this.#root.certificate.der])
  }

  async #draw({ profile }: CheckedRequest, latest: Date | undefined): Promise<Drawn> {
    const now = wholeSeconds(this.#now())
    const end = this.#issuing.certificate.notAfter
    if (now >= end) throw new AppError('CA_UNAVAILABLE', { reason: 'ca-expired' })
    const cap = latest === undefined ? end : earlier(wholeSeconds(latest), end)
    if (now >= cap) throw new AppError('CA_REQUEST_INVALID', { reason: 'validity' })
    return {
      serial: await newSerial(this.#keyStore),
      notBefore: addMinutes(now, -BACKDATED_MINUTES),
      notAfter: earlier(addDays(now, profile.validityDays), cap),
    }
  }

  #tbs(request: IssueRequest, checked: CheckedRequest, { serial, notBefore, notAfter }: Drawn): Uint8Array {
    const { certificate, algorithm } = this.#issuing
    const { crlUrls, ocspUrls, caIssuerUrls, policies } = this.#config
    try {
      return buildTbsCertificate({
        serial,
        signatureAlgorithm: algorithm,
        issuer: certificate.subject.der,
        subject: encodeName(checked.subject),
        notBefore,
        notAfter,
        spki: checked.csr.spki,
        basicConstraints: { ca: false },
        keyUsage: checked.keyUsage,
        extendedKeyUsage: checked.profile.extendedKeyUsage,
        subjectAltName: request.san ?? {},
        authorityKeyId: certificate.subjectKeyId ?? '',
        crlDistributionPoints: crlUrls,
        ocspUrls,
        caIssuerUrls,
        policies,
      })
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      throw new AppError('CA_REQUEST_INVALID', { reason: error.reason, clause: error.clause }, { cause: error })
    }
  }

  /**
   * The status first, then the list. Dead in between: the status is true and durable, the list follows when the call is
   * repeated or the CA is opened again. So the list is made anew even where the status is already the one asked for.
   */
  async #change(serial: string, from: readonly StoredStatus['status'][], to: StoredStatus): Promise<CertificateStatus> {
    await this.#row(serial)
    const row = await this.#store.changeStatus(serial, from, to)
    if (!row) throw new AppError('CERTIFICATE_NOT_FOUND', { serial })
    if (row.state.status !== to.status) throw new AppError('REQUEST_CONFLICT', { serial, status: row.state.status })
    await this.#publisher.build(this.#issuing)
    return row.state
  }

  /** Certificates issued to others; the CA's own are not to be changed through the gateway. */
  async #row(serial: string): Promise<StoredCertificate> {
    const row = await this.#store.findBySerial(serial)
    if (!row || row.profile === 'ca-root' || row.profile === 'ca-issuing') {
      throw new AppError('CERTIFICATE_NOT_FOUND', { serial: serial.slice(0, 40) })
    }
    return row
  }
}
