import { compareBytes } from '../../../../shared/pki/bytes.ts'
import { issuerAndSerial } from '../../../../shared/pki/cms-certificate.ts'
import { digest, sha1Name } from '../../../../shared/pki/crypto.ts'
import * as der from '../../../../shared/pki/der-write.ts'
import { OID, encodeSignatureAlgorithm, type Certificate, type HashName } from '../../../../shared/pki/index.ts'
import { encodeHash } from '../../../../shared/pki/signature.ts'
import type { TestKey } from './authority.ts'

export const TEST_POLICY = '1.3.6.1.4.1.99999.3'

const attribute = (oid: string, value: Uint8Array) => der.writeSequence(der.writeOid(oid), der.writeSetOf(value))
const SHA1_ALGORITHM = der.writeSequence(der.writeOid(OID.sha1))
const generalizedTime = (text: string) => der.tlv(0x18, new TextEncoder().encode(text))

/** A token put together by hand, rightly signed, with one part changed at a time. */
export interface TokenParts {
  readonly key: TestKey
  readonly certificate: Certificate
  readonly chain?: readonly Certificate[]
  readonly imprint: Uint8Array
  readonly hash?: HashName
  readonly imprintAlgorithm?: Uint8Array
  readonly nonce?: Uint8Array | null
  readonly policy?: string
  readonly genTime?: string
  readonly version?: number
  readonly serial?: Uint8Array
  readonly accuracy?: Uint8Array
  readonly ordering?: Uint8Array
  readonly tsa?: Uint8Array
  readonly extensions?: Uint8Array
  /** `v1`, `v2`, both or neither; `other` names another certificate. */
  readonly ess?: readonly ('v1' | 'v2')[]
  readonly essCertificate?: Certificate
  readonly infos?: number
  readonly contentType?: string
  readonly sid?: Certificate
  readonly cmsHash?: HashName
}

export function timeStampInfo(parts: TokenParts): Uint8Array {
  const imprint = der.writeSequence(
    parts.imprintAlgorithm ?? encodeHash(parts.hash ?? 'sha256'),
    der.writeOctets(parts.imprint),
  )
  return der.writeSequence(
    der.writeInteger(parts.version ?? 1),
    der.writeOid(parts.policy ?? TEST_POLICY),
    imprint,
    parts.serial ?? der.writeInteger(77),
    generalizedTime(parts.genTime ?? '20261122120000Z'),
    ...(parts.accuracy ? [parts.accuracy] : []),
    ...(parts.ordering ? [parts.ordering] : []),
    ...(parts.nonce ? [der.writeUnsigned(parts.nonce)] : []),
    ...(parts.tsa ? [der.writeExplicit(0, parts.tsa)] : []),
    ...(parts.extensions ? [der.tlv(0xa1, parts.extensions)] : []),
  )
}

function essAttributes(parts: TokenParts): Uint8Array[] {
  const named = parts.essCertificate ?? parts.certificate
  const id = issuerAndSerial(named.der)
  const issuerSerial = der.writeSequence(der.writeSequence(der.tlv(0xa4, id.issuer)), id.serial)
  const wrap = (hash: Uint8Array) =>
    der.writeSequence(der.writeSequence(der.writeSequence(der.writeOctets(hash), issuerSerial)))
  return (parts.ess ?? ['v2']).map((version) =>
    version === 'v1'
      ? attribute(OID.signingCertificate, wrap(sha1Name(named.der)))
      : attribute(OID.signingCertificateV2, wrap(digest('sha256', named.der))),
  )
}

export async function makeToken(parts: TokenParts): Promise<Uint8Array> {
  const info = timeStampInfo(parts)
  const cmsHash = parts.cmsHash ?? 'sha256'
  const contentType = parts.contentType ?? OID.tstInfo
  const attributes = [
    attribute(OID.contentType, der.writeOid(contentType)),
    attribute(OID.messageDigest, der.writeOctets(digest(cmsHash, info))),
    ...essAttributes(parts),
  ].sort(compareBytes)
  const signature = await parts.key.sign(der.tlv(0x31, ...attributes))
  const id = issuerAndSerial((parts.sid ?? parts.certificate).der)
  const signerInfo = der.writeSequence(
    der.writeInteger(1),
    der.writeSequence(id.issuer, id.serial),
    encodeHash(cmsHash),
    der.tlv(0xa0, ...attributes),
    encodeSignatureAlgorithm(parts.key.algorithm),
    der.writeOctets(signature),
  )
  const certificates = [parts.certificate, ...(parts.chain ?? [])].map((one) => one.der)
  const signedData = der.writeSequence(
    der.writeInteger(contentType === OID.data ? 1 : 3),
    der.tlv(0x31, encodeHash(cmsHash)),
    der.writeSequence(der.writeOid(contentType), der.writeExplicit(0, der.writeOctets(info))),
    der.tlv(0xa0, ...certificates),
    der.tlv(0x31, ...Array.from({ length: parts.infos ?? 1 }, () => signerInfo)),
  )
  return der.writeSequence(der.writeOid(OID.signedData), der.writeExplicit(0, signedData))
}

export const sha1Imprint = { imprintAlgorithm: SHA1_ALGORITHM, imprint: new Uint8Array(20) }

/** TimeStampResp of a status, with whatever else is given. */
export const respond = (status: number, ...rest: readonly Uint8Array[]): Uint8Array =>
  der.writeSequence(der.writeSequence(der.writeInteger(status)), ...rest)
