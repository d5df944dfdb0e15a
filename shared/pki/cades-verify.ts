import { hashIndexOf, imprintByIndex } from './cades-archive.ts'
import { readRevocations } from './cades-parts.ts'
import { suffices } from './carried-data.ts'
import { readSignedData, readSigners, type SignedDataParts } from './cms-parts.ts'
import type { VerifiedSignedData } from './cms-types.ts'
import { verifyDetached } from './cms-verify.ts'
import { digest } from './crypto.ts'
import { OID } from './oid.ts'
import type { VerifyPathOptions } from './path-types.ts'
import { verifyPath } from './path.ts'
import { PkiError, refuse } from './pki-error.ts'
import { parseTimeStampInfo } from './tsp-info.ts'
import type { MessageImprint } from './tsp-request.ts'
import { verifyTimeStampToken, type VerifiedTimeStamp } from './tsp-verify.ts'
import type { Certificate, HashName } from './types.ts'

export interface CadesToVerify extends Omit<VerifyPathOptions, 'leaf' | 'at' | 'knownAt' | 'existedBy'> {
  readonly cms: Uint8Array
  /** Digest of the content by that hash; asked for a detached signature, once per hash. */
  readonly digestOf?: (hash: HashName) => Uint8Array
  /** Who may vouch for time-stamping authorities. Default: `anchors`. */
  readonly timeStampAnchors?: readonly Certificate[]
  /** The present moment. */
  readonly now: Date
  /**
   * By when something outside proves that all of this existed: a newer time-stamp over a list with its digest. Then it
   * need not last by itself.
   */
  readonly existedBy?: Date
}

export interface VerifiedCades {
  readonly signed: Omit<VerifiedSignedData, 'content'>
  /** What the signature carries, and what therefore was verified. */
  readonly level: 'B-B' | 'B-T' | 'B-LT' | 'B-LTA'
  /** By when the signature existed, as the oldest time-stamp proves, or `existedBy`; null at B-B without. */
  readonly provedAt: Date | null
  /** The signer's path, judged at `provedAt`, or now. */
  readonly path: readonly Certificate[]
  readonly signatureTimeStamps: readonly VerifiedTimeStamp[]
  /** Oldest first. */
  readonly archiveTimeStamps: readonly VerifiedTimeStamp[]
}

/** Of one kind, of one signer: each may be over everything that is carried, so the work grows with their product. */
const MAX_STAMPS = 16

interface Stamp {
  readonly raw: Uint8Array
  readonly token: Uint8Array
  readonly parts: SignedDataParts
  readonly genTime: Date
  readonly hash: HashName
}

/**
 * A signature with all that is around it (ETSI EN 319 122-1 6.3; EN 319 102-1 5.3, 5.5, 5.6): the signature itself,
 * each time-stamp over what it must be over, each authority still valid when the next newer time-stamp was made (the
 * newest: now), and the signer's path at the oldest time proved. Carried certificates, lists and answers are used
 * beside those given. Throws PkiError; every time-stamp carried has to stand.
 */
export function verifyCades(wanted: CadesToVerify): VerifiedCades {
  const parts = readSignedData(new Uint8Array(wanted.cms), OID.data)
  return judge(parts, contentDigests(parts, wanted.digestOf), readRevocations(parts), wanted)
}

/** One of several signers: what was proved, or why it was refused. */
export type JudgedSigner = {
  /** The signature value, by which `addSignatureTimeStamp` and its like find the signer. */
  readonly signature: Uint8Array
} & (
  | { readonly verified: VerifiedCades; readonly refusal: null }
  | { readonly verified: null; readonly refusal: PkiError }
)

/**
 * The same for one signer or several beside each other (RFC 5652 5.3), each judged by itself: what one is worth says
 * nothing of another, and anybody can put a signer of their own beside. Throws PkiError where the whole is not read.
 */
export function verifyCadesSigners(wanted: CadesToVerify): readonly JudgedSigner[] {
  const all = readSigners(new Uint8Array(wanted.cms), OID.data)
  const [first] = all
  if (!first) return refuse('signer-count', 'RFC 5652 5.1: nobody signed', { count: 0 })
  const digestOf = contentDigests(first, wanted.digestOf)
  const carried = readRevocations(first)
  return all.map((parts) => {
    const { signature } = parts.signerInfo
    try {
      return { signature, verified: judge(parts, digestOf, carried, wanted), refusal: null }
    } catch (error) {
      if (error instanceof PkiError) return { signature, verified: null, refusal: error }
      throw error
    }
  })
}

