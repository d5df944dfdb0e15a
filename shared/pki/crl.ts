import { compareBytes, fromHex } from './bytes.ts'
import { readAuthorityKeyId, writeAuthorityKeyId } from './certificate-extensions.ts'
import { assembleSigned } from './certificate.ts'
import {
  contextTag,
  DerCursor,
  readBigInteger,
  readBitOctets,
  readDer,
  readPositiveHex,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import { readTime } from './der-text.ts'
import { writeExplicit, writeInteger, writeSequence, writeTime, writeUnsigned } from './der-write.ts'
import { parseExtensions, writeExtension, type Extension } from './extension.ts'
import { parseName } from './name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { encodeSignatureAlgorithm, parseSignatureAlgorithm, verifySignature } from './signature.ts'
import type {
  Certificate,
  CertificateList,
  CrlFields,
  ExternalSigner,
  RevocationReason,
  RevokedEntry,
} from './types.ts'

/** By number (RFC 5280 5.3.1); 7 is unused. */
const REASONS: readonly (RevocationReason | null)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  null,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
]
const MAX_ENTRIES = 1_000_000
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

function writeEntry({ serial, at, reason }: RevokedEntry): Uint8Array {
  // Only a delta list may take an entry back (5.3.1); in a full one it would read as "revoked" to some, "good" to others.
  if (reason === 'removeFromCRL') refuse('crl-reason', 'RFC 5280 5.3.1: removeFromCRL in a full list')
  const code = writeInteger(REASONS.indexOf(reason), TAG.enumerated)
  const extensions = reason === 'unspecified' ? [] : [writeSequence(writeExtension(OID.crlReason, false, code))]
  return writeSequence(writeUnsigned(fromHex(serial)), writeTime(at), ...extensions)
}

/**
 * Reads a full, direct list. Delta lists (`crl-delta`), indirect and partitioned ones (`crl-indirect`) are refused:
 * taking one for the whole would call revoked certificates good. Throws also `malformed`, `too-large`,
 * `unsupported-version`, `critical-extension`, `crl-reason`.
 */
export function parseCrl(der: Uint8Array): CertificateList {
  const copy = new Uint8Array(der)
  const outer = sequence(readDer(copy), 'CertificateList')
  const tbsNode = outer.next()
  const algorithm = outer.next().raw
  const signature = readBitOctets(outer.next())
  outer.end()

  const tbs = sequence(tbsNode, 'TBSCertList')
  const version = tbs.peek() === TAG.integer ? readSmallInteger(tbs.next()) : 0
  if (version !== 1) refuse('unsupported-version', 'RFC 5280 5.1.2.1', { version: version + 1 })
  if (compareBytes(tbs.next().raw, algorithm) !== 0) refuse('malformed', 'RFC 5280 5.1.1.2: algorithms differ')
  const issuer = parseName(tbs.next().raw)
  const thisUpdate = readTime(tbs.next())
  if (tbs.peek() !== TAG.utcTime && tbs.peek() !== TAG.generalizedTime) {
    refuse('malformed', 'RFC 5280 5.1.2.5: nextUpdate missing')
  }
  const nextUpdate = readTime(tbs.next())
  const entries = readEntries(tbs.optional(TAG.sequence))
  const extensions = readListExtensions(tbs)
  tbs.end()
  return Object.freeze({
    der: copy,
    tbs: tbsNode.raw,
    issuer,
    thisUpdate,
    nextUpdate,
    ...extensions,
    signatureAlgorithm: parseSignatureAlgorithm(algorithm),
    signature,
    entries,
  })
}

function readListExtensions(tbs: DerCursor): { readonly number: bigint; readonly authorityKeyId: string | null } {
  const fields = new DerCursor(tbs.next(), contextTag(0, true), 'crlExtensions')
  const extensions = parseExtensions(fields.next())
  fields.end()
  if (extensions.has(OID.deltaCrlIndicator)) refuse('crl-delta', 'RFC 5280 5.2.4')
  if (extensions.has(OID.issuingDistributionPoint)) refuse('crl-indirect', 'RFC 5280 5.2.5')
  refuseCritical(extensions, new Set([OID.crlNumber]))
  const number = extensions.get(OID.crlNumber)
  if (!number) return refuse('malformed', 'RFC 5280 5.2.3: cRLNumber missing')
  return { number: readBigInteger(readDer(number.value)), authorityKeyId: readAuthorityKeyId(extensions) }
}

