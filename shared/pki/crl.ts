import { fromHex } from './bytes.ts'
import { writeAuthorityKeyId } from './certificate-extensions.ts'
import { assembleSigned } from './certificate.ts'
import { REASONS } from './crl-read.ts'
import { TAG } from './der-read.ts'
import {
  writeExplicit,
  writeGeneralizedTime,
  writeInteger,
  writeSequence,
  writeTime,
  writeUnsigned,
} from './der-write.ts'
import { writeExtension } from './extension.ts'
import { isSameName } from './name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { encodeSignatureAlgorithm, verifySignature } from './signature.ts'
import type { Certificate, CertificateList, CrlFields, ExternalSigner, RevokedEntry } from './types.ts'

/** Clocks of the issuer and of the verifier may differ by this much. */
const CLOCK_SKEW_MS = 60_000

/** A full version 2 list, DER (RFC 5280 5.1), entries by serial. Throws PkiError `invalid-input`, `crl-reason`. */
export async function signCrl(fields: CrlFields, signer: ExternalSigner): Promise<Uint8Array> {
  if (!(fields.thisUpdate < fields.nextUpdate)) refuse('invalid-input', 'RFC 5280 5.1.2.5: nextUpdate')
  if (new Set(fields.entries.map((entry) => entry.serial)).size !== fields.entries.length) {
    refuse('invalid-input', 'RFC 5280 5.1.2.6: serial twice')
  }
  const entries = [...fields.entries].sort((a, b) => (a.serial < b.serial ? -1 : 1)).map(writeEntry)
  const tbs = writeSequence(
    writeInteger(1),
    encodeSignatureAlgorithm(signer.algorithm),
    fields.issuer,
    writeTime(fields.thisUpdate),
    writeTime(fields.nextUpdate),
    // Absent, not empty, where there is none (5.1.2.6).
    ...(entries.length > 0 ? [writeSequence(...entries)] : []),
    writeExplicit(
      0,
      writeSequence(
        writeAuthorityKeyId(fields.authorityKeyId),
        writeExtension(OID.crlNumber, false, writeInteger(fields.number)),
      ),
    ),
  )
  return assembleSigned(tbs, signer.algorithm, await signer.sign(tbs))
}

function writeEntry({ serial, at, reason, invalidAt }: RevokedEntry): Uint8Array {
  // Only a delta list may take an entry back (5.3.1); in a full one it would read as "revoked" to some, "good" to others.
  if (reason === 'removeFromCRL') refuse('crl-reason', 'RFC 5280 5.3.1: removeFromCRL in a full list')
  const code = writeInteger(REASONS.indexOf(reason), TAG.enumerated)
  const extensions = [
    ...(reason === 'unspecified' ? [] : [writeExtension(OID.crlReason, false, code)]),
    ...(invalidAt ? [writeExtension(OID.invalidityDate, false, writeGeneralizedTime(invalidAt))] : []),
  ]
  const tail = extensions.length > 0 ? [writeSequence(...extensions)] : []
  return writeSequence(writeUnsigned(fromHex(serial)), writeTime(at), ...tail)
}

/**
 * Returns when the list is the issuer's word, about all its certificates, at that moment: same name, key allowed to
 * sign lists, signature, fresh. Throws PkiError `crl-delta`, `crl-indirect`, `crl-issuer`, `key-usage`,
 * `bad-signature`, `weak-hash`, `crl-not-yet-valid`, `stale-crl`.
 */
export function verifyCrl(crl: CertificateList, issuer: Certificate, at: Date): void {
  if (crl.delta) refuse('crl-delta', 'RFC 5280 5.2.4')
  if (crl.indirect || crl.issuingPoint) refuse('crl-indirect', 'RFC 5280 5.2.5')
  verifyCrlSigner(crl, issuer)
  const { signatureAlgorithm: algorithm, signature } = crl
  verifySignature({ algorithm, spki: issuer.spki, data: crl.tbs, signature })
  verifyCrlTime(crl, at, at)
}

/** RFC 5280 6.3.3 (b) and (f): a key that may sign lists under that name. */
export function verifyCrlSigner(crl: CertificateList, signer: Certificate): void {
  if (!isSameName(crl.issuer, signer.subject)) refuse('crl-issuer', 'RFC 5280 6.3.3 (b)')
  if (crl.authorityKeyId && signer.subjectKeyId && crl.authorityKeyId !== signer.subjectKeyId) {
    refuse('crl-issuer', 'RFC 5280 5.2.1')
  }
  // An old anchor may lack keyUsage; then being a CA is all there is to go by.
  const maySign = signer.keyUsage?.has('cRLSign') ?? signer.basicConstraints?.ca ?? false
  if (!maySign) refuse('key-usage', 'RFC 5280 6.3.3 (f)', { needed: 'cRLSign' })
}

/** Was it current at `at`, and made by `knownAt`? */
export function verifyCrlTime({ thisUpdate, nextUpdate }: CertificateList, at: Date, knownAt: Date): void {
  if (thisUpdate.getTime() > knownAt.getTime() + CLOCK_SKEW_MS) {
    refuse('crl-not-yet-valid', 'RFC 5280 5.1.2.4', { thisUpdate: thisUpdate.toISOString() })
  }
  if (nextUpdate < at) refuse('stale-crl', 'RFC 5280 6.3.3 (a)', { nextUpdate: nextUpdate.toISOString() })
}

/** The entry for a serial, or null: not revoked according to this list. */
export const findRevocation = (crl: CertificateList, serial: string): RevokedEntry | null =>
  crl.entries.get(serial) ?? null

/** Throws PkiError `revoked` or `on-hold` where the list has the certificate. */
export function verifyNotRevoked(crl: CertificateList, certificate: Certificate): void {
  const entry = findRevocation(crl, certificate.serial)
  if (entry) refuseRevoked(entry, 'RFC 5280 6.3.3 (i)')
}

/** `revoked` or `on-hold`, with when and why. */
export function refuseRevoked({ serial, at, reason, invalidAt }: RevokedEntry, clause: string): never {
  const since = invalidAt ? { invalidAt: invalidAt.toISOString() } : {}
  const detail = { serial, at: at.toISOString(), reason, ...since }
  return refuse(reason === 'certificateHold' ? 'on-hold' : 'revoked', clause, detail)
}
