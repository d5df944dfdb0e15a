import { fromHex, toHex } from './bytes.ts'
import {
  readInhibitAnyPolicy,
  readNameConstraints,
  readPolicies,
  readPolicyConstraints,
  readPolicyMappings,
} from './ca-extensions.ts'
import { digest } from './crypto.ts'
import {
  contextTag,
  DerCursor,
  readBits,
  readBoolean,
  readDer,
  readOctets,
  readOid,
  readSmallInteger,
  sequence,
  TAG,
  type DerNode,
} from './der-read.ts'
import {
  tlv,
  writeBoolean,
  writeContext,
  writeExplicit,
  writeInteger,
  writeNamedBits,
  writeOctets,
  writeOid,
  writeSequence,
} from './der-write.ts'
import { readDistributionPoints } from './distribution-point.ts'
import { parseExtensions, readExtension, writeExtension, type Extension } from './extension.ts'
import { readAccess, readAltNames, writeSubjectAltName, writeUri } from './general-name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import type { Certificate, KeyUsage, Name, TbsCertificateFields } from './types.ts'

/** In the order of the bits (RFC 5280 4.2.1.3). */
const KEY_USAGES: readonly KeyUsage[] = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
]

/** What `verifyPath` takes into account. Any other critical extension makes it refuse (RFC 5280 4.2). */
const PROCESSED = new Set<string>([
  OID.keyUsage,
  OID.basicConstraints,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.nameConstraints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.policyConstraints,
  OID.inhibitAnyPolicy,
  OID.crlDistributionPoints,
])
const MAX_ITEMS = 64
const NO_CONSTRAINTS = { requireExplicit: null, inhibitMapping: null }

type ExtensionFields = Pick<
  Certificate,
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'basicConstraints'
  | 'subjectAltName'
  | 'subjectKeyId'
  | 'authorityKeyId'
  | 'crlDistributionPoints'
  | 'authorityInfoAccess'
  | 'generalNames'
  | 'distributionPoints'
  | 'policies'
  | 'policyMappings'
  | 'policyConstraints'
  | 'inhibitAnyPolicy'
  | 'nameConstraints'
  | 'ocspNoCheck'
  | 'critical'
  | 'unknownCritical'
>

/** `issuer` is the certificate's: distribution points may be named relative to it. */
export function readCertificateExtensions(tagged: DerNode | null, issuer: Name): ExtensionFields {
  const extensions = tagged ? inside(tagged) : new Map<string, Extension>()
  const access = readExtension(extensions, OID.authorityInfoAccess, readAccess) ?? []
  const uris = (method: string) => access.filter((item) => item.method === method).map((item) => item.uri)
  const altNames = readExtension(extensions, OID.subjectAltName, readAltNames)
  const readPoints = (fields: DerCursor) => readDistributionPoints(fields, issuer)
  const distributionPoints = readExtension(extensions, OID.crlDistributionPoints, readPoints) ?? []
  const critical = [...extensions.values()].filter((extension) => extension.critical).map((extension) => extension.oid)
  return {
    keyUsage: readKeyUsage(extensions),
    extendedKeyUsage: readExtension(extensions, OID.extendedKeyUsage, readOids),
    basicConstraints: readExtension(extensions, OID.basicConstraints, readBasicConstraints),
    subjectAltName: altNames && altNames.view,
    generalNames: altNames?.all ?? [],
    subjectKeyId: readSubjectKeyId(extensions),
    authorityKeyId: readAuthorityKeyId(extensions),
    crlDistributionPoints: distributionPoints.flatMap(({ names }) =>
      (names ?? []).flatMap((name) => (name.kind === 'uri' ? [name.value] : [])),
    ),
    distributionPoints,
    authorityInfoAccess: { ocsp: uris(OID.ocsp), caIssuers: uris(OID.caIssuers) },
    policies: readExtension(extensions, OID.certificatePolicies, readPolicies) ?? [],
    policyMappings: readExtension(extensions, OID.policyMappings, readPolicyMappings) ?? [],
    policyConstraints: readExtension(extensions, OID.policyConstraints, readPolicyConstraints) ?? NO_CONSTRAINTS,
    inhibitAnyPolicy: readInhibitAnyPolicy(extensions),
    nameConstraints: readExtension(extensions, OID.nameConstraints, readNameConstraints),
    ocspNoCheck: extensions.has(OID.ocspNoCheck),
    critical,
    unknownCritical: critical.filter((oid) => !PROCESSED.has(oid)),
  }
}

function inside(tagged: DerNode): ReadonlyMap<string, Extension> {
  const fields = new DerCursor(tagged, contextTag(3, true), 'extensions')
  const list = fields.next()
  fields.end()
  return parseExtensions(list)
}

function readKeyUsage(extensions: ReadonlyMap<string, Extension>): ReadonlySet<KeyUsage> | null {
  const extension = extensions.get(OID.keyUsage)
  if (!extension) return null
  const { octets } = readBits(readDer(extension.value))
  const set = new Set(KEY_USAGES.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0))
  if (set.size === 0) refuse('malformed', 'RFC 5280 4.2.1.3: no bit set')
  return set
}

