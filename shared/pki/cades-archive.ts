import { concatBytes, toHex } from './bytes.ts'
import type { SignedDataParts, UnsignedAttribute } from './cms-parts.ts'
import { digest } from './crypto.ts'
import { readDer, readOctets, sequence, type DerCursor } from './der-read.ts'
import { writeOctets, writeOid, writeSequence } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { encodeHash, parseHash } from './signature.ts'
import type { MessageImprint } from './tsp-request.ts'
import type { HashName } from './types.ts'

const MAX_INDEXED = 256

/** What an archive time-stamp is over: the imprint, and the index that goes into the token beside it. */
export interface ArchiveImprint {
  readonly imprint: MessageImprint
  /** ATSHashIndexV3, DER. */
  readonly hashIndex: Uint8Array
}

/** The digest of one attribute value with its type before it (ETSI EN 319 122-1 5.5.2). */
const valueDigests = (hash: HashName, { oid, values }: UnsignedAttribute): Uint8Array[] =>
  values.map((value) => digest(hash, writeOid(oid), value))

/**
 * Over everything the signature has now (ETSI EN 319 122-1 5.5.2, 5.5.3). `contentDigest` is by the same hash.
 */
export function archiveImprint(parts: SignedDataParts, contentDigest: Uint8Array, hash: HashName): ArchiveImprint {
  const list = (digests: readonly Uint8Array[]) => writeSequence(...digests.map(writeOctets))
  const hashIndex = writeSequence(
    encodeHash(hash),
    list(parts.certificates.map((one) => digest(hash, one))),
    list(parts.revocations.map((one) => digest(hash, one))),
    list(parts.signerInfo.unsignedAttributes.flatMap((one) => valueDigests(hash, one))),
  )
  return { imprint: { hash, digest: digest(hash, imprintInput(parts, contentDigest, hashIndex)) }, hashIndex }
}

/** 5.5.3: content type, digest of the content, the signer's fields up to the signature, the index. */
const imprintInput = (parts: SignedDataParts, contentDigest: Uint8Array, hashIndex: Uint8Array): Uint8Array =>
  concatBytes([writeOid(parts.contentType), contentDigest, parts.signerInfo.fixed, hashIndex])

/**
 * The imprint that an archive time-stamp with this index must have. Everything indexed must be there; every unsigned
 * attribute but `later` (archive time-stamps that came after it) must be indexed, or it could have been put in since.
 * Throws PkiError `archive-index`, `malformed`.
 */
export function imprintByIndex(
  parts: SignedDataParts,
  hashIndex: Uint8Array,
  digestOf: (hash: HashName) => Uint8Array,
  later: ReadonlySet<Uint8Array>,
): MessageImprint {
  const fields = sequence(readDer(hashIndex), 'ATSHashIndexV3')
  const hash = parseHash(fields.next())
  const certificates = readDigests(fields)
  const revocations = readDigests(fields)
  const values = readDigests(fields)
  fields.end()
  verifyIndexed(certificates, digestSet(parts.certificates.map((one) => digest(hash, one))), 'certificates')
  verifyIndexed(revocations, digestSet(parts.revocations.map((one) => digest(hash, one))), 'crls')
  const attributes = parts.signerInfo.unsignedAttributes
  const present = digestSet(attributes.flatMap((one) => valueDigests(hash, one)))
  verifyIndexed(values, present, 'unsignedAttrs')
  const earlier = digestSet(attributes.filter(({ raw }) => !later.has(raw)).flatMap((one) => valueDigests(hash, one)))
  verifyIndexed(earlier, values, 'unsignedAttrs not indexed')
  return { hash, digest: digest(hash, imprintInput(parts, digestOf(hash), hashIndex)) }
}

const digestSet = (digests: readonly Uint8Array[]): Set<string> => new Set(digests.map(toHex))

const readDigests = (fields: DerCursor): Set<string> =>
  digestSet(sequence(fields.next(), 'hash index').rest(MAX_INDEXED).map(readOctets))

function verifyIndexed(wanted: ReadonlySet<string>, present: ReadonlySet<string>, what: string): void {
  for (const one of wanted) {
    if (!present.has(one)) refuse('archive-index', `ETSI EN 319 122-1 5.5.2: ${what}`, { digest: one })
  }
}

/** The index carried in an archive time-stamp token. Throws PkiError `archive-index`. */
export function hashIndexOf({ signerInfo }: SignedDataParts): Uint8Array {
  const found = signerInfo.unsignedAttributes.filter(({ oid }) => oid === OID.atsHashIndexV3)
  const [value] = found[0]?.values ?? []
  if (!value || found.length !== 1 || found[0]?.values.length !== 1) {
    return refuse('archive-index', 'ETSI EN 319 122-1 5.5.3: one ats-hash-index-v3', { count: found.length })
  }
  return value
}
