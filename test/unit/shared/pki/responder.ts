import { issuerAndSerial } from '../../../../shared/pki/cms-certificate.ts'
import { digest, sha1Name } from '../../../../shared/pki/crypto.ts'
import { readBits, readDer, sequence } from '../../../../shared/pki/der-read.ts'
import * as der from '../../../../shared/pki/der-write.ts'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import { encodeSignatureAlgorithm, OID, type Certificate } from '../../../../shared/pki/index.ts'
import { AT, days, type TestKey } from './authority.ts'

/** An OCSP response put together by hand, rightly signed, with one part changed at a time. */
export interface OcspParts {
  readonly certificate: Certificate
  readonly issuer: Certificate
  readonly key: TestKey
  /** Named as responder; default the issuer. */
  readonly responder?: Certificate
  readonly byKey?: boolean
  readonly carried?: readonly Certificate[]
  readonly status?: 'good' | 'unknown' | Uint8Array
  readonly producedAt?: Date
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date | null
  readonly nonce?: Uint8Array
  readonly idHash?: 'sha1' | 'sha256'
  readonly extensions?: readonly Uint8Array[]
  readonly answers?: readonly Uint8Array[]
  readonly responseType?: string
}

export const keyOctets = (spki: Uint8Array): Uint8Array => {
  const fields = sequence(readDer(spki), 'spki')
  fields.next()
  return readBits(fields.next()).octets
}

const named = (idHash: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array =>
  idHash === 'sha1' ? sha1Name(bytes) : digest('sha256', bytes)

function certificateId({ certificate, issuer, idHash = 'sha1' }: OcspParts): Uint8Array {
  const oid = idHash === 'sha1' ? OID.sha1 : OID.sha256
  return der.writeSequence(
    der.writeSequence(der.writeOid(oid), der.writeNull()),
    der.writeOctets(named(idHash, certificate.issuer.der)),
    der.writeOctets(named(idHash, keyOctets(issuer.spki))),
    issuerAndSerial(certificate.der).serial,
  )
}

/** RevokedInfo; `code`: the reason's number. */
export const revokedStatus = (at: Date, code?: number): Uint8Array => {
  const reason = code === undefined ? [] : [der.writeExplicit(0, der.tlv(0x0a, Uint8Array.of(code)))]
  return der.tlv(0xa1, der.writeGeneralizedTime(at), ...reason)
}

export function ocspAnswer(parts: OcspParts): Uint8Array {
  const { status = 'good', thisUpdate = days(-1), nextUpdate = days(1) } = parts
  const encoded = status === 'good' ? der.writeContext(0, new Uint8Array()) : der.writeContext(2, new Uint8Array())
  return der.writeSequence(
    certificateId(parts),
    typeof status === 'string' ? encoded : status,
    der.writeGeneralizedTime(thisUpdate),
    ...(nextUpdate ? [der.writeExplicit(0, der.writeGeneralizedTime(nextUpdate))] : []),
  )
}

export async function ocspResponse(parts: OcspParts): Promise<Uint8Array> {
  const { responder = parts.issuer, key, carried = [], nonce } = parts
  const id = parts.byKey
    ? der.writeExplicit(2, der.writeOctets(sha1Name(keyOctets(responder.spki))))
    : der.writeExplicit(1, responder.subject.der)
  const extensions = [
    ...(nonce ? [writeExtension(OID.ocspNonce, false, der.writeOctets(nonce))] : []),
    ...(parts.extensions ?? []),
  ]
  const data = der.writeSequence(
    id,
    der.writeGeneralizedTime(parts.producedAt ?? AT),
    der.writeSequence(...(parts.answers ?? [ocspAnswer(parts)])),
    ...(extensions.length > 0 ? [der.writeExplicit(1, der.writeSequence(...extensions))] : []),
  )
  const basic = der.writeSequence(
    data,
    encodeSignatureAlgorithm(key.algorithm),
    der.writeBitOctets(await key.sign(data)),
    ...(carried.length > 0 ? [der.writeExplicit(0, der.writeSequence(...carried.map((one) => one.der)))] : []),
  )
  const bytes = der.writeSequence(der.writeOid(parts.responseType ?? OID.ocspBasic), der.writeOctets(basic))
  return der.writeSequence(der.writeInteger(0, 0x0a), der.writeExplicit(0, bytes))
}

/** A responder that did not answer. */
export const ocspStatus = (status: number): Uint8Array => der.writeSequence(der.writeInteger(status, 0x0a))

export const NO_CHECK = writeExtension(OID.ocspNoCheck, false, der.writeNull())