function refuseCritical(extensions: ReadonlyMap<string, Extension>, known: ReadonlySet<string>): void {
  for (const { oid, critical } of extensions.values()) {
    if (critical && !known.has(oid)) refuse('critical-extension', 'RFC 5280 5.2', { oid })
  }
}

function readEntries(list: DerNode | null): ReadonlyMap<string, RevokedEntry> {
  const entries = new Map<string, RevokedEntry>()
  if (!list) return entries
  for (const node of sequence(list, 'revokedCertificates').rest(MAX_ENTRIES)) {
    const fields = sequence(node, 'revokedCertificate')
    const serial = readPositiveHex(fields.next(), 20)
    const at = readTime(fields.next())
    const reason = fields.done ? 'unspecified' : readReason(parseExtensions(fields.next()))
    fields.end()
    if (entries.has(serial)) refuse('malformed', 'RFC 5280 5.1.2.6: serial twice', { serial })
    entries.set(serial, { serial, at, reason })
  }
  return entries
}

function readReason(extensions: ReadonlyMap<string, Extension>): RevocationReason {
  if (extensions.has(OID.certificateIssuer)) refuse('crl-indirect', 'RFC 5280 5.3.3')
  refuseCritical(extensions, new Set([OID.crlReason]))
  const extension = extensions.get(OID.crlReason)
  if (!extension) return 'unspecified'
  const reason = REASONS[readSmallInteger(readDer(extension.value), TAG.enumerated)]
  if (!reason || reason === 'removeFromCRL') return refuse('crl-reason', 'RFC 5280 5.3.1')
  return reason
}

/**
 * Returns when the list is the issuer's word at that moment: same name, key allowed to sign lists, signature, fresh.
 * Throws PkiError `crl-issuer`, `key-usage`, `bad-signature`, `weak-hash`, `crl-not-yet-valid`, `stale-crl`.
 */
export function verifyCrl(crl: CertificateList, issuer: Certificate, at: Date): void {
  if (compareBytes(crl.issuer.der, issuer.subject.der) !== 0) refuse('crl-issuer', 'RFC 5280 6.3.3 (b)')
  if (crl.authorityKeyId && issuer.subjectKeyId && crl.authorityKeyId !== issuer.subjectKeyId) {
    refuse('crl-issuer', 'RFC 5280 5.2.1')
  }
  if (!issuer.keyUsage?.has('cRLSign')) refuse('key-usage', 'RFC 5280 6.3.3 (f)', { needed: 'cRLSign' })
  const { signatureAlgorithm: algorithm, signature } = crl
  verifySignature({ algorithm, spki: issuer.spki, data: crl.tbs, signature })
  if (crl.thisUpdate.getTime() > at.getTime() + CLOCK_SKEW_MS) {
    refuse('crl-not-yet-valid', 'RFC 5280 5.1.2.4', { thisUpdate: crl.thisUpdate.toISOString() })
  }
  if (crl.nextUpdate < at) refuse('stale-crl', 'RFC 5280 6.3.3 (a)', { nextUpdate: crl.nextUpdate.toISOString() })
}

/** The entry for a serial, or null: not revoked according to this list. */
export const findRevocation = (crl: CertificateList, serial: string): RevokedEntry | null =>
  crl.entries.get(serial) ?? null

/** Throws PkiError `revoked` or `on-hold` where the list has the certificate. */
export function verifyNotRevoked(crl: CertificateList, certificate: Certificate): void {
  const entry = findRevocation(crl, certificate.serial)
  if (!entry) return
  const detail = { serial: entry.serial, at: entry.at.toISOString(), reason: entry.reason }
  if (entry.reason === 'certificateHold') refuse('on-hold', 'RFC 5280 5.3.1', detail)
  refuse('revoked', 'RFC 5280 6.3.3 (i)', detail)
}
