import { toHex } from './bytes.ts'
import { parseCertificate } from './certificate.ts'
import { REASONS } from './crl-read.ts'
import {
  contextTag,
  DerCursor,
  readBitOctets,
  readDer,
  readOctets,
  readOid,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import { readTime } from './der-text.ts'
import { parseExtensions } from './extension.ts'
import { parseName } from './name.ts'
import { readCertificateId, type CertificateId } from './ocsp-request.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { parseSignatureAlgorithm } from './signature.ts'
import type { Certificate, Name, RevokedEntry, SignatureAlgorithm, WeakSignatureAlgorithm } from './types.ts'

export const MAX_OCSP_BYTES = 256 * 1024
const MAX_ANSWERS = 256
const MAX_CERTIFICATES = 16

/** OCSPResponseStatus by number (RFC 6960 4.2.1); 4 is unused. */
const STATUSES: Readonly<Record<number, string>> = {
  1: 'the request was malformed',
  2: 'internal error of the responder',
  3: 'the responder is busy, try later',
  5: 'the request must be signed',
  6: 'the responder does not serve this client',
}

export interface OcspAnswer {
  readonly id: CertificateId
  readonly status: 'good' | 'revoked' | 'unknown'
  /** There exactly where revoked. */
  readonly revoked: RevokedEntry | null
  readonly thisUpdate: Date
  /** Null: newer word is to be had at any time. */
  readonly nextUpdate: Date | null
}

/** BasicOCSPResponse (RFC 6960 4.2.1). Believe it only from `verifyOcspResponse`. */
export interface OcspResponse {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  /** Who says so: a name, or the SHA-1 of a key in hex. */
  readonly responder: { readonly name: Name } | { readonly keyHash: string }
  readonly producedAt: Date
  readonly answers: readonly OcspAnswer[]
  /** Hex, or null. */
  readonly nonce: string | null
  readonly signatureAlgorithm: SignatureAlgorithm | WeakSignatureAlgorithm
  readonly signature: Uint8Array
  readonly certificates: readonly Certificate[]
}

/**
 * Throws PkiError `ocsp-status` with the responder's reason where it did not answer; else `malformed`, `too-large`,
 * `unsupported-algorithm`, `unsupported-version`, `critical-extension`.
 */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  const copy = new Uint8Array(der)
  const outer = sequence(readDer(copy, MAX_OCSP_BYTES), 'OCSPResponse')
  const status = readSmallInteger(outer.next(), TAG.enumerated)
  const tagged = outer.optional(contextTag(0, true))
  outer.end()
  if (status !== 0) {
    const words = STATUSES[status] ?? refuse('malformed', 'RFC 6960 4.2.1: responseStatus', { status })
    refuse('ocsp-status', 'RFC 6960 4.2.1: responseStatus', { status, words })
  }
  if (!tagged) return refuse('malformed', 'RFC 6960 4.2.1: responseBytes missing')
  const wrapper = new DerCursor(tagged, contextTag(0, true), 'responseBytes')
  const bytes = sequence(wrapper.next(), 'ResponseBytes')
  wrapper.end()
  const type = readOid(bytes.next())
  if (type !== OID.ocspBasic) refuse('unsupported-version', 'RFC 6960 4.2.1: id-pkix-ocsp-basic', { oid: type })
  const basic = readDer(readOctets(bytes.next()), MAX_OCSP_BYTES)
  bytes.end()
  return Object.freeze({ der: copy, ...readBasic(basic) })
}

function readBasic(node: DerNode): Omit<OcspResponse, 'der'> {
  const fields = sequence(node, 'BasicOCSPResponse')
  const data = fields.next()
  const algorithm = fields.next().raw
  const signature = readBitOctets(fields.next())
  const carried = fields.optional(contextTag(0, true))
  fields.end()
  return {
    tbs: data.raw,
    ...readData(sequence(data, 'ResponseData')),
    signatureAlgorithm: parseSignatureAlgorithm(algorithm),
    signature,
    certificates: carried ? readCertificates(carried) : [],
  }
}

