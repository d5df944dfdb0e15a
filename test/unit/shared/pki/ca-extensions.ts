import * as der from '../../../../shared/pki/der-write.ts'
import { writeExtension } from '../../../../shared/pki/extension.ts'
import { encodeName, OID, type NameAttribute } from '../../../../shared/pki/index.ts'

// Extensions that our own CA never writes, for certificates of other people's CAs.

const encoder = new TextEncoder()

export const general = {
  email: (text: string) => der.tlv(0x81, encoder.encode(text)),
  dns: (text: string) => der.tlv(0x82, encoder.encode(text)),
  directory: (name: readonly NameAttribute[]) => der.tlv(0xa4, encodeName(name)),
  uri: (text: string) => der.tlv(0x86, encoder.encode(text)),
  ip: (...octets: number[]) => der.tlv(0x87, Uint8Array.from(octets)),
  upn: (text: string) => der.tlv(0xa0, der.writeOid(OID.userPrincipalName), der.writeExplicit(0, der.writeUtf8(text))),
  registeredId: (oid: string) => der.writeOid(oid, 0x88),
}

export const altNames = (...names: Uint8Array[]) =>
  writeExtension(OID.subjectAltName, false, der.writeSequence(...names))

const subtrees = (n: number, names: readonly Uint8Array[]) =>
  names.length > 0 ? [der.tlv(0xa0 | n, ...names.map((name) => der.writeSequence(name)))] : []

export const nameConstraints = (
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
  critical = true,
) =>
  writeExtension(OID.nameConstraints, critical, der.writeSequence(...subtrees(0, permitted), ...subtrees(1, excluded)))

export const policies = (...oids: string[]) =>
  writeExtension(
    OID.certificatePolicies,
    false,
    der.writeSequence(...oids.map((oid) => der.writeSequence(der.writeOid(oid)))),
  )

export const mappings = (...pairs: (readonly [string, string])[]) =>
  writeExtension(
    OID.policyMappings,
    true,
    der.writeSequence(...pairs.map(([a, b]) => der.writeSequence(der.writeOid(a), der.writeOid(b)))),
  )

/** CRLDistributionPoints with one point. */
export const distributionPoint = (...parts: Uint8Array[]) =>
  writeExtension(OID.crlDistributionPoints, false, der.writeSequence(der.writeSequence(...parts)))

export const fullName = (...names: Uint8Array[]) => der.tlv(0xa0, der.tlv(0xa0, ...names))

/** ReasonFlags under a context tag. */
export const reasonFlags = (tag: number, ...bits: number[]) => {
  const named = der.writeNamedBits(bits)
  return Uint8Array.from([0x80 | tag, ...named.subarray(1)])
}
