import './crypto/install.ts'
import '../ui/no-eval.ts'
import { AppError } from '../../shared/contract/errors.ts'
import {
  openZipPackage,
  unreadablePackage,
  verifyBareSignature,
  verifyPackage,
  type RandomReader,
  type Report,
  type VerifyOptions,
} from '../../shared/exports/index.ts'
import { decodePem, digest, parseAnyCrl, parseCertificate, toHex, type Certificate } from '../../shared/pki/index.ts'
import type { CheckOrder, DescribedCertificate, FromWorker, ToWorker } from './protocol.ts'

// A worker has one owner: there is no origin to name.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
const tell = (message: FromWorker) => globalThis.postMessage(message)

/** A file of any size, read in pieces. */
const readerOf = (blob: Blob): RandomReader => ({
  size: blob.size,
  read: async (offset, length) => {
    const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    if (bytes.length !== length) throw new RangeError('the file is shorter than it was')
    return bytes
  },
})

/** How often progress is told. */
const EVERY_MS = 100
const paced = () => {
  let last = 0
  return (done: number, total: number) => {
    const now = performance.now()
    if (now - last < EVERY_MS && done < total) return
    last = now
    tell({ is: 'progress', done, total })
  }
}

const optionsOf = (order: CheckOrder): VerifyOptions => ({
  anchors: order.anchors.map(parseCertificate),
  crls: order.crls.map(parseAnyCrl),
  now: new Date(),
  revocation: 'require',
  depth: order.depth,
  onProgress: paced(),
  ...(order.origins.length === 0 ? {} : { origins: order.origins }),
  ...(order.witnesses.length === 0 ? {} : { witnesses: order.witnesses }),
})

const checkPackage = async (file: Blob, options: VerifyOptions): Promise<Report> => {
  try {
    return await verifyPackage(await openZipPackage(readerOf(file)), options)
  } catch (error) {
    if (error instanceof AppError) return unreadablePackage(error, options.now)
    throw error
  }
}

const check = async (order: CheckOrder): Promise<Report> => {
  const { subject } = order
  const options = optionsOf(order)
  if (subject.kind === 'package') return checkPackage(subject.file, options)
  const { signature, content, name } = subject
  const bytes = new Uint8Array(await signature.arrayBuffer())
  return verifyBareSignature({ signature: bytes, content: content && readerOf(content), name }, options)
}

const described = (certificate: Certificate): DescribedCertificate => ({
  der: certificate.der,
  name: certificate.subject.attributes.find(({ type }) => type === 'CN')?.value ?? certificate.subject.text,
  issuer: certificate.issuer.text,
  notAfter: certificate.notAfter.getTime(),
  sha256: toHex(digest('sha256', certificate.der)),
})

/** All certificates of a PEM file, or the one of a DER file. Throws PkiError. */
const describe = (bytes: Uint8Array): DescribedCertificate[] => {
  const isPem = bytes[0] !== 0x30
  const ders = isPem ? decodePem('CERTIFICATE', new TextDecoder().decode(bytes)) : [bytes]
  return ders.map((der) => described(parseCertificate(der)))
}

const answer = async (asked: ToWorker): Promise<void> => {
  try {
    if (asked.do === 'describe') tell({ is: 'described', certificates: describe(asked.bytes) })
    else tell({ is: 'report', report: await check(asked.order) })
  } catch (error) {
    tell({ is: 'broken', why: String(error) })
  }
}

globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => void answer(data))
