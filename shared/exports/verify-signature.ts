import { readXadesNeeds } from '../ades/index.ts'
import { equalBytes, OID, PkiError, readCadesNeeds, type HashName } from '../pki/index.ts'
import { readSigners } from '../pki/cms-parts.ts'
import { derOf } from './ber.ts'
import { givenOf } from './given.ts'
import { judge } from './indication.ts'
import { readPieces } from './package-reader.ts'
import { failed, reportOf, type Check, type Report } from './report.ts'
import { checkCades, checkPades, checkXades, ContentDigests, type SignatureAbout } from './signature-check.ts'
import type { Trust } from './trust.ts'
import type { RandomReader } from './zip-read.ts'

export interface BareSignature {
  /** CMS (DER, BER or PEM), XML, or a PDF that is signed inside. */
  readonly signature: Uint8Array
  /** What a detached signature is over; null where it brings that itself. */
  readonly content: RandomReader | null
  /** The file's name: an XML signature must call it so. Null: any name. */
  readonly name: string | null
}

export type SignatureFormat = SignatureAbout['format']

const PEM = /-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----([A-Za-z0-9+/=\s]+)-----END /

/** Which of the three formats the bytes look like; null for none. */
export const signatureFormatOf = (bytes: Uint8Array): SignatureFormat | null => {
  const begin = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  if (begin.startsWith('%PDF-')) return 'PAdES'
  if (/^(?:\xef\xbb\xbf)?\s*</.test(begin)) return 'XAdES'
  return bytes[0] === 0x30 || begin.includes('-----BEGIN ') ? 'CAdES' : null
}

const cmsOf = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] === 0x30) return derOf(bytes)
  const text = Buffer.from(bytes).toString('latin1')
  const body = PEM.exec(text)?.[1] ?? ''
  if (body === '') throw new PkiError('malformed', 'RFC 7468 8, 9')
  return derOf(new Uint8Array(Buffer.from(body, 'base64')))
}

const digestsOf = async (content: RandomReader, hashes: readonly HashName[]): Promise<ContentDigests> => {
  const digests = new ContentDigests(hashes)
  for await (const piece of readPieces(content.size, (offset, length) => content.read(offset, length)))
    digests.update(piece)
  return digests
}

const refused = (format: SignatureFormat | null, error: unknown): Check => {
  const { subIndication: sub, indication, reason, clause } = judge(error)
  return failed({ check: 'signature', sub, indication, clause, facts: { format, reason } })
}

const verifyCms = async ({ signature, content }: BareSignature, trust: Trust): Promise<readonly Check[]> => {
  const about = { check: 'signature', format: 'CAdES' } as const
  const cms = cmsOf(signature)
  const { attached, hashes } = readCadesNeeds(cms)
  if (!content) return checkCades(about, cms, undefined, trust)
  const digests = await digestsOf(content, [...hashes, 'sha256'])
  if (!attached) return checkCades(about, cms, digests.digestOf, trust)
  // It is over what it brings: that must be the file.
  const inside = new ContentDigests(['sha256'])
  inside.update(readSigners(cms, OID.data)[0]?.eContent ?? new Uint8Array(0))
  if (!equalBytes(inside.digestOf('sha256'), digests.digestOf('sha256')))
    throw new PkiError('content-mismatch', 'RFC 5652 5.2: attached')
  return checkCades(about, cms, undefined, trust)
}

const verifyXml = async ({ signature, content, name }: BareSignature, trust: Trust): Promise<readonly Check[]> => {
  const about = { check: 'signature', format: 'XAdES' } as const
  const { uri, hashes } = readXadesNeeds(signature)
  // Enveloped: it is over the document it stands in, whatever else was given.
  if (uri === null) {
    if (content) throw new PkiError('content-mismatch', 'XML Signature 4.4.3.1: enveloped')
    return checkXades(about, signature, null, trust)
  }
  if (!content) throw new PkiError('content-missing', 'XML Signature 4.4.3.1: detached')
  const { contentHash } = await digestsOf(content, hashes)
  return checkXades(about, signature, { contentHash, names: name === null ? null : namesOf(name) }, trust)
}

/** As a reference may write it (RFC 3986): as it is, encoded, or in its folder. */
const namesOf = (name: string): readonly string[] => [
  name,
  encodeURI(name),
  encodeURIComponent(name),
  `./${name}`,
  `data/${name}`,
]

/**
 * A signature by itself, ours or another's: CAdES detached or attached, XAdES detached or enveloped, PAdES. One check for
 * each signer. Throws only what the reader throws.
 */
export const verifyBareSignature = async (bare: BareSignature, trust: Trust): Promise<Report> => {
  const format = signatureFormatOf(bare.signature)
  try {
    const checks =
      format === 'PAdES'
        ? checkPades({ check: 'signature', format }, bare.signature, trust)
        : format === 'XAdES'
          ? await verifyXml(bare, trust)
          : await verifyCms(bare, trust)
    return reportOf('signature', trust.now, checks, givenOf(trust))
  } catch (error) {
    return reportOf('signature', trust.now, [refused(format, error)], givenOf(trust))
  }
}
