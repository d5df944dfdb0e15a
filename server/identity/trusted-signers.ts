import { hash } from 'node:crypto'
import { AppError, type ErrorCode, type Slot } from '../../shared/contract/index.ts'
import {
  OID,
  parseCertificate,
  parseCrl,
  PkiError,
  verifyPath,
  verifySignedData,
  type Certificate,
  type CertificateList,
  type KeyUsage,
  type PkiReason,
} from '../../shared/pki/index.ts'
import type { CaGateway } from '../ca/gateway.ts'
import { findOperatorCertificate, type RegisteredCertificate } from '../db/repositories/operators.ts'
import type { OperationalDatabase } from '../db/schema.ts'

const CODES: Partial<Record<PkiReason, ErrorCode>> = {
  expired: 'CERTIFICATE_EXPIRED',
  'not-yet-valid': 'CERTIFICATE_NOT_YET_VALID',
  revoked: 'CERTIFICATE_REVOKED',
  'on-hold': 'CERTIFICATE_REVOKED',
  'key-usage': 'CERTIFICATE_WRONG_USAGE',
  eku: 'CERTIFICATE_WRONG_USAGE',
  untrusted: 'CERTIFICATE_UNTRUSTED',
  'bad-signature': 'CERTIFICATE_UNTRUSTED',
  'not-a-ca': 'CERTIFICATE_UNTRUSTED',
  'path-len': 'CERTIFICATE_UNTRUSTED',
  // Fail closed: what cannot be checked is not trusted (DESIGN 4.4).
  'no-revocation-data': 'CA_UNAVAILABLE',
  'stale-crl': 'CA_UNAVAILABLE',
  'crl-not-yet-valid': 'CA_UNAVAILABLE',
}

/** The error code a refused path stands for; the clause goes into the detail. */
export const certificateError = (error: unknown): unknown =>
  error instanceof PkiError
    ? new AppError(CODES[error.reason] ?? 'CERTIFICATE_INVALID', { reason: error.reason }, { cause: error })
    : error

export interface VerifiedOperatorSignature {
  readonly registered: RegisteredCertificate
  readonly certificate: Certificate
  readonly content: Uint8Array
}

interface Wanted {
  readonly cms: Uint8Array
  /** Content of a detached signature. */
  readonly content?: Uint8Array
  readonly tenant: string
  readonly at: number
  readonly keyUsage: readonly KeyUsage[]
  readonly eku?: string
  /** Told whose certificate it is as soon as its key was proved, also when it is refused afterwards: for the audit. */
  readonly onOperator?: (operatorId: string) => void
}

/**
 * Who signed: the list of checks between bytes that came from outside and an operator we know. In order: the signature
 * itself, the path to our CA with validity, usage and CRL, then the register of operators' certificates.
 */
export class TrustedSigners {
  readonly #db: OperationalDatabase
  readonly #ca: CaGateway
  #crls: { key: string; lists: CertificateList[] } = { key: '', lists: [] }

  constructor(db: OperationalDatabase, ca: CaGateway) {
    this.#db = db
    this.#ca = ca
  }

  /**
   * Throws SIGN_IN_STATEMENT_INVALID (`reason`: why the signature does not stand), CERTIFICATE_*, CA_UNAVAILABLE,
   * OPERATOR_NOT_FOUND (certificate not registered), OPERATOR_SUSPENDED.
   */
  async verify(wanted: Wanted): Promise<VerifiedOperatorSignature> {
    const { cms, content } = wanted
    const signed = this.#verifySignature(cms, content)
    const fingerprint = hash('sha256', signed.signerCertificate.der)
    const registered = await findOperatorCertificate(this.#db, wanted.tenant, fingerprint)
    if (registered) wanted.onOperator?.(registered.operatorId)
    await this.#verifyTrust(signed.signerCertificate, wanted)
    this.#assertRegistered(registered)
    return { registered, certificate: signed.signerCertificate, content: signed.content }
  }

  /** Proves that an attached signature was made by this operator's own signature certificate of that slot. */
  async assertOperatorSigned(wanted: {
    readonly cms: Uint8Array
    readonly operatorId: string
    readonly tenant: string
    readonly slot: Slot
    readonly at: number
  }): Promise<void> {
    const { cms, tenant, at } = wanted
    const { registered } = await this.verify({ cms, tenant, at, keyUsage: ['contentCommitment'] })
    if (registered.operatorId !== wanted.operatorId) throw new AppError('RECORD_INVALID', { reason: 'other-operator' })
    if (registered.slot !== wanted.slot) throw new AppError('RECORD_INVALID', { reason: 'other-key' })
  }

  #verifySignature(cms: Uint8Array, content: Uint8Array | undefined) {
    try {
      return verifySignedData({ cms, ...(content === undefined ? {} : { content }) })
    } catch (cause) {
      if (cause instanceof PkiError)
        throw new AppError('SIGN_IN_STATEMENT_INVALID', { reason: cause.reason }, { cause })
      throw cause
    }
  }

  async #verifyTrust(leaf: Certificate, { at, keyUsage, eku }: Wanted): Promise<void> {
    const chain = (await this.#ca.chain()).map((der) => parseCertificate(der))
    const root = chain.at(-1)
    if (!root) throw new AppError('CA_UNAVAILABLE', { reason: 'no-anchor' })
    try {
      verifyPath({
        leaf,
        intermediates: chain.slice(0, -1),
        anchors: [root],
        at: new Date(at),
        requiredKeyUsage: keyUsage,
        ...(eku === undefined ? {} : { requiredEku: eku }),
        revocation: 'require',
        crls: await this.#currentCrls(),
      })
    } catch (error) {
      throw certificateError(error)
    }
  }

  async #currentCrls(): Promise<CertificateList[]> {
    const published = await this.#ca.crls()
    const key = published.map((crl) => `${crl.number}@${crl.thisUpdate.getTime()}`).join(',')
    if (this.#crls.key !== key) this.#crls = { key, lists: published.map((crl) => parseCrl(crl.der)) }
    return this.#crls.lists
  }

  #assertRegistered(registered: RegisteredCertificate | null): asserts registered is RegisteredCertificate {
    if (!registered) throw new AppError('OPERATOR_NOT_FOUND')
    if (registered.status === 'revoked') throw new AppError('CERTIFICATE_REVOKED', { reason: 'registered-revoked' })
    if (registered.operatorStatus !== 'active') throw new AppError('OPERATOR_SUSPENDED')
  }
}

export const SIGN_IN_USAGE = { keyUsage: ['digitalSignature'] as const, eku: OID.clientAuth }
