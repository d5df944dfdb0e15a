import { refuse } from './ades-error.ts'
import { DIGEST_URI, EXCLUSIVE, NAMESPACES } from './algorithms.ts'
import { encodeBase64 } from './base64.ts'
import { readXml } from './xml-read.ts'
import { isElement, type XmlElement } from './xml-node.ts'
import type { HashName } from '../pki/index.ts'

const DECLARED = Object.entries(NAMESPACES).map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)

/** Declarations that a `ds:Signature` of ours bears. xades141 is declared where it is used: most have none. */
export const SIGNATURE_NAMESPACES = DECLARED.slice(0, 2).join('')

/**
 * One element of a signature, read back as a verifier will read it. Its exclusive canonical form is the same here and in
 * its place (Exclusive C14N 1.2): digests are made of what is parsed, never of what was meant to be written.
 */
export function parseFragment(fragment: string): XmlElement {
  const { root } = readXml(new TextEncoder().encode(`<x${DECLARED.join('')}>${fragment}</x>`))
  const [only, ...more] = root.children
  if (!only || !isElement(only) || more.length > 0) return refuse('invalid-input', 'one element')
  return only
}

export const digestMethod = (hash: HashName): string =>
  `<ds:DigestMethod Algorithm="${DIGEST_URI[hash]}"></ds:DigestMethod>`
export const digestValue = (digest: Uint8Array): string => `<ds:DigestValue>${encodeBase64(digest)}</ds:DigestValue>`
export const transform = (uri: string): string => `<ds:Transform Algorithm="${uri}"></ds:Transform>`
export const CANONICALIZATION_METHOD = `<ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}"></ds:CanonicalizationMethod>`
