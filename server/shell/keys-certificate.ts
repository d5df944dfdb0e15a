import { readFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/index.ts'
import {
  decodePem,
  isSameName,
  parseCertificate,
  PkiError,
  verifyPath,
  type Certificate,
} from '../../shared/pki/index.ts'

const MAX_FILE = 1024 * 1024

/** A file of certificates, PEM (several) or DER (one). Throws REQUEST_INVALID (`unreadable`, `malformed`). */
export const readCertificates = (file: string, path: string): readonly Certificate[] => {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { path, reason: 'unreadable' }, { cause })
  }
  if (bytes.length > MAX_FILE) throw new AppError('REQUEST_INVALID', { path, reason: 'too-large' })
  try {
    const isPem = bytes.includes('-----BEGIN ')
    const ders = isPem ? decodePem('CERTIFICATE', bytes.toString('latin1')) : [new Uint8Array(bytes)]
    if (ders.length === 0) throw new AppError('REQUEST_INVALID', { path, reason: 'malformed' })
    return ders.map((der) => parseCertificate(der))
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause
    throw new AppError('REQUEST_INVALID', { path, reason: 'malformed' }, { cause })
  }
}

/**
 * The anchor of a certificate that exports are signed with must be one the server signs under: otherwise the next export
 * would fail. Throws REQUEST_INVALID (`not-trusted`).
 */
export const assertTrusted = (trustFile: string | undefined, anchor: Uint8Array | undefined): void => {
  const trusted = trustFile === undefined ? [] : readCertificates(trustFile, 'signing.trustFile')
  const found = anchor && trusted.some(({ der }) => Buffer.compare(der, anchor) === 0)
  if (!found) throw new AppError('REQUEST_INVALID', { path: '--certificate', reason: 'not-trusted' })
}

const isOwnIssuer = ({ subject, issuer }: Certificate): boolean => isSameName(subject, issuer)

export interface CheckedCertificate {
  readonly leaf: Certificate
  /** Leaf first, anchor last. */
  readonly path: readonly Certificate[]
}

/**
 * The certificate of a key, and the way from it to an anchor among the issuers given. Checked: it is for this key, it may
 * sign, it is valid now, and RFC 5280 6.1 up to a certificate that issued itself. Whether that one is to be trusted is
 * for whoever verifies signatures. Throws REQUEST_INVALID: `key`, `no-anchor`, `key-usage`, or as the path is refused.
 */
export const checkCertificate = (
  spki: Uint8Array,
  given: { readonly certificate: readonly Certificate[]; readonly issuers: readonly Certificate[] },
  now: Date,
): CheckedCertificate => {
  const refused = (reason: string, cause?: unknown): AppError =>
    new AppError('REQUEST_INVALID', { path: '--certificate', reason }, { cause })
  const leaf = given.certificate.find((one) => Buffer.compare(one.spki, spki) === 0)
  if (!leaf) throw refused('key')
  const others = [...given.certificate, ...given.issuers].filter((one) => one !== leaf)
  const anchors = others.filter(isOwnIssuer)
  if (anchors.length === 0) throw refused('no-anchor')
  const { keyUsage } = leaf
  if (keyUsage && !keyUsage.has('digitalSignature') && !keyUsage.has('contentCommitment')) throw refused('key-usage')
  try {
    const intermediates = others.filter((one) => !isOwnIssuer(one))
    const { path } = verifyPath({ leaf, intermediates, anchors, at: now, revocation: 'none' })
    return { leaf, path }
  } catch (error) {
    throw error instanceof PkiError ? refused(error.reason, error) : error
  }
}
