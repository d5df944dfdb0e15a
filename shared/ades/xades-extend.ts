import { toHex, type HashName, type MessageImprint, type ValidationData } from '../pki/index.ts'
import { archiveDigest, contentStates, type ContentHash } from './archive-imprint.ts'
import { refuse } from './ades-error.ts'
import { NAMESPACES } from './algorithms.ts'
import { encodeBase64 } from './base64.ts'
import { canonicalDigest } from './canonical.ts'
import { CANONICALIZATION_METHOD, SIGNATURE_NAMESPACES } from './fragment.ts'
import { peekTimeStamp } from './pki-parts.ts'
import { readXades } from './xades-read.ts'
import type { XmlElement } from './xml-node.ts'

// From B-B upwards, step by step; between the steps the caller asks a time-stamping authority and verifies its token.
// Each step puts text into the document and changes none that was there.

const OWN_NAMESPACES = `${SIGNATURE_NAMESPACES} xmlns:xades141="${NAMESPACES.xades141}"`

/** B-T, first half: what the signature time-stamp is over (EN 319 132-1 5.3), the canonical SignatureValue element. */
export const xadesSignatureImprint = (xml: Uint8Array, hash: HashName): MessageImprint => ({
  hash,
  digest: canonicalDigest(hash, readXades(xml).signatureValue, 'exclusive'),
})

/** B-T, second half: with the token, which the caller has verified against `xadesSignatureImprint`. */
export function addXadesSignatureTimeStamp(xml: Uint8Array, token: Uint8Array): Uint8Array {
  if (readXades(xml).unsigned.some(({ kind }) => kind === 'archive-time-stamp')) {
    refuse('time-stamp-order', 'EN 319 132-1 5.5.2: before any archive time-stamp')
  }
  return insertUnsigned(xml, stamp('xades:SignatureTimeStamp', token))
}

/**
 * B-LT: CertificateValues and RevocationValues (EN 319 132-1 5.4.1, 5.4.2) for the signer and the time-stamping
 * authorities; where these are there already, TimeStampValidationData (5.5.1), as for each renewal. What is there
 * already is not doubled; with nothing new the signature comes back as it was.
 */
export function addXadesValidationData(xml: Uint8Array, data: ValidationData): Uint8Array {
  const { unsigned, certificates: inKeyInfo } = readXades(xml)
  const carried = unsigned.flatMap((one) => ('values' in one ? [one.values] : []))
  const certificates = missing(data.certificates, [...inKeyInfo, ...carried.flatMap((one) => one.certificates)])
  const crls = missing(
    data.crls,
    carried.flatMap((one) => one.crls),
  )
  const ocsp = missing(
    data.ocsp,
    carried.flatMap((one) => one.ocsp),
  )
  const isLater = unsigned.some(({ kind }) => kind !== 'signature-time-stamp')
  const own = isLater ? '' : OWN_NAMESPACES
  const revocations =
    wrap('CRLValues', list('EncapsulatedCRLValue', crls)) + wrap('OCSPValues', list('EncapsulatedOCSPValue', ocsp))
  const values =
    wrap('CertificateValues', list('EncapsulatedX509Certificate', certificates), own) +
    wrap('RevocationValues', revocations, own)
  if (values === '') return xml
  const name = 'xades141:TimeStampValidationData'
  return insertUnsigned(xml, isLater ? `<${name}${OWN_NAMESPACES}>${values}</${name}>` : values)
}

const list = (name: string, values: readonly Uint8Array[]): string =>
  values.map((value) => `<xades:${name}>${encodeBase64(value)}</xades:${name}>`).join('')

const wrap = (name: string, inner: string, attributes = ''): string =>
  inner === '' ? '' : `<xades:${name}${attributes}>${inner}</xades:${name}>`

/** Those that are not among `present`, each once. */
const missing = (wanted: readonly Uint8Array[], present: readonly Uint8Array[]): Uint8Array[] => {
  const known = new Set(present.map(toHex))
  return [...new Map(wanted.map((one) => [toHex(one), one]))].flatMap(([hex, one]) => (known.has(hex) ? [] : [one]))
}

/**
 * An enveloped signature from `writeEnvelopedSignature` as a document that the steps of this file take, while the
 * document that it will stand in is still being written. Its exclusive canonical form is the same here and there.
 */
