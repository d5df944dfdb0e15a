import { contextTag, DerCursor, readBits, readBoolean, readDer, sequence, type DerNode } from './der-read.ts'
import { tlv, writeSequence } from './der-write.ts'
import { readGeneralNames } from './general-name.ts'
import { parseName } from './name.ts'
import { refuse } from './pki-error.ts'
import type { DistributionPoint, GeneralName, IssuingDistributionPoint, Name, ReasonMask } from './types.ts'

const MAX_POINTS = 64

/** Bits 1 to 8 of ReasonFlags (RFC 5280 4.2.1.13): keyCompromise … aACompromise. */
export const ALL_REASONS: ReasonMask = 0b1_1111_1110

/** CRLDistributionPoints; `issuer` is the certificate's, to which relative names belong. */
export function readDistributionPoints(fields: DerCursor, issuer: Name): DistributionPoint[] {
  const nodes = fields.rest(MAX_POINTS)
  if (nodes.length === 0) refuse('malformed', 'RFC 5280 4.2.1.13: SIZE (1..MAX)')
  return nodes.map((node) => {
    const point = sequence(node, 'DistributionPoint')
    const name = point.optional(contextTag(0, true))
    const reasons = point.optional(contextTag(1, false))
    const crlIssuerNode = point.optional(contextTag(2, true))
    point.end()
    const crlIssuer = crlIssuerNode && readGeneralNames(new DerCursor(crlIssuerNode, contextTag(2, true), 'cRLIssuer'))
    if (!name && !crlIssuer) refuse('malformed', 'RFC 5280 4.2.1.13: distributionPoint or cRLIssuer')
    const [other] = crlIssuer ?? []
    // With a cRLIssuer, a relative name is relative to that one.
    const base = other?.kind === 'directory' ? other.name : issuer
    return { names: name && readPointName(name, base), reasons: readReasons(reasons), crlIssuer }
  })
}

/** IssuingDistributionPoint; `issuer` is the list's. */
export function readIssuingPoint(
  value: Uint8Array,
  issuer: Name,
): { readonly point: IssuingDistributionPoint; readonly indirect: boolean } {
  const fields = sequence(readDer(value), 'IssuingDistributionPoint')
  const name = fields.optional(contextTag(0, true))
  const flag = (n: number): boolean => {
    const node = fields.optional(contextTag(n, false))
    if (!node) return false
    return readBoolean({ ...node, tag: 1 }) || refuse('malformed', 'X.690 11.5: DEFAULT FALSE encoded')
  }
  const onlyUserCertificates = flag(1)
  const onlyCaCertificates = flag(2)
  const reasons = readReasons(fields.optional(contextTag(3, false)))
  const indirect = flag(4)
  const onlyAttributeCertificates = flag(5)
  fields.end()
  const kinds = [onlyUserCertificates, onlyCaCertificates, onlyAttributeCertificates].filter(Boolean).length
  if (kinds > 1) refuse('malformed', 'RFC 5280 5.2.5: at most one of onlyContains…')
  const names = name && readPointName(name, issuer)
  const point = { names, onlyUserCertificates, onlyCaCertificates, onlyAttributeCertificates, reasons }
  return { point, indirect }
}

/** DistributionPointName: full names, or one RDN after the issuer's own. */
function readPointName(node: DerNode, issuer: Name): GeneralName[] {
  const fields = new DerCursor(node, contextTag(0, true), 'DistributionPointName')
  const choice = fields.next()
  fields.end()
  if (choice.tag === contextTag(0, true)) return readGeneralNames(new DerCursor(choice, choice.tag, 'fullName'))
  if (choice.tag !== contextTag(1, true)) refuse('malformed', 'RFC 5280 4.2.1.13: DistributionPointName')
  const whole = writeSequence(readDer(issuer.der).body, tlv(0x31, choice.body))
  return [{ kind: 'directory', name: parseName(whole) }]
}

function readReasons(node: DerNode | null): ReasonMask {
  if (!node) return ALL_REASONS
  const { octets } = readBits({ ...node, tag: 3 })
  let mask = 0
  for (let bit = 0; bit <= 8; bit++) {
    if (((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) mask |= 1 << bit
  }
  return mask & ALL_REASONS
}