function judge(
  parts: SignedDataParts,
  digestOf: (hash: HashName) => Uint8Array,
  carried: ReturnType<typeof readRevocations>,
  wanted: CadesToVerify,
): VerifiedCades {
  const signed = verifyDetached(parts, digestOf)
  const { cms: _, digestOf: __, timeStampAnchors, now, existedBy, ...options } = wanted
  const trust = {
    ...options,
    intermediates: [...signed.certificates, ...(wanted.intermediates ?? [])],
    crls: [...carried.crls, ...(wanted.crls ?? [])],
    ocsp: [...carried.ocsp, ...(wanted.ocsp ?? [])],
  }
  const verifyStamp = (stamp: Stamp, imprint: MessageImprint, until: Date): VerifiedTimeStamp => {
    const { crls, ocsp, intermediates, revocation } = trust
    const anchors = timeStampAnchors ?? wanted.anchors
    const sources = { crls, ocsp, intermediates, revocation, anchors, knownAt: now, existedBy: until }
    return verifyOutlives(verifyTimeStampToken(stamp.token, { ...sources, imprint, now }), until)
  }

  const archives = stampsOf(parts, OID.archiveTimeStampV3)
  const archiveTimeStamps = archives.map((stamp, i) => {
    const later = new Set(archives.slice(i).map(({ raw }) => raw))
    const imprint = imprintByIndex(parts, hashIndexOf(stamp.parts), digestOf, later)
    return verifyStamp(stamp, imprint, archives[i + 1]?.genTime ?? lastsUntil(stamp.genTime, existedBy, now))
  })
  const { signature } = parts.signerInfo
  const signatureTimeStamps = stampsOf(parts, OID.signatureTimeStamp).map((stamp) => {
    const imprint = { hash: stamp.hash, digest: digest(stamp.hash, signature) }
    return verifyStamp(stamp, imprint, archives[0]?.genTime ?? lastsUntil(stamp.genTime, existedBy, now))
  })
  const provedAt = oldestOf([...signatureTimeStamps, ...archiveTimeStamps], existedBy)
  const moment = provedAt ? { at: provedAt, knownAt: now } : { at: now }
  const { path } = verifyPath({ ...trust, ...moment, leaf: signed.signerCertificate })
  const hasData =
    suffices({ ...carried, path, at: provedAt ?? now, now }) &&
    signatureTimeStamps.every((one) => suffices({ ...carried, path: one.path, at: one.genTime, now }))
  const level = signatureTimeStamps.length === 0 ? 'B-B' : !hasData ? 'B-T' : archives.length === 0 ? 'B-LT' : 'B-LTA'
  return { signed, level, provedAt, path, signatureTimeStamps, archiveTimeStamps }
}

function contentDigests(
  { eContent }: SignedDataParts,
  given: ((hash: HashName) => Uint8Array) | undefined,
): (hash: HashName) => Uint8Array {
  const known = new Map<HashName, Uint8Array>()
  const of = eContent
    ? (hash: HashName) => digest(hash, eContent)
    : (given ?? refuse('content-missing', 'RFC 5652 5.2: detached'))
  return (hash) => {
    const value = known.get(hash) ?? of(hash)
    known.set(hash, value)
    return value
  }
}

/** Oldest first, by the time each states; verified by the caller. */
function stampsOf({ signerInfo }: SignedDataParts, oid: string): Stamp[] {
  const attributes = signerInfo.unsignedAttributes.filter((one) => one.oid === oid)
  if (attributes.length > MAX_STAMPS) refuse('too-large', 'time-stamps of one signer', { oid, limit: MAX_STAMPS })
  return attributes
    .map(({ raw, values }) => {
      const [token] = values
      if (!token || values.length !== 1) return refuse('malformed', 'ETSI EN 319 122-1 5.3, 5.5.3: one value', { oid })
      const parts = readSignedData(token, OID.tstInfo)
      const info = parseTimeStampInfo(parts.eContent ?? refuse('content-missing', 'RFC 3161 2.4.2: TSTInfo'))
      return { raw, token, parts, genTime: info.genTime, hash: info.imprint.hash }
    })
    .sort((a, b) => a.genTime.getTime() - b.genTime.getTime())
}

/** Until when the newest of what is carried must have lasted: until what is newer outside, or now. */
export const lastsUntil = (newest: Date, existedBy: Date | undefined, now: Date): Date =>
  existedBy !== undefined && existedBy >= newest ? existedBy : now

/** The oldest time proved, inside or outside; null where none is. */
export const oldestOf = (
  stamps: readonly Pick<VerifiedTimeStamp, 'genTime'>[],
  existedBy: Date | undefined,
): Date | null => {
  const times = [...stamps.map(({ genTime }) => genTime), ...(existedBy ? [existedBy] : [])].map((one) => one.getTime())
  return times.length > 0 ? new Date(Math.min(...times)) : null
}

/**
 * After its certificate has ended nobody answers for an authority's key any more: a token made up then could bear any
 * time (EN 319 102-1 5.6.2.4). A newer time-stamp made before that end proves otherwise.
 */
export function verifyOutlives(stamp: VerifiedTimeStamp, until: Date): VerifiedTimeStamp {
  for (const { notAfter, subject } of stamp.path) {
    if (until.getTime() >= notAfter.getTime() + 1000) {
      refuse('expired', 'ETSI EN 319 102-1 5.6.2.4', { subject: subject.text, notAfter: notAfter.toISOString() })
    }
  }
  return stamp
}