export const openEnveloped = (signature: string): Uint8Array => new TextEncoder().encode(`${OPEN}${signature}${CLOSE}`)

/** The signature again, to be put into its document. Throws AdesError `invalid-input`. */
export function closeEnveloped(xml: Uint8Array): string {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(xml)
  if (!isOpened(text)) refuse('invalid-input', 'from openEnveloped')
  return text.slice(OPEN.length, -CLOSE.length)
}

const OPEN = '<opened>'
const CLOSE = '</opened>'
const isOpened = (text: string): boolean => text.startsWith(OPEN) && text.endsWith(CLOSE)

/**
 * B-LTA, first half: over everything that is there now. `contentHash` for a detached signature, and for one from
 * `openEnveloped`: states over the document without the signature.
 */
export function xadesArchiveImprint(xml: Uint8Array, hash: HashName, contentHash?: ContentHash): MessageImprint {
  const parts = readXades(xml)
  if (isOpened(parts.document.text)) {
    const content = contentHash ?? refuse('content-missing', 'from openEnveloped: the document is elsewhere')
    return { hash, digest: archiveDigest(parts, hash, 'exclusive', parts.unsigned.length, content) }
  }
  return {
    hash,
    digest: archiveDigest(parts, hash, 'exclusive', parts.unsigned.length, contentStates(parts, contentHash)),
  }
}

/** B-LTA, second half; again for each renewal, before the certificate of the newest time-stamp ends. */
export const addXadesArchiveTimeStamp = (xml: Uint8Array, token: Uint8Array): Uint8Array =>
  insertUnsigned(xml, stamp('xades141:ArchiveTimeStamp', token))

export interface XadesNeeds {
  /** The file that a detached signature is over, as it names it; null for an enveloped one. */
  readonly uri: string | null
  /** By which the content must be digested to verify everything. */
  readonly hashes: readonly HashName[]
  readonly mimeType: string
  /** DER of the tokens, in the order in which they came: the newest last. */
  readonly timeStamps: readonly Uint8Array[]
  /** What a B-LT has already; certificates of KeyInfo too. */
  readonly carried: ValidationData
}

/** What must be given to `verifyXades`, read from a signature of which nothing is verified yet. Throws as it does. */
export function readXadesNeeds(xml: Uint8Array): XadesNeeds {
  const { form, references, unsigned, signed, certificates: inKeyInfo } = readXades(xml)
  const content = references.filter(({ to }) => to === 'content')
  const archives = unsigned.flatMap((one) => (one.kind === 'archive-time-stamp' ? [peekTimeStamp(one.token)] : []))
  const hashes = new Set([...content.map(({ hash }) => hash), ...archives.map(({ imprint }) => imprint.hash)])
  const carried = unsigned.flatMap((one) => ('values' in one ? [one.values] : []))
  return {
    uri: form === 'detached' ? (content[0]?.uri ?? null) : null,
    hashes: [...hashes],
    mimeType: signed.mimeType,
    timeStamps: unsigned.flatMap((one) => ('token' in one ? [one.token] : [])),
    carried: {
      certificates: [...inKeyInfo, ...carried.flatMap((one) => one.certificates)],
      crls: carried.flatMap((one) => one.crls),
      ocsp: carried.flatMap((one) => one.ocsp),
    },
  }
}

const stamp = (name: string, token: Uint8Array): string =>
  `<${name}${OWN_NAMESPACES}>${CANONICALIZATION_METHOD}` +
  `<xades:EncapsulatedTimeStamp>${encodeBase64(token)}</xades:EncapsulatedTimeStamp></${name}>`

function insertUnsigned(xml: Uint8Array, property: string): Uint8Array {
  const { document, unsignedContainer, qualifyingProperties } = readXades(xml)
  const wrapped =
    `<xades:UnsignedProperties${SIGNATURE_NAMESPACES}><xades:UnsignedSignatureProperties>${property}` +
    '</xades:UnsignedSignatureProperties></xades:UnsignedProperties>'
  const [at, inserted] = unsignedContainer
    ? [endOf(unsignedContainer), property]
    : [endOf(qualifyingProperties), wrapped]
  return new TextEncoder().encode(document.text.slice(0, at) + inserted + document.text.slice(at))
}

const endOf = ({ endTagAt }: XmlElement): number => endTagAt ?? refuse('shape', 'an element without content')
