// What this folder needs of shared/pki below its index: DER of IssuerSerial, and a look into a token before its imprint
// can be recomputed.
import { issuerAndSerial } from '../pki/cms-certificate.ts'
import { readSignedData } from '../pki/cms-parts.ts'
import { contextTag, readDer, sequence } from '../pki/der-read.ts'
import { tlv, writeSequence } from '../pki/der-write.ts'
import {
  ecdsaDerToRaw,
  ecdsaRawToDer,
  equalBytes,
  OID,
  parseTimeStampInfo,
  type PublicKeyInfo,
  type TimeStampInfo,
} from '../pki/index.ts'
import { refuse } from './ades-error.ts'

/** IssuerSerial of a certificate, DER (RFC 5035 5), as IssuerSerialV2 carries it (EN 319 132-1 5.2.2). */
export function issuerSerialOf(certificate: Uint8Array): Uint8Array {
  const { issuer, serial } = issuerAndSerial(certificate)
  return writeSequence(writeSequence(tlv(contextTag(4, true), issuer)), serial)
}

/** Does the IssuerSerial name this certificate? issuerUID, which nobody uses, is refused. Throws PkiError `malformed`. */
export function isIssuerSerialOf(der: Uint8Array, certificate: Uint8Array): boolean {
  const fields = sequence(readDer(der, 65_536), 'IssuerSerial')
  fields.next()
  fields.next()
  fields.end()
  return equalBytes(der, issuerSerialOf(certificate))
}

/** What a token states; nothing of it is verified. Throws PkiError. */
export function peekTimeStamp(token: Uint8Array): TimeStampInfo {
  const { eContent } = readSignedData(token, OID.tstInfo)
  return parseTimeStampInfo(eContent ?? refuse('shape', 'RFC 3161 2.4.2: TSTInfo'))
}

const OCTETS = { p256: 32, p384: 48, p521: 66 } as const

/** A signature as `ExternalSigner` gives it, as XML carries it: ECDSA as r‖s (RFC 9231 2.3.6). */
export const toXmlSignature = (key: PublicKeyInfo, signature: Uint8Array): Uint8Array =>
  key.kind === 'ec' ? ecdsaDerToRaw(signature, OCTETS[key.curve]) : signature

/** The other way; r‖s of exactly the length of the curve. Throws AdesError `signature-length`. */
export function fromXmlSignature(key: PublicKeyInfo, value: Uint8Array): Uint8Array {
  if (key.kind !== 'ec') return value
  if (value.length !== 2 * OCTETS[key.curve]) refuse('signature-length', 'RFC 9231 2.3.6', { octets: value.length })
  return ecdsaRawToDer(value)
}
