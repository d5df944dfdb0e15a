import { contextTag, DerCursor, readOid, sequence, type DerNode } from './der-read.ts'
import { readIa5, readText } from './der-text.ts'
import { tlv, writeExplicit, writeIa5, writeOid, writeSequence, writeUtf8 } from './der-write.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import type { SubjectAltName } from './types.ts'

// GeneralName of RFC 5280 4.2.1.6: the tags used here.
const OTHER_NAME = contextTag(0, true)
const RFC822 = contextTag(1, false)
const DNS = contextTag(2, false)
const URI = contextTag(6, false)
const IP = contextTag(7, false)
const MAX_NAMES = 64

const EMAIL = /^[^\s@<>,;]{1,64}@[A-Za-z0-9.-]{1,253}$/
const DNS_NAME = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** Kinds that are not listed in the type (directoryName, registeredID …) are kept out of the view. */
export function readSubjectAltName(fields: DerCursor): SubjectAltName {
  const found = {
    dns: [] as string[],
    email: [] as string[],
    ip: [] as string[],
    uri: [] as string[],
    upn: [] as string[],
  }
  const nodes = fields.rest(MAX_NAMES)
  if (nodes.length === 0) refuse('malformed', 'RFC 5280 4.2.1.6: GeneralNames SIZE (1..MAX)')
  for (const node of nodes) {
    if (node.tag === RFC822) found.email.push(readIa5(node))
    else if (node.tag === DNS) found.dns.push(readIa5(node))
    else if (node.tag === URI) found.uri.push(readIa5(node))
    else if (node.tag === IP) found.ip.push(readIp(node.body))
    else if (node.tag === OTHER_NAME) found.upn.push(...readPrincipal(node))
  }
  return found
}

function readPrincipal(node: DerNode): string[] {
  const fields = new DerCursor(node, OTHER_NAME, 'OtherName')
  const oid = readOid(fields.next())
  const value = new DerCursor(fields.next(), contextTag(0, true), 'OtherName value')
  fields.end()
  return oid === OID.userPrincipalName ? [readText(value.next())] : []
}

function readIp(body: Uint8Array): string {
  if (body.length === 4) return body.join('.')
  if (body.length !== 16) return refuse('malformed', 'RFC 5280 4.2.1.6: iPAddress')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push((((body[i] ?? 0) << 8) | (body[i + 1] ?? 0)).toString(16))
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
