import { parseCertificate } from './certificate.ts'
import { issuerAndSerial, type IssuerAndSerial } from './cms-certificate.ts'
import { writeSignedAttributes } from './cms-attributes.ts'
import { digest, equalBytes } from './crypto.ts'
import { contextTag, TAG } from './der-read.ts'
import {
  derTree,
  writeExplicit,
  writeInteger,
  writeOctets,
  writeOid,
  writeSequence,
  writeSetOf,
  writeTree,
  type DerTree,
} from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { cmsHashFor, encodeHash, encodeSignatureAlgorithm, verifySignature } from './signature.ts'
import { verifyKeyStrength } from './public-key.ts'
import { extendSignedData } from './cades-parts.ts'
import type { DetachedDigestFields, SignedDataFields } from './cms-types.ts'
import type { SignatureAlgorithm } from './types.ts'

/**
 * A CAdES B-B signature (ETSI EN 319 122-1 6.3; RFC 5652), DER. The key stays where it is: `signer.sign` gets the
 * signed attributes. What comes back is verified before it is given out, so that a signer with another key (the wrong
 * card in the reader) shows here and not years later in court; a signer that answers for its key by `provenSpki` is
 * believed once that is the certificate's.
 * Throws PkiError `bad-signature`, `invalid-input`, and whatever the signer throws.
 */
export async function signData({ content, detached, ...fields }: SignedDataFields): Promise<Uint8Array> {
  if (fields.mimeType !== undefined && !detached) {
    refuse('invalid-input', 'ETSI EN 319 122-1 5.2.5: mime-type is for detached content')
  }
  const contentDigest = digest(cmsHashFor(fields.signer.algorithm), content)
  return assemble({ ...fields, contentDigest }, detached ? [] : [writeExplicit(0, writeOctets(content))])
}

/** The same, detached, over content of any size that the caller has digested with `cmsHashFor(signer.algorithm)`. */
export async function signDigest(fields: DetachedDigestFields): Promise<Uint8Array> {
  return assemble(fields, [])
}

export interface AttributesToSign extends Omit<DetachedDigestFields, 'signer' | 'chain'> {
  readonly algorithm: SignatureAlgorithm
}

/**
 * The signed attributes (RFC 5652 5.4), for a key that signs elsewhere and at another time: a card at a desk. What it
 * makes of them goes to `addSigner`. `contentDigest` by `cmsHashFor(algorithm)`.
 */
export function prepareSignedAttributes(fields: AttributesToSign): Uint8Array {
  return attributesOf(fields, readOnce(fields.certificate))
}

function attributesOf(fields: AttributesToSign, { id }: Read): Uint8Array {
  const { contentDigest, signingTime, mimeType, algorithm, certificate } = fields
  return writeSignedAttributes({
    contentDigest,
    hash: cmsHashFor(algorithm),
    algorithm,
    certificate,
    certificateId: id,
    ...(signingTime ? { signingTime } : {}),
    ...(mimeType === undefined ? {} : { mimeType }),
  })
}

export interface SignerToAdd {
  readonly certificate: Uint8Array
  readonly chain?: readonly Uint8Array[]
  readonly algorithm: SignatureAlgorithm
  /** From `prepareSignedAttributes`. */
  readonly signedAttributes: Uint8Array
  readonly signature: Uint8Array
}

/**
 * The same SignedData with another signer beside those that are there (RFC 5652 5.3, parallel signatures). Nothing of
 * theirs changes, so that their time-stamps still stand. Throws PkiError `bad-signature`, `weak-key`, `malformed`.
 */
export function addSigner(cms: Uint8Array, added: SignerToAdd): Uint8Array {
  const { key, spki } = parseCertificate(added.certificate)
  verifyKeyStrength(key)
  const { algorithm, signature, signedAttributes } = added
  verifySignature({ algorithm, spki, data: signedAttributes, signature })
  return extendSignedData(cms, OID.data, {
    certificates: [added.certificate, ...(added.chain ?? [])],
    signerInfo: {
      encoded: writeTree(signerInfoOf(added, readOnce(added.certificate))),
      digestAlgorithm: encodeHash(cmsHashFor(algorithm)),
    },
  })
}

type Made = Pick<SignerToAdd, 'algorithm' | 'signedAttributes' | 'signature'>

function signerInfoOf({ algorithm, signedAttributes, signature }: Made, { sid }: Read): DerTree {
  return derTree(
    TAG.sequence,
    ONE,
    sid,
    encodeHash(cmsHashFor(algorithm)),
    retag(signedAttributes),
    encodeSignatureAlgorithm(algorithm),
    derTree(TAG.octetString, signature),
  )
}

async function assemble(fields: DetachedDigestFields, eContent: readonly Uint8Array[]): Promise<Uint8Array> {
  const { signer, certificate, chain = [] } = fields
  const { algorithm, provenSpki } = signer
  const known = readOnce(certificate)
  const { spki } = known
  const signedAttributes = attributesOf({ ...fields, algorithm }, known)
  if (provenSpki && !equalBytes(provenSpki, spki)) refuse('bad-signature', 'RFC 5652 5.6: key and certificate')
  const signature = await signer.sign(signedAttributes)
  if (!provenSpki) verifySignature({ algorithm, spki, data: signedAttributes, signature })

  const signedData = derTree(
    TAG.sequence,
    ONE,
    writeSetOf(encodeHash(cmsHashFor(algorithm))),
    derTree(TAG.sequence, writeOid(OID.data), ...eContent),
    chain.length === 0 ? known.alone : carried([certificate, ...chain]),
    derTree(TAG.set, signerInfoOf({ algorithm, signedAttributes, signature }, known)),
  )
  return writeTree(derTree(TAG.sequence, writeOid(OID.signedData), derTree(contextTag(0, true), signedData)))
}

const ONE = writeInteger(1)

/** The certificates a signature carries, each once. */
const carried = (certificates: readonly Uint8Array[]): Uint8Array =>
  retag(writeSetOf(...certificates.filter((der, place, all) => all.findIndex((one) => equalBytes(one, der)) === place)))

interface Read {
  readonly copy: Uint8Array
  /** IssuerAndSerialNumber, DER. */
  readonly sid: Uint8Array
  /** The set of this one certificate, as a signature carries it. */
  readonly alone: Uint8Array
  readonly spki: Uint8Array
  readonly id: IssuerAndSerial
}
const read = new WeakMap<Uint8Array, Read>()

/** Who signs often signs with one certificate: it is parsed once. Bytes that were changed since are read anew. */
function readOnce(certificate: Uint8Array): Read {
  const known = read.get(certificate)
  if (known && equalBytes(known.copy, certificate)) return known
  const { spki } = parseCertificate(certificate)
  const [copy, id] = [new Uint8Array(certificate), issuerAndSerial(certificate)]
  const made = { copy, spki, id, sid: writeSequence(id.issuer, id.serial), alone: carried([copy]) }
  read.set(certificate, made)
  return made
}

/** What is signed as SET OF is stored as `[0] IMPLICIT` (RFC 5652 5.4): another tag of one octet before the same length. */
function retag(set: Uint8Array): Uint8Array {
  const tagged = new Uint8Array(set)
  tagged[0] = contextTag(0, true)
  return tagged
}
