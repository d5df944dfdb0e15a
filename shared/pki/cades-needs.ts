import { compareBytes } from './bytes.ts'
import { hashIndexOf } from './cades-archive.ts'
import type { ValidationData } from './cades-build.ts'
import { readRevocations } from './cades-parts.ts'
import { parseCertificate } from './certificate.ts'
import { issuerAndSerial } from './cms-certificate.ts'
import { readSignedData, readSigners, type SignedDataParts, type UnsignedAttribute } from './cms-parts.ts'
import { readDer, sequence, TAG } from './der-read.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { parseHash } from './signature.ts'
import type { Certificate, HashName } from './types.ts'

/** A signer as it stands in the signature. */
export interface CadesSigner {
  /** The signature value, by which `addSignatureTimeStamp` and its like find the signer. */
  readonly signature: Uint8Array
  readonly hash: HashName
  /** As named by issuer and serial; null where it is not carried. */
  readonly certificate: Certificate | null
  /** DER of the tokens. */
  readonly signatureTimeStamps: readonly Uint8Array[]
  readonly archiveTimeStamps: readonly Uint8Array[]
}

export interface CadesNeeds {
  /** Is the content inside? */
  readonly attached: boolean
  /** By which the content must be digested to verify everything. */
  readonly hashes: readonly HashName[]
  readonly signers: readonly CadesSigner[]
  /** Certificates, lists and answers carried: what a B-LT has already. */
  readonly carried: ValidationData
}

/** What a signature has and what it takes to judge it or to make it last. Nothing is verified. Throws PkiError. */
export function readCadesNeeds(cms: Uint8Array): CadesNeeds {
  const all = readSigners(cms, OID.data)
  const [parts] = all
  if (!parts) return refuse('signer-count', 'RFC 5652 5.1: nobody signed', { count: 0 })
  const { crls, ocsp } = readRevocations(parts)
  const signers = all.map(signerOf)
  const stamps = signers.flatMap((one) => one.archiveTimeStamps)
  return {
    attached: parts.eContent !== null,
    hashes: [...new Set([...signers.map((one) => one.hash), ...stamps.map(indexHash)])],
    signers,
    carried: { certificates: certificatesOf(parts), crls: crls.map(({ der }) => der), ocsp },
  }
}

const certificatesOf = ({ certificates }: SignedDataParts): Uint8Array[] =>
  certificates.filter((one) => one[0] === TAG.sequence)

function signerOf(parts: SignedDataParts): CadesSigner {
  const { id, digestAlgorithm, signature, unsignedAttributes } = parts.signerInfo
  const own = certificatesOf(parts).find((der) => {
    const { issuer, serial } = issuerAndSerial(der)
    return compareBytes(issuer, id.issuer) === 0 && compareBytes(serial, id.serial) === 0
  })
  return {
    signature,
    hash: parseHash(digestAlgorithm),
    certificate: own ? parseCertificate(own) : null,
    signatureTimeStamps: tokensOf(unsignedAttributes, OID.signatureTimeStamp),
    archiveTimeStamps: tokensOf(unsignedAttributes, OID.archiveTimeStampV3),
  }
}

const tokensOf = (attributes: readonly UnsignedAttribute[], oid: string): Uint8Array[] =>
  attributes.filter((one) => one.oid === oid).flatMap(({ values }) => values)

/** The content's digest in an archive time-stamp is by the hash of its index (ETSI EN 319 122-1 5.5.3). */
const indexHash = (token: Uint8Array): HashName =>
  parseHash(sequence(readDer(hashIndexOf(readSignedData(token, OID.tstInfo))), 'ATSHashIndexV3').next())