function readCertificates(tagged: DerNode): Certificate[] {
  const wrapper = new DerCursor(tagged, contextTag(0, true), 'certs')
  const list = sequence(wrapper.next(), 'certs').rest(MAX_CERTIFICATES)
  wrapper.end()
  return list.map((one) => parseCertificate(one.raw))
}

function readData(data: DerCursor): Pick<OcspResponse, 'responder' | 'producedAt' | 'answers' | 'nonce'> {
  // Version 1 is the DEFAULT and must be left out.
  if (data.peek() === contextTag(0, true)) refuse('unsupported-version', 'RFC 6960 4.2.1: ResponseData')
  const responder = readResponder(data.next())
  const producedAt = generalizedTime(data.next())
  const answers = sequence(data.next(), 'responses').rest(MAX_ANSWERS).map(readAnswer)
  const nonce = readNonce(data.optional(contextTag(1, true)))
  data.end()
  return { responder, producedAt, answers, nonce }
}

function readResponder(node: DerNode): OcspResponse['responder'] {
  const [byName, byKey] = [contextTag(1, true), contextTag(2, true)]
  if (node.tag !== byName && node.tag !== byKey) refuse('malformed', 'RFC 6960 4.2.1: ResponderID')
  const fields = new DerCursor(node, node.tag, 'ResponderID')
  const value = fields.next()
  fields.end()
  return node.tag === byName ? { name: parseName(value.raw) } : { keyHash: toHex(readOctets(value)) }
}

function readAnswer(node: DerNode): OcspAnswer {
  const fields = sequence(node, 'SingleResponse')
  const id = readCertificateId(fields.next())
  const status = readStatus(fields.next(), id.serial)
  const thisUpdate = generalizedTime(fields.next())
  const next = fields.optional(contextTag(0, true))
  const extensions = fields.optional(contextTag(1, true))
  fields.end()
  if (extensions) readExtensions(extensions)
  return { id, ...status, thisUpdate, nextUpdate: next && explicit(next, 0, generalizedTime) }
}

function readStatus(node: DerNode, serial: string): Pick<OcspAnswer, 'status' | 'revoked'> {
  if (node.tag === contextTag(1, true)) {
    const fields = new DerCursor(node, node.tag, 'RevokedInfo')
    const at = generalizedTime(fields.next())
    const tagged = fields.optional(contextTag(0, true))
    fields.end()
    const code = tagged ? explicit(tagged, 0, (one) => readSmallInteger(one, TAG.enumerated)) : 0
    const reason = REASONS[code]
    if (!reason || reason === 'removeFromCRL') return refuse('crl-reason', 'RFC 6960 4.2.1: revocationReason', { code })
    return { status: 'revoked', revoked: { serial, at, reason } }
  }
  if (node.body.length !== 0) refuse('malformed', 'RFC 6960 4.2.1: CertStatus')
  if (node.tag === contextTag(0, false)) return { status: 'good', revoked: null }
  if (node.tag === contextTag(2, false)) return { status: 'unknown', revoked: null }
  return refuse('malformed', 'RFC 6960 4.2.1: CertStatus')
}

/** Only the nonce is known; a critical extension of another kind is refused (RFC 6960 4.4). */
function readNonce(node: DerNode | null): string | null {
  const extension = node ? readExtensions(node).get(OID.ocspNonce) : undefined
  return extension ? toHex(readOctets(readDer(extension.value))) : null
}

function readExtensions(node: DerNode) {
  const extensions = explicit(node, 1, parseExtensions)
  for (const { oid, critical } of extensions.values()) {
    if (critical && oid !== OID.ocspNonce) refuse('critical-extension', 'RFC 6960 4.4', { oid })
  }
  return extensions
}

function explicit<T>(node: DerNode, tag: number, read: (node: DerNode) => T): T {
  const fields = new DerCursor(node, contextTag(tag, true), 'explicit tag')
  const value = read(fields.next())
  fields.end()
  return value
}

function generalizedTime(node: DerNode): Date {
  if (node.tag !== TAG.generalizedTime) refuse('malformed', 'RFC 6960 4.2.2.1: GeneralizedTime')
  return readTime(node)
}
