import { compareBytes, concatBytes } from './bytes.ts'
import type { IssuerAndSerial } from './cms-certificate.ts'
import {
  contextTag,
  DerCursor,
  readDer,
  readOctets,
  readOid,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'

export const MAX_CERTIFICATES = 32
/** Lists and answers carried for later verification; each list may be large, so there are few. */
const MAX_REVOCATIONS = 64
const MAX_UNSIGNED = 64
/** Each is judged with all that is carried. */
const MAX_SIGNERS = 4
const CONTEXT_0 = contextTag(0, true)
const CONTEXT_1 = contextTag(1, true)

/** SignedData taken apart (RFC 5652 5.1): views into the bytes given, nothing judged. */
export interface SignedDataParts {
  readonly version: number
  readonly digestAlgorithms: readonly DerNode[]
  readonly contentType: string
  /** EncapsulatedContentInfo as encoded. */
  readonly encapsulated: Uint8Array
  readonly eContent: Uint8Array | null
  /** CertificateChoices, each as encoded: what is no SEQUENCE is not an X.509 certificate. */
  readonly certificates: readonly Uint8Array[]
  /** RevocationInfoChoice, each as encoded: a CertificateList, or `[1]` OtherRevocationInfoFormat. */
  readonly revocations: readonly Uint8Array[]
  /** The one looked at. */
  readonly signerInfo: SignerInfoParts
  /** All, in the order found. */
  readonly signerInfos: readonly SignerInfoParts[]
}

export interface SignerInfoParts {
  readonly version: number
  readonly id: IssuerAndSerial
  readonly digestAlgorithm: DerNode
  /** `[0] IMPLICIT SET OF`, or null where nothing but the content is signed. */
  readonly signedAttributes: DerNode | null
  readonly signatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
  readonly unsignedAttributes: readonly UnsignedAttribute[]
  /** All fields before the unsigned attributes, as encoded. */
  readonly fixed: Uint8Array
}

/** Nobody signs these; what they hold must stand by itself (a time-stamp token does). */
export interface UnsignedAttribute {
  readonly oid: string
  /** DER of each value. */
  readonly values: readonly Uint8Array[]
  readonly raw: Uint8Array
}

/** Takes a ContentInfo with SignedData over content of that type, of exactly one signer, apart. Throws PkiError. */
export function readSignedData(cms: Uint8Array, expected: string): SignedDataParts {
  const [parts, ...more] = readSigners(cms, expected)
  if (!parts || more.length > 0) return refuse('signer-count', 'one SignerInfo', { count: more.length + 1 })
  return parts
}

/** That of the signer whose signature value this is; the only one, where none is named. Throws PkiError. */
export function readSigner(cms: Uint8Array, expected: string, signature: Uint8Array | undefined): SignedDataParts {
  if (!signature) return readSignedData(cms, expected)
  const found = readSigners(cms, expected).filter((one) => compareBytes(one.signerInfo.signature, signature) === 0)
  const [parts] = found
  if (!parts || found.length !== 1) return refuse('signer-count', 'the signer named', { count: found.length })
  return parts
}

/** The same of one signer or several beside each other (RFC 5652 5.3): once for each. Throws PkiError. */
export function readSigners(cms: Uint8Array, expected: string): SignedDataParts[] {
  const outer = sequence(readDer(cms), 'ContentInfo')
  const type = readOid(outer.next())
  if (type !== OID.signedData) refuse('content-type', 'RFC 5652 5.1: signedData', { oid: type })
  const wrapper = new DerCursor(outer.next(), CONTEXT_0, 'content')
  outer.end()
  const fields = sequence(wrapper.next(), 'SignedData')
  wrapper.end()
  const version = readSmallInteger(fields.next())
  const digestAlgorithms = new DerCursor(fields.next(), TAG.set, 'digestAlgorithms').rest(MAX_SIGNERS)
  const encapsulated = fields.next()
  const { contentType, eContent } = readEncapsulated(sequence(encapsulated, 'EncapsulatedContentInfo'))
  if (contentType !== expected) refuse('content-type', 'RFC 5652 5.2', { oid: contentType })
  const certificates = listOf(fields, CONTEXT_0, MAX_CERTIFICATES, 'certificates')
  const revocations = listOf(fields, CONTEXT_1, MAX_REVOCATIONS, 'crls')
  const infos = new DerCursor(fields.next(), TAG.set, 'signerInfos').rest(MAX_SIGNERS)
  fields.end()
  const raw = (nodes: readonly DerNode[]) => nodes.map((node) => node.raw)
  const expectedVersion = signedDataVersion(contentType, raw(certificates), raw(revocations))
  if (version !== expectedVersion) {
    refuse('unsupported-version', 'RFC 5652 5.1: SignedData', { version, expected: expectedVersion })
  }
  if (infos.length === 0) refuse('signer-count', 'RFC 5652 5.1: nobody signed', { count: 0 })
  const signerInfos = infos.map(readSignerInfo)
  const common = {
    version,
    digestAlgorithms,
    contentType,
    encapsulated: encapsulated.raw,
    eContent,
    certificates: raw(certificates),
    revocations: raw(revocations),
    signerInfos,
  }
  return signerInfos.map((signerInfo) => ({ ...common, signerInfo }))
}

function listOf(fields: DerCursor, tag: number, limit: number, what: string): DerNode[] {
  const node = fields.optional(tag)
  return node ? new DerCursor(node, tag, what).rest(limit) : []
}

/** RFC 5652 5.1: the version follows from what is inside. SignerInfo version 3 is not read. */
export function signedDataVersion(
  contentType: string,
  certificates: readonly Uint8Array[],
  revocations: readonly Uint8Array[],
): number {
  const has = (list: readonly Uint8Array[], tag: number) => list.some((one) => one[0] === tag)
  if (has(certificates, contextTag(3, true)) || revocations.some((one) => one[0] !== TAG.sequence)) return 5
  if (has(certificates, contextTag(2, true))) return 4
  return contentType !== OID.data || has(certificates, contextTag(1, true)) ? 3 : 1
}

function readEncapsulated(fields: DerCursor): { contentType: string; eContent: Uint8Array | null } {
  const contentType = readOid(fields.next())
  const wrapper = fields.optional(CONTEXT_0)
  fields.end()
  if (!wrapper) return { contentType, eContent: null }
  const inner = new DerCursor(wrapper, CONTEXT_0, 'eContent')
  const eContent = readOctets(inner.next())
  inner.end()
  return { contentType, eContent }
}

function readSignerInfo(node: DerNode): SignerInfoParts {
  const fields = sequence(node, 'SignerInfo')
  const taken: Uint8Array[] = []
  const take = (next: DerNode): DerNode => {
    taken.push(next.raw)
    return next
  }
  const version = readSmallInteger(take(fields.next()))
  if (version !== 1) refuse('unsupported-version', 'RFC 5652 5.3: issuerAndSerialNumber only', { version })
  const sid = sequence(take(fields.next()), 'IssuerAndSerialNumber')
  const id = { issuer: sid.next().raw, serial: sid.next().raw }
  sid.end()
  const digestAlgorithm = take(fields.next())
  const signedAttributes = fields.optional(CONTEXT_0)
  if (signedAttributes) take(signedAttributes)
  const signatureAlgorithm = take(fields.next()).raw
  const signature = readOctets(take(fields.next()))
  const unsigned = fields.optional(CONTEXT_1)
  fields.end()
  const unsignedAttributes = unsigned ? readUnsignedAttributes(unsigned) : []
  const fixed = concatBytes(taken)
  return { version, id, digestAlgorithm, signedAttributes, signatureAlgorithm, signature, unsignedAttributes, fixed }
}

/** In the order found; the same type may come again (ETSI EN 319 122-1 5.5.3: one archive time-stamp after another). */
function readUnsignedAttributes(node: DerNode): UnsignedAttribute[] {
  const items = new DerCursor(node, CONTEXT_1, 'UnsignedAttributes').rest(MAX_UNSIGNED)
  if (items.length === 0) refuse('malformed', 'RFC 5652 5.3: UnsignedAttributes SIZE (1..MAX)')
  return items.map((item) => {
    const fields = sequence(item, 'Attribute')
    const oid = readOid(fields.next())
    const values = new DerCursor(fields.next(), TAG.set, 'AttributeValues').rest(MAX_UNSIGNED)
    fields.end()
    if (values.length === 0) refuse('malformed', 'RFC 5652 5.3: AttributeValue SIZE (1..MAX)', { oid })
    return { oid, values: values.map((value) => value.raw), raw: item.raw }
  })
}
