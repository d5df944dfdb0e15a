import {
  addSignatureTimeStamp,
  cmsHashFor,
  digest,
  parseCertificate,
  signatureImprint,
  signDigest,
  type HashName,
} from '../pki/index.ts'
import type { PdfSignatureFields, PdfTimeStampFields, PreparedPdf } from './pades-types.ts'
import { pdfDate, pdfText } from './pdf-value.ts'
import { fillPdf, preparePdf } from './pdf-prepare.ts'

/** A token with its authority's certificates; those met are of 2 to 9 KiB. */
const TIME_STAMP_RESERVE = 16 * 1024

/**
 * The PDF with a PAdES signature in a later revision (ETSI EN 319 142-1 6.3): B-B, or B-T where `timeStamp` is given.
 * Every octet that was there stays. Throws PadesError (`placeholder` with `needed` where the reserve is too small,
 * `encrypted`, `field-name`, `not-permitted`, …), PkiError, and whatever signer and authority throw.
 */
export async function signPdf(fields: PdfSignatureFields): Promise<Uint8Array> {
  const { signer, certificate, chain = [], timeStamp } = fields
  const hash = cmsHashFor(signer.algorithm)
  const text = (value: string | undefined) => (value === undefined ? null : pdfText(value))
  const prepared = preparePdf({
    ...fields,
    kind: 'signature',
    reserve: fields.reserve ?? reserveFor(certificate, chain, timeStamp !== undefined),
    entries: {
      M: pdfDate(fields.claimedAt),
      Name: text(fields.name),
      Reason: text(fields.reason),
      Location: text(fields.location),
    },
  })
  const contentDigest = preparedDigest(prepared, hash)
  const cms = await signDigest({ signer, certificate, chain, contentDigest })
  if (!timeStamp) return fillPdf(prepared, cms)
  const token = await timeStamp(signatureImprint(cms, fields.timeStampHash ?? hash))
  return fillPdf(prepared, addSignatureTimeStamp(cms, token))
}

/**
 * B-LTA, and each renewal after `addPdfValidationData`: a document time-stamp over all that is there (EN 319 142-1
 * 5.4.3). Throws as `signPdf` does.
 */
export async function addDocTimeStamp(fields: PdfTimeStampFields): Promise<Uint8Array> {
  const { hash = 'sha256', timeStamp } = fields
  const prepared = preparePdf({
    ...fields,
    kind: 'time-stamp',
    reserve: fields.reserve ?? TIME_STAMP_RESERVE,
    entries: {},
  })
  return fillPdf(prepared, await timeStamp({ hash, digest: preparedDigest(prepared, hash) }))
}

/** Digest of everything but the hole (ISO 32000-1 12.8.1). */
function preparedDigest({ pdf, byteRange: [, start, end] }: PreparedPdf, hash: HashName): Uint8Array {
  return digest(hash, pdf.subarray(0, start), pdf.subarray(end))
}

/** Octets of the CMS at most: its certificates, issuer and serial twice more, attributes, the signature. */
function reserveFor(certificate: Uint8Array, chain: readonly Uint8Array[], isTimed: boolean): number {
  const { key } = parseCertificate(certificate)
  const signature = key.kind === 'rsa' ? Math.ceil(key.bits / 8) : 160
  const certificates = [certificate, ...chain].reduce((sum, one) => sum + one.length, 0)
  return certificates + 2 * certificate.length + signature + 1024 + (isTimed ? TIME_STAMP_RESERVE : 0)
}
