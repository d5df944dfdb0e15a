import { isWithinName } from './name.ts'
import { isSelfIssued } from './path-policies.ts'
import { refuse } from './pki-error.ts'
import type { Certificate, GeneralName, NameConstraints } from './types.ts'

/** Names times constraints compared on one path; honest ones stay far below. */
const MAX_COMPARISONS = 100_000

/**
 * RFC 5280 6.1.3 (b), (c), 6.1.4 (g): each name below a CA that limits names is inside what it permits and outside what
 * it excludes, for every such CA above it, the anchor's own limits included (RFC 5937). `path` has the leaf first.
 * Self-issued certificates are exempt but for the leaf. Throws PkiError `name-constraints`, `too-large`.
 */
export function verifyNameConstraints(path: readonly Certificate[]): void {
  let comparisons = 0
  path.forEach((certificate, depth) => {
    const above = path.slice(depth + 1).flatMap(({ nameConstraints }) => (nameConstraints ? [nameConstraints] : []))
    if (above.length === 0 || (depth > 0 && isSelfIssued(certificate))) return
    const names = namesOf(certificate)
    for (const constraints of above) {
      comparisons += names.length * (constraints.permitted.length + constraints.excluded.length)
      if (comparisons > MAX_COMPARISONS) refuse('too-large', 'name constraints', { limit: MAX_COMPARISONS })
      for (const name of names) verifyName(name, constraints, certificate)
    }
  })
}

/** All names that speak for the subject: the name itself unless empty, the alternative ones, and an old-style address. */
function namesOf({ subject, generalNames }: Certificate): GeneralName[] {
  const addresses = generalNames.length > 0 ? [] : subject.attributes.filter(({ type }) => type === 'emailAddress')
  return [
    ...(subject.canonical.length > 0 ? [{ kind: 'directory' as const, name: subject }] : []),
    ...generalNames,
    // 4.2.1.10: where there is no subjectAltName, rfc822Name limits hold for the address in the subject.
    ...addresses.map(({ value }) => ({ kind: 'email' as const, value })),
  ]
}

function verifyName(name: GeneralName, { permitted, excluded }: NameConstraints, { subject }: Certificate): void {
  const detail = { subject: subject.text, kind: name.kind }
  const excluding = excluded.filter((limit) => isSameForm(name, limit))
  if (excluding.some((limit) => matches(name, limit, true))) {
    refuse('name-constraints', 'RFC 5280 6.1.3 (c): excluded', detail)
  }
  const permitting = permitted.filter((limit) => isSameForm(name, limit))
  if (permitting.length > 0 && !permitting.some((limit) => matches(name, limit, false))) {
    refuse('name-constraints', 'RFC 5280 6.1.3 (b): not permitted', detail)
  }
}

const isSameForm = (name: GeneralName, limit: GeneralName): boolean =>
  name.kind === 'other' ? limit.kind === 'other' && limit.tag === name.tag : limit.kind === name.kind

/**
 * Is the name inside the limit (4.2.1.10)? `excluding`: in doubt, yes. A form that cannot be compared must be refused
 * once it is limited, either way.
 */
function matches(name: GeneralName, limit: GeneralName, excluding: boolean): boolean {
  if (name.kind === 'directory' && limit.kind === 'directory') return isWithinName(name.name, limit.name)
  if (name.kind === 'dns' && limit.kind === 'dns') return matchesDns(name.value, limit.value, excluding)
  if (name.kind === 'email' && limit.kind === 'email') return matchesEmail(name.value, limit.value, excluding)
  if (name.kind === 'uri' && limit.kind === 'uri') return matchesUri(name.value, limit.value)
  if (name.kind === 'ip' && limit.kind === 'ip') return matchesIp(name.octets, limit.octets)
  return refuse('name-constraints', 'RFC 5280 4.2.1.10: form not supported', { kind: name.kind })
}

/** Host names without case and without the root's dot. */
const hostOf = (text: string): string => text.toLowerCase().replace(/\.$/, '')

/** A host and everything below it; with a leading dot, as often written, only what is below. */
function matchesDns(name: string, limit: string, excluding: boolean): boolean {
  const host = hostOf(name)
  const base = hostOf(limit)
  if (base === '') return true
  const below = base.startsWith('.') ? base : `.${base}`
  // A wildcard stands for any one label, so it also covers an excluded name exactly one label longer.
  const wild = host.startsWith('*.') ? host.slice(1) : null
  if (excluding && wild && below.endsWith(wild) && !below.slice(1, -wild.length).includes('.')) return true
  return host.endsWith(below) || (!base.startsWith('.') && host === base)
}

/** One mailbox, all mailboxes of one host, or with a leading dot all below a domain. Only the host ignores case. */
function matchesEmail(name: string, limit: string, excluding: boolean): boolean {
  const at = name.lastIndexOf('@')
  // Not an address: outside every permission, and under any exclusion.
  if (at < 1 || at === name.length - 1) return excluding
  const host = hostOf(name.slice(at + 1))
  const limitAt = limit.lastIndexOf('@')
  if (limitAt >= 0) return name.slice(0, at) === limit.slice(0, limitAt) && host === hostOf(limit.slice(limitAt + 1))
  const base = hostOf(limit)
  return base === '' || (base.startsWith('.') ? host.endsWith(base) : host === base)
}

/** The host of the authority: one host, or with a leading dot all below it. A URI without a host name must be refused. */
function matchesUri(name: string, limit: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\\]*)/i.exec(name)?.[1] ?? ''
  const host = hostOf(authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, ''))
  if (!/^(?!\d+(\.\d+){3}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host)) {
    return refuse('name-constraints', 'RFC 5280 4.2.1.10: URI without a host name', { kind: 'uri' })
  }
  const base = hostOf(limit)
  return base === '' || (base.startsWith('.') ? host.endsWith(base) : host === base)
}

/** Address under mask; an IPv4 range says nothing of IPv6 and the other way round. */
function matchesIp(address: Uint8Array, range: Uint8Array): boolean {
  if (range.length !== address.length * 2) return false
  return address.every((octet, i) => {
    const mask = range[address.length + i] ?? 0
    return (octet & mask) === ((range[i] ?? 0) & mask)
  })
}
