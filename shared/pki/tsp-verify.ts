import { toHex } from './bytes.ts'
import { equalBytes } from './crypto.ts'
import { contextTag, DerCursor, type DerNode } from './der-read.ts'
import { isSameName, parseName } from './name.ts'
import { OID } from './oid.ts'
import { verifyPath } from './path.ts'
import { refuse } from './pki-error.ts'
import type { TimeStampInfo } from './tsp-info.ts'
import type { MessageImprint } from './tsp-request.ts'
import { readSignedTimeStamp } from './tsp-read.ts'
import { parseTimeStampResponse, timeStampTokenOf } from './tsp-response.ts'
import type { PolicyOptions, VerifyPathOptions } from './path-types.ts'
import type { Certificate, HashName, SignatureAlgorithm } from './types.ts'

/** Clocks of the authority and of the verifier may differ by this much. */
const CLOCK_SKEW_MS = 60_000

export interface TimeStampToVerify extends Omit<
  VerifyPathOptions,
  'leaf' | 'at' | 'requiredEku' | 'requiredKeyUsage' | 'caLeaf' | keyof PolicyOptions
> {
  /** What must have been stamped. */
  readonly imprint: MessageImprint
  /** The nonce of the request. Left out only where a kept token is verified again. */
  readonly nonce?: Uint8Array
  /** Acceptable policies; with a requested policy, just that one. Left out: any. */
  readonly policies?: readonly string[]
  /** The present moment: a token from the future is refused. Revocation is judged as known now. */
  readonly now: Date
  /**
   * By when something newer proves that the token existed. Default: `now`, so that an authority whose key was lost
   * after `genTime` is refused (RFC 3161 4): who has its key can make tokens of any time.
   */
  readonly existedBy?: Date
}

export interface VerifiedTimeStamp {
  /** DER of the token, to be kept. */
  readonly token: Uint8Array
  readonly genTime: Date
  /** As signed, with every digit. */
  readonly genTimeText: string
  readonly accuracyMicros: number | null
  readonly policy: string
  readonly serial: string
  readonly hash: HashName
  readonly signatureAlgorithm: SignatureAlgorithm
  /** The authority's certificate; path from it to the anchor, at `genTime`. */
  readonly authority: Certificate
  readonly path: readonly Certificate[]
  /** All certificates in the token: what a later re-verification will need. */
  readonly certificates: readonly Certificate[]
}

/** What an authority answered, all of `verifyTimeStampToken`, and `tsp-status` where it did not grant. Throws PkiError. */
export function verifyTimeStampResponse(response: Uint8Array, wanted: TimeStampToVerify): VerifiedTimeStamp {
  return verifyTimeStampToken(timeStampTokenOf(parseTimeStampResponse(response)), wanted)
}

/**
 * Proves that the imprint existed at `genTime`, give or take its accuracy, in the word of an authority that one of the
 * anchors vouches for (RFC 3161 2.2, 2.3, 2.4.2; RFC 5816): one signer, its certificate named in the signed attributes,
 * timeStamping as its only and critical purpose, a valid path at `genTime`.
 * Throws PkiError: `tsp-imprint`, `tsp-nonce`, `tsp-policy`, `tsp-time`, `tsp-authority`, `eku`, and those of
 * `verifySignedData` and `verifyPath`.
 */
export function verifyTimeStampToken(token: Uint8Array, wanted: TimeStampToVerify): VerifiedTimeStamp {
  const { token: copy, info, signed } = readSignedTimeStamp(token)

  verifyImprint(info, wanted.imprint)
  verifyNonce(info, wanted.nonce)
  verifyPolicy(info, wanted.policies)
  verifyNotInFuture(info, wanted.now)
  verifyPurpose(signed.signer)
  if (info.authority) verifyAuthorityName(info.authority, signed.signer)
  const { imprint: _, nonce: __, policies: ___, now, ...trust } = wanted
  const { path } = verifyPath({
    knownAt: now,
    existedBy: now,
    ...trust,
    leaf: signed.signer,
    intermediates: [...signed.certificates.filter((one) => one !== signed.signer), ...(wanted.intermediates ?? [])],
    at: info.genTime,
    requiredEku: OID.timeStamping,
  })
  return {
    token: copy,
    genTime: info.genTime,
    genTimeText: info.genTimeText,
    accuracyMicros: info.accuracyMicros,
    policy: info.policy,
    serial: info.serial,
    hash: info.imprint.hash,
    signatureAlgorithm: signed.algorithm,
    authority: signed.signer,
    path,
    certificates: signed.certificates,
  }
}

/** 2.2: otherwise the token is about something else. */
function verifyImprint({ imprint }: TimeStampInfo, wanted: MessageImprint): void {
  if (imprint.hash !== wanted.hash || !equalBytes(imprint.digest, wanted.digest)) {
    refuse('tsp-imprint', 'RFC 3161 2.2: messageImprint', { hash: imprint.hash, wanted: wanted.hash })
  }
}

/** 2.2: otherwise the answer may be an old one, played again. */
function verifyNonce({ nonce }: TimeStampInfo, wanted: Uint8Array | undefined): void {
  if (wanted && nonce !== (toHex(wanted).replace(/^(00)+(?=..)/, '') || null)) {
    refuse('tsp-nonce', 'RFC 3161 2.2: nonce', { present: nonce !== null })
  }
}

function verifyPolicy({ policy }: TimeStampInfo, wanted: readonly string[] | undefined): void {
  if (wanted && !wanted.includes(policy)) refuse('tsp-policy', 'RFC 3161 2.4.2: policy', { policy })
}

function verifyNotInFuture({ genTime, genTimeText, accuracyMicros }: TimeStampInfo, now: Date): void {
  if (Number.isNaN(now.getTime())) refuse('invalid-input', 'the present moment')
  if (genTime.getTime() - (accuracyMicros ?? 0) / 1000 > now.getTime() + CLOCK_SKEW_MS) {
    refuse('tsp-time', 'RFC 3161 2.2: genTime', { genTime: genTimeText })
  }
}

/** 2.3: the key serves nothing else, so that nothing signed for another purpose can be passed off as a token. */
function verifyPurpose({ extendedKeyUsage, critical, keyUsage }: Certificate): void {
  const [purpose] = extendedKeyUsage ?? []
  if (purpose !== OID.timeStamping || extendedKeyUsage?.length !== 1) {
    refuse('eku', 'RFC 3161 2.3: timeStamping only', { count: extendedKeyUsage?.length ?? 0 })
  }
  if (!critical.includes(OID.extendedKeyUsage)) refuse('eku', 'RFC 3161 2.3: critical')
  if (keyUsage && !keyUsage.has('digitalSignature') && !keyUsage.has('contentCommitment')) {
    refuse('key-usage', 'RFC 5280 4.2.1.12: timeStamping', { needed: 'digitalSignature' })
  }
}

/** 2.4.2: a name given is one of the certificate's. Other kinds than directoryName cannot be compared here. */
function verifyAuthorityName(name: DerNode, { subject }: Certificate): void {
  if (name.tag !== contextTag(4, true))
    refuse('tsp-authority', 'RFC 3161 2.4.2: tsa as directoryName', { tag: name.tag })
  const fields = new DerCursor(name, contextTag(4, true), 'directoryName')
  const given = parseName(fields.next().raw)
  fields.end()
  if (!isSameName(given, subject)) refuse('tsp-authority', 'RFC 3161 2.4.2: tsa', { subject: subject.text })
}
