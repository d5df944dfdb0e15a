import { compareBytes } from './bytes.ts'
import { readAuthorityKeyId } from './certificate-extensions.ts'
import { readSerial } from './certificate.ts'
import {
  contextTag,
  DerCursor,
  readBigInteger,
  readBitOctets,
  readDer,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import { readTime } from './der-text.ts'
import { readIssuingPoint } from './distribution-point.ts'
import { parseExtensions, type Extension } from './extension.ts'
import { parseName } from './name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { parseSignatureAlgorithm } from './signature.ts'
import type { CertificateList, Name, RevocationReason, RevokedEntry } from './types.ts'

/** By number (RFC 5280 5.3.1); 7 is unused. */
export const REASONS: readonly (RevocationReason | null)[] = [
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
/** What `verifyPath` takes into account. */
const LIST_EXTENSIONS = new Set<string>([OID.crlNumber, OID.issuingDistributionPoint, OID.deltaCrlIndicator])
const ENTRY_EXTENSIONS = new Set<string>([OID.crlReason, OID.certificateIssuer, OID.invalidityDate])

/**
 * Reads a full, direct list. Delta lists (`crl-delta`), indirect and partitioned ones (`crl-indirect`) are refused:
 * taking one for the whole would call revoked certificates good. Throws also `malformed`, `too-large`,
 * `unsupported-version`, `critical-extension`, `crl-reason`.
 */
export function parseCrl(der: Uint8Array): CertificateList {
  const list = parseAnyCrl(der)
  if (list.delta) refuse('crl-delta', 'RFC 5280 5.2.4')
  if (list.indirect || list.issuingPoint) refuse('crl-indirect', 'RFC 5280 5.2.5')
  return list
}

/**
 * Reads a list of any scope, for `verifyPath`, which looks at the scope: partitioned lists are used for what they are
 * about, delta and indirect ones refused there. Throws as `parseCrl`.
 */
export function parseAnyCrl(der: Uint8Array): CertificateList {
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
  const list = tbs.optional(TAG.sequence)
  const extensions = readListExtensions(tbs, issuer)
  tbs.end()
  const { entries, ofOthers } = readEntries(list, extensions.delta)
  return Object.freeze({
    der: copy,
    tbs: tbsNode.raw,
    issuer,
    thisUpdate,
    nextUpdate,
    ...extensions,
    indirect: extensions.indirect || ofOthers,
    signatureAlgorithm: parseSignatureAlgorithm(algorithm),
    signature,
    entries,
  })
}

type ListExtensions = Pick<CertificateList, 'number' | 'authorityKeyId' | 'issuingPoint' | 'delta' | 'indirect'>

function readListExtensions(tbs: DerCursor, issuer: Name): ListExtensions {
  const fields = new DerCursor(tbs.next(), contextTag(0, true), 'crlExtensions')
  const extensions = parseExtensions(fields.next())
  fields.end()
  refuseCritical(extensions, LIST_EXTENSIONS)
  const number = extensions.get(OID.crlNumber)
  if (!number) return refuse('malformed', 'RFC 5280 5.2.3: cRLNumber missing')
  const idp = extensions.get(OID.issuingDistributionPoint)
  const { point, indirect } = idp ? readIssuingPoint(idp.value, issuer) : { point: null, indirect: false }
  return {
    number: readBigInteger(readDer(number.value)),
    authorityKeyId: readAuthorityKeyId(extensions),
    issuingPoint: point,
    delta: extensions.has(OID.deltaCrlIndicator),
    indirect,
  }
}

function refuseCritical(extensions: ReadonlyMap<string, Extension>, known: ReadonlySet<string>): void {
  for (const { oid, critical } of extensions.values()) {
    if (critical && !known.has(oid)) refuse('critical-extension', 'RFC 5280 5.2', { oid })
  }
}

interface Entries {
  readonly entries: ReadonlyMap<string, RevokedEntry>
  /** Does any entry name another certificate issuer (5.3.3)? */
  readonly ofOthers: boolean
}

function readEntries(list: DerNode | null, delta: boolean): Entries {
  const entries = new Map<string, RevokedEntry>()
  let ofOthers = false
  for (const node of list ? sequence(list, 'revokedCertificates').rest(MAX_ENTRIES) : []) {
    const fields = sequence(node, 'revokedCertificate')
    const serial = readSerial(fields.next())
    const at = readTime(fields.next())
    const extensions = fields.done ? null : parseExtensions(fields.next())
    fields.end()
    ofOthers ||= extensions?.has(OID.certificateIssuer) ?? false
    // Serials of several issuers may meet in one list.
    if (entries.has(serial) && !ofOthers) refuse('malformed', 'RFC 5280 5.1.2.6: serial twice', { serial })
    entries.set(serial, { serial, at, ...readEntryExtensions(extensions, delta) })
  }
  return { entries, ofOthers }
}

function readEntryExtensions(
  extensions: ReadonlyMap<string, Extension> | null,
  delta: boolean,
): { readonly reason: RevocationReason; readonly invalidAt?: Date } {
  if (!extensions) return { reason: 'unspecified' }
  refuseCritical(extensions, ENTRY_EXTENSIONS)
  const code = extensions.get(OID.crlReason)
  const date = extensions.get(OID.invalidityDate)
  const reason = code ? REASONS[readSmallInteger(readDer(code.value), TAG.enumerated)] : 'unspecified'
  // Only a delta list may take an entry back (5.3.1).
  if (!reason || (reason === 'removeFromCRL' && !delta)) return refuse('crl-reason', 'RFC 5280 5.3.1')
  return { reason, ...(date ? { invalidAt: readInvalidityDate(date.value) } : {}) }
}

function readInvalidityDate(value: Uint8Array): Date {
  const node = readDer(value)
  if (node.tag !== TAG.generalizedTime) refuse('malformed', 'RFC 5280 5.3.2: invalidityDate')
  return readTime(node)
}
