import { toHex } from './bytes.ts'
import { readSigner, readSigners, signedDataVersion, type SignedDataParts, type SignerInfoParts } from './cms-parts.ts'
import { parseAnyCrl } from './crl-read.ts'
import { contextTag, DerCursor, readDer, readOid, TAG } from './der-read.ts'
import { tlv, writeExplicit, writeInteger, writeOid, writeSequence, writeSetOf } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import type { CertificateList } from './types.ts'

/** What may be added to a signature without touching what is signed. */
export interface Additions {
  readonly certificates?: readonly Uint8Array[]
  /** RevocationInfoChoice, encoded. */
  readonly revocations?: readonly Uint8Array[]
  /** Attribute, encoded; of the signer named. */
  readonly unsignedAttributes?: readonly Uint8Array[]
  /** Another SignerInfo, encoded, and the algorithm it digests by. */
  readonly signerInfo?: { readonly encoded: Uint8Array; readonly digestAlgorithm: Uint8Array }
}

/**
 * The same SignedData with more around the signature (RFC 5652 5.1, 5.3). Every element that was there keeps its
 * octets, so that what was hashed over it still holds; none is added twice. `signer`: see `readSigner`.
 * Throws PkiError where `cms` is not read.
 */
export function extendSignedData(
  cms: Uint8Array,
  contentType: string,
  additions: Additions,
  signer?: Uint8Array,
): Uint8Array {
  const [parts] = additions.unsignedAttributes ? [readSigner(cms, contentType, signer)] : readSigners(cms, contentType)
  if (!parts) return refuse('signer-count', 'RFC 5652 5.1: nobody signed', { count: 0 })
  const certificates = distinct([...parts.certificates, ...(additions.certificates ?? [])])
  const revocations = distinct([...parts.revocations, ...(additions.revocations ?? [])])
  const added = additions.signerInfo
  const algorithms = parts.digestAlgorithms.map((node) => node.raw)
  const signerInfos = parts.signerInfos.map((one) =>
    writeSignerInfo(one, one === parts.signerInfo ? additions.unsignedAttributes : []),
  )
  const signedData = writeSequence(
    writeInteger(signedDataVersion(contentType, certificates, revocations)),
    writeSetOf(...distinct([...algorithms, ...(added ? [added.digestAlgorithm] : [])])),
    parts.encapsulated,
    ...retag(0, certificates),
    ...retag(1, revocations),
    writeSetOf(...distinct([...signerInfos, ...(added ? [added.encoded] : [])])),
  )
  return writeSequence(writeOid(OID.signedData), writeExplicit(0, signedData))
}

const retag = (n: number, items: readonly Uint8Array[]) =>
  items.length > 0 ? [tlv(contextTag(n, true), readDer(writeSetOf(...items)).body)] : []

function writeSignerInfo(
  { fixed, unsignedAttributes }: SignerInfoParts,
  added: readonly Uint8Array[] = [],
): Uint8Array {
  return writeSequence(fixed, ...retag(1, distinct([...unsignedAttributes.map(({ raw }) => raw), ...added])))
}

const distinct = (items: readonly Uint8Array[]): Uint8Array[] => [
  ...new Map(items.map((item) => [toHex(item), item])).values(),
]

export const writeUnsignedAttribute = (oid: string, value: Uint8Array): Uint8Array =>
  writeSequence(writeOid(oid), writeSetOf(value))

/** An OCSP response among revocation information (RFC 5940 2.1): `[1]` OtherRevocationInfoFormat. */
export const writeOcspRevocation = (response: Uint8Array): Uint8Array =>
  tlv(contextTag(1, true), writeOid(OID.revocationInfoOcsp), response)

/** Lists and OCSP responses carried by the signature; other kinds are left out. Throws PkiError. */
export function readRevocations({ revocations }: SignedDataParts): {
  readonly crls: CertificateList[]
  readonly ocsp: Uint8Array[]
} {
  const crls: CertificateList[] = []
  const ocsp: Uint8Array[] = []
  for (const raw of revocations) {
    if (raw[0] === TAG.sequence) crls.push(parseAnyCrl(raw))
    else {
      const fields = new DerCursor(readDer(raw), contextTag(1, true), 'OtherRevocationInfoFormat')
      const isOcsp = readOid(fields.next()) === OID.revocationInfoOcsp
      const value = fields.next().raw
      fields.end()
      if (isOcsp) ocsp.push(value)
    }
  }
  return { crls, ocsp }
}
