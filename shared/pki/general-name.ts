import { contextTag, DerCursor, readOid, sequence, type DerNode } from './der-read.ts'
import { readIa5, readText } from './der-text.ts'
import { tlv, writeExplicit, writeIa5, writeOid, writeSequence, writeUtf8 } from './der-write.ts'
import { OID } from './oid.ts'
import { parseName } from './name.ts'
import { refuse } from './pki-error.ts'
import type { GeneralName, SubjectAltName } from './types.ts'

// GeneralName of RFC 5280 4.2.1.6: the tags used here.
const OTHER_NAME = contextTag(0, true)
const RFC822 = contextTag(1, false)
const DNS = contextTag(2, false)
const URI = contextTag(6, false)
const IP = contextTag(7, false)
const DIRECTORY = contextTag(4, true)
/** otherName, x400Address, ediPartyName, registeredID. */
const OTHER_TAGS = [OTHER_NAME, contextTag(3, true), contextTag(5, true), contextTag(8, false)]
const MAX_NAMES = 64

const EMAIL = /^[^\s@<>,;]{1,64}@[A-Za-z0-9.-]{1,253}$/
const DNS_NAME = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** GeneralNames with at least one, each of any kind (RFC 5280 4.2.1.6). */
export function readGeneralNames(fields: DerCursor): GeneralName[] {
  const nodes = fields.rest(MAX_NAMES)
  if (nodes.length === 0) refuse('malformed', 'RFC 5280 4.2.1.6: GeneralNames SIZE (1..MAX)')
  return nodes.map((node) => readGeneralName(node))
}

/** One GeneralName. `ipOctets`: the lengths an address may have; with a mask it is twice as long (4.2.1.10). */
export function readGeneralName(node: DerNode, ipOctets: readonly number[] = [4, 16]): GeneralName {
  if (node.tag === RFC822) return { kind: 'email', value: readIa5(node) }
  if (node.tag === DNS) return { kind: 'dns', value: readIa5(node) }
  if (node.tag === URI) return { kind: 'uri', value: readIa5(node) }
  if (node.tag === IP) {
    if (!ipOctets.includes(node.body.length)) refuse('malformed', 'RFC 5280 4.2.1.6: iPAddress')
    return { kind: 'ip', octets: node.body }
  }
  if (node.tag !== DIRECTORY) {
    return OTHER_TAGS.includes(node.tag)
      ? { kind: 'other', tag: node.tag }
      : refuse('malformed', 'RFC 5280 4.2.1.6: GeneralName', { tag: node.tag })
  }
  const fields = new DerCursor(node, DIRECTORY, 'directoryName')
  const name = parseName(fields.next().raw)
  fields.end()
  return { kind: 'directory', name }
}

/** The subjectAltName both ways: every name, and the kinds that callers ask for, as text. */
export function readAltNames(fields: DerCursor): { readonly view: SubjectAltName; readonly all: GeneralName[] } {
  const nodes = fields.rest(MAX_NAMES)
  if (nodes.length === 0) refuse('malformed', 'RFC 5280 4.2.1.6: GeneralNames SIZE (1..MAX)')
  const all = nodes.map((node) => readGeneralName(node))
  const texts = (kind: 'email' | 'dns' | 'uri') => all.flatMap((one) => (one.kind === kind ? [one.value] : []))
  const view = {
    dns: texts('dns'),
    email: texts('email'),
    ip: all.flatMap((one) => (one.kind === 'ip' ? [ipText(one.octets)] : [])),
    uri: texts('uri'),
    upn: nodes.flatMap((node) => (node.tag === OTHER_NAME ? readPrincipal(node) : [])),
  }
  return { view, all }
}

function readPrincipal(node: DerNode): string[] {
  const fields = new DerCursor(node, OTHER_NAME, 'OtherName')
  const oid = readOid(fields.next())
  const value = new DerCursor(fields.next(), contextTag(0, true), 'OtherName value')
  fields.end()
  return oid === OID.userPrincipalName ? [readText(value.next())] : []
}

/** Dotted IPv4, or IPv6 as eight groups. */
function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push((((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0)).toString(16))
  return groups.join(':')
}

function writeIp(text: string): Uint8Array {
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) {
    const octets = text.split('.').map(Number)
    if (octets.every((octet) => octet <= 255)) return tlv(IP, Uint8Array.from(octets))
  }
  const groups = text === '::1' ? ['0', '0', '0', '0', '0', '0', '0', '1'] : text.split(':')
  if (groups.length !== 8 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) {
    refuse('invalid-input', 'RFC 5280 4.2.1.6: iPAddress', { text })
  }
  const words = groups.map((group) => Number.parseInt(group, 16))
  return tlv(IP, Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff])))
}

/** GeneralNames, DER, or null when there is none. Throws PkiError `invalid-input` on a name of the wrong form. */
export function writeSubjectAltName(names: Partial<SubjectAltName>): Uint8Array | null {
  const checked = (text: string, form: RegExp, kind: string): string =>
    form.test(text) && !/\p{Cc}/u.test(text) ? text : refuse('invalid-input', 'RFC 5280 4.2.1.6', { kind, text })
  const parts = [
    ...(names.upn ?? []).map((upn) =>
      tlv(OTHER_NAME, writeOid(OID.userPrincipalName), writeExplicit(0, writeUtf8(checked(upn, EMAIL, 'upn')))),
    ),
    ...(names.email ?? []).map((email) => writeIa5(checked(email, EMAIL, 'email'), RFC822)),
    ...(names.dns ?? []).map((dns) => writeIa5(checked(dns, DNS_NAME, 'dns'), DNS)),
    ...(names.uri ?? []).map((uri) => writeIa5(checked(uri, /^[a-z][a-z0-9+.-]*:\S+$/i, 'uri'), URI)),
    ...(names.ip ?? []).map(writeIp),
  ]
  return parts.length === 0 ? null : writeSequence(...parts)
}

/** URIs among general names; other kinds are left out. */
export function readUris(nodes: readonly DerNode[]): string[] {
  return nodes.filter((node) => node.tag === URI).map(readIa5)
}

export const writeUri = (uri: string): Uint8Array => {
  if (!/^[a-z][a-z0-9+.-]*:\S+$/i.test(uri)) refuse('invalid-input', 'RFC 5280 4.2.1.6: URI', { uri })
  return writeIa5(uri, URI)
}

/** One GeneralName as a URI, or nothing (AccessDescription, DistributionPoint). */
export const uriOf = (node: DerNode): string[] => readUris([node])

/** An AccessDescription list (RFC 5280 4.2.2.1) as pairs of method and URI. */
export function readAccess(fields: DerCursor): { readonly method: string; readonly uri: string }[] {
  return fields.rest(MAX_NAMES).flatMap((node) => {
    const access = sequence(node, 'AccessDescription')
    const method = readOid(access.next())
    const uris = uriOf(access.next())
    access.end()
    return uris.map((uri) => ({ method, uri }))
  })
}