function readOids(fields: DerCursor): string[] {
  const oids = fields.rest(MAX_ITEMS).map((node) => readOid(node))
  return oids.length > 0 ? oids : refuse('malformed', 'RFC 5280 4.2.1.12: SIZE (1..MAX)')
}

function readBasicConstraints(fields: DerCursor): { readonly ca: boolean; readonly pathLength: number | null } {
  const flag = fields.optional(TAG.boolean)
  const ca = flag !== null && readBoolean(flag)
  if (flag !== null && !ca) refuse('malformed', 'X.690 11.5: DEFAULT FALSE encoded')
  const length = fields.optional(TAG.integer)
  if (length && !ca) refuse('malformed', 'RFC 5280 4.2.1.9: pathLenConstraint without cA')
  return { ca, pathLength: length ? readSmallInteger(length) : null }
}

function readSubjectKeyId(extensions: ReadonlyMap<string, Extension>): string | null {
  const extension = extensions.get(OID.subjectKeyIdentifier)
  return extension ? toHex(readOctets(readDer(extension.value))) : null
}

/** The keyIdentifier of an AuthorityKeyIdentifier; the other two fields are left aside (RFC 5280 4.2.1.1). */
export function readAuthorityKeyId(extensions: ReadonlyMap<string, Extension>): string | null {
  return readExtension(extensions, OID.authorityKeyIdentifier, (fields) => {
    const id = fields.optional(contextTag(0, false))
    fields.rest(2)
    return id ? toHex(id.body) : null
  })
}

/** Leftmost 160 bits of the SHA-256 of the subjectPublicKey octets (RFC 7093 2, method 1), hex. */
export function keyIdentifier(spki: Uint8Array): string {
  const fields = sequence(readDer(spki), 'SubjectPublicKeyInfo')
  fields.next()
  return toHex(digest('sha256', readBits(fields.next()).octets).subarray(0, 20))
}

export const writeAuthorityKeyId = (id: string): Uint8Array =>
  writeExtension(OID.authorityKeyIdentifier, false, writeSequence(writeContext(0, fromHex(id))))

/** Critical as RFC 5280 says: basicConstraints, keyUsage, and subjectAltName where the subject is empty. */
export function writeCertificateExtensions(fields: TbsCertificateFields): Uint8Array[] {
  const list: Uint8Array[] = []
  const add = (oid: string, critical: boolean, value: Uint8Array) => list.push(writeExtension(oid, critical, value))
  if (fields.basicConstraints) add(OID.basicConstraints, true, basicConstraints(fields.basicConstraints))
  if (fields.keyUsage)
    add(OID.keyUsage, true, writeNamedBits(fields.keyUsage.map((usage) => KEY_USAGES.indexOf(usage))))
  if (fields.extendedKeyUsage?.length) {
    const purposes = writeSequence(...fields.extendedKeyUsage.map((oid) => writeOid(oid)))
    add(OID.extendedKeyUsage, fields.extendedKeyUsageCritical ?? false, purposes)
  }
  add(OID.subjectKeyIdentifier, false, writeOctets(fromHex(fields.subjectKeyId ?? keyIdentifier(fields.spki))))
  if (fields.authorityKeyId) list.push(writeAuthorityKeyId(fields.authorityKeyId))
  const names = writeSubjectAltName(fields.subjectAltName ?? {})
  const emptySubject = fields.subject.length === 2
  if (names) add(OID.subjectAltName, emptySubject, names)
  else if (emptySubject) refuse('invalid-input', 'RFC 5280 4.1.2.6: no subject and no subjectAltName')
  if (fields.crlDistributionPoints?.length) {
    const names = fields.crlDistributionPoints.map(writeUri)
    const point = writeSequence(writeExplicit(0, tlv(contextTag(0, true), ...names)))
    add(OID.crlDistributionPoints, false, writeSequence(point))
  }
  const access = [
    ...(fields.ocspUrls ?? []).map((uri) => writeSequence(writeOid(OID.ocsp), writeUri(uri))),
    ...(fields.caIssuerUrls ?? []).map((uri) => writeSequence(writeOid(OID.caIssuers), writeUri(uri))),
  ]
  if (access.length) add(OID.authorityInfoAccess, false, writeSequence(...access))
  if (fields.policies?.length) {
    const policies = fields.policies.map((oid) => writeSequence(writeOid(oid)))
    add(OID.certificatePolicies, false, writeSequence(...policies))
  }
  return list
}

function basicConstraints({ ca, pathLength }: NonNullable<TbsCertificateFields['basicConstraints']>): Uint8Array {
  const limit = ca && pathLength !== undefined ? writeInteger(pathLength) : null
  return writeSequence(...(ca ? [writeBoolean(true)] : []), ...(limit ? [limit] : []))
}
