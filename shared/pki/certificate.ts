import { compareBytes, fromHex, toHex } from './bytes.ts'
import { readCertificateExtensions, writeCertificateExtensions } from './certificate-extensions.ts'
import {
  contextTag,
  DerCursor,
  readBitOctets,
  readDer,
  readIntegerOctets,
  readPositiveHex,
  readSmallInteger,
  sequence,
  type DerNode,
} from './der-read.ts'
import { readTime } from './der-text.ts'
import { writeBitOctets, writeExplicit, writeInteger, writeSequence, writeTime, writeUnsigned } from './der-write.ts'
import { parseName } from './name.ts'
import { refuse } from './pki-error.ts'
import { publicKeyInfo } from './public-key.ts'
import { encodeSignatureAlgorithm, parseSignatureAlgorithm } from './signature.ts'
import type { Certificate, ExternalSigner, SignatureAlgorithm, TbsCertificateFields } from './types.ts'

export const MAX_CERTIFICATE_BYTES = 64 * 1024

/**
 * A certificate as a view (RFC 5280 4.1). Nothing is judged here: not the signature, not the time, not the trust;
 * see `verifyPath`. `der` is copied, so later changes of the input do not reach the view.
 * Throws PkiError `malformed`, `too-large`, `unsupported-version`, `unsupported-algorithm`, `weak-key`.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const copy = new Uint8Array(der)
  const outer = sequence(readDer(copy, MAX_CERTIFICATE_BYTES), 'Certificate')
  const tbsNode = outer.next()
  const algorithm = outer.next().raw
  const signature = readBitOctets(outer.next())
  outer.end()

  const tbs = sequence(tbsNode, 'TBSCertificate')
  const version = readVersion(tbs)
  const serial = readSerial(tbs.next())
  // Only the inner identifier is signed; an attacker controls the outer one (4.1.1.2).
  if (compareBytes(tbs.next().raw, algorithm) !== 0) refuse('malformed', 'RFC 5280 4.1.1.2: algorithms differ')
  const issuer = parseName(tbs.next().raw)
  const validity = sequence(tbs.next(), 'Validity')
  const notBefore = readTime(validity.next())
  const notAfter = readTime(validity.next())
  validity.end()
  const subject = parseName(tbs.next().raw)
  const spki = tbs.next().raw
  // Unique identifiers are obsolete and say nothing here, but old certificates carry them (4.1.2.8).
  if (version === 3) for (const n of [1, 2]) tbs.optional(contextTag(n, false))
  const extensions = tbs.optional(contextTag(3, true))
  tbs.end()
  if (extensions && version !== 3) refuse('malformed', 'RFC 5280 4.1.2.9: extensions need version 3')

  return Object.freeze({
    der: copy,
    tbs: tbsNode.raw,
    version,
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    key: publicKeyInfo(spki),
    signatureAlgorithm: parseSignatureAlgorithm(algorithm),
    signature,
    ...readCertificateExtensions(extensions, issuer),
  })
}

/**
 * Up to 20 octets; a negative one, as foreign CAs have issued, with a minus sign (4.1.2.2: to be handled gracefully).
 * Zero is refused.
 */
export function readSerial(node: DerNode): string {
  const octets = readIntegerOctets(node)
  if ((octets[0] ?? 0) < 0x80) return readPositiveHex(node, 20)
  if (octets.length > 20) refuse('too-large', 'INTEGER', { limit: 20 })
  const magnitude = (1n << BigInt(8 * octets.length)) - BigInt(`0x${toHex(octets)}`)
  const hex = magnitude.toString(16)
  return `-${hex.length % 2 === 0 ? hex : `0${hex}`}`
}

function readVersion(tbs: DerCursor): 1 | 3 {
  const tagged = tbs.optional(contextTag(0, true))
  if (!tagged) return 1
  const fields = new DerCursor(tagged, contextTag(0, true), 'version')
  const version = readSmallInteger(fields.next()) + 1
  fields.end()
  return version === 3 ? 3 : refuse('unsupported-version', 'RFC 5280 4.1.2.1', { version })
}

/** The bytes a CA signs. Always version 3. Throws PkiError `invalid-input` and what `publicKeyInfo` refuses. */
export function buildTbsCertificate(fields: TbsCertificateFields): Uint8Array {
  const serial = fromHex(fields.serial)
  if (serial.length === 0 || serial.length > 20 || (serial.length === 20 && (serial[0] ?? 0) >= 0x80)) {
    refuse('invalid-input', 'RFC 5280 4.1.2.2: serial of at most 20 octets')
  }
  if (serial.every((octet) => octet === 0)) refuse('invalid-input', 'RFC 5280 4.1.2.2: serial positive')
  if (!(fields.notBefore < fields.notAfter)) refuse('invalid-input', 'RFC 5280 4.1.2.5: validity')
  publicKeyInfo(fields.spki)
  return writeSequence(
    writeExplicit(0, writeInteger(2)),
    writeUnsigned(serial),
    encodeSignatureAlgorithm(fields.signatureAlgorithm),
    fields.issuer,
    writeSequence(writeTime(fields.notBefore), writeTime(fields.notAfter)),
    fields.subject,
    fields.spki,
    writeExplicit(3, writeSequence(...writeCertificateExtensions(fields))),
  )
}

/** `SIGNED{}` (RFC 5280 4.1): joins what was signed, the algorithm and the signature. Also for requests and CRLs. */
export function assembleSigned(tbs: Uint8Array, algorithm: SignatureAlgorithm, signature: Uint8Array): Uint8Array {
  return writeSequence(tbs, encodeSignatureAlgorithm(algorithm), writeBitOctets(signature))
}

/** Builds, has it signed, joins. The signer's algorithm goes into the certificate. */
export async function signCertificate(
  fields: Omit<TbsCertificateFields, 'signatureAlgorithm'>,
  signer: ExternalSigner,
): Promise<Uint8Array> {
  const tbs = buildTbsCertificate({ ...fields, signatureAlgorithm: signer.algorithm })
  return assembleSigned(tbs, signer.algorithm, await signer.sign(tbs))
}

/** Serial as certificate tools print it: colon-separated upper-case octets. */
export const serialText = (serial: string): string =>
  (toHex(fromHex(serial)).toUpperCase().match(/../g) ?? []).join(':')
