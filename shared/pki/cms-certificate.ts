import { contextTag, readDer, sequence } from './der-read.ts'

/** Issuer (DER) and serial (DER INTEGER), as a certificate has them. */
export interface IssuerAndSerial {
  readonly issuer: Uint8Array
  readonly serial: Uint8Array
}

/** IssuerAndSerialNumber as encoded in the certificate (RFC 5652 10.2.4). */
export function issuerAndSerial(certificate: Uint8Array): IssuerAndSerial {
  const tbs = sequence(sequence(readDer(certificate), 'Certificate').next(), 'TBSCertificate')
  tbs.optional(contextTag(0, true))
  const serial = tbs.next().raw
  tbs.next()
  return { serial, issuer: tbs.next().raw }
}
