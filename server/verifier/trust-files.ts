import {
  decodePem,
  parseAnyCrl,
  parseCertificate,
  PkiError,
  type Certificate,
  type PemLabel,
} from '../../shared/pki/index.ts'
import type { Trust } from '../../shared/exports/index.ts'
import { readSmall } from './disk.ts'
import { UsageError, type Wanted } from './arguments.ts'

const LIMIT = 64 * 1024 * 1024

/** Every value in a PEM file, or the one of a DER file. */
const valuesOf = async (path: string, label: PemLabel): Promise<readonly Uint8Array[]> => {
  const bytes = await readSmall(path, LIMIT)
  return bytes[0] === 0x30 ? [bytes] : decodePem(label, Buffer.from(bytes).toString('latin1'))
}

const readAll = async <T>(paths: readonly string[], label: PemLabel, parse: (der: Uint8Array) => T): Promise<T[]> => {
  const values: T[] = []
  for (const path of paths) {
    try {
      values.push(...(await valuesOf(path, label)).map(parse))
    } catch (error) {
      if (error instanceof PkiError) throw new UsageError(`${path}: no ${label.toLowerCase()} (${error.reason})`)
      throw error
    }
  }
  return values
}

const FINGERPRINT = /^[0-9a-f]{64}$/

/** Everything that is trusted, from the files named. Throws UsageError for one that holds something else. */
export const readTrust = async (wanted: Wanted): Promise<Trust> => {
  const certificates = (paths: readonly string[]): Promise<Certificate[]> =>
    readAll(paths, 'CERTIFICATE', parseCertificate)
  const signers = wanted.signers.map((one) => one.replaceAll(':', '').toLowerCase())
  const wrong = signers.find((one) => !FINGERPRINT.test(one))
  if (wrong !== undefined) throw new UsageError(`--signer ${wrong}: SHA-256 of a certificate, in hex`)
  const timeStampAnchors = await certificates(wanted.timeStampAnchors)
  return {
    anchors: await certificates(wanted.anchors),
    ...(timeStampAnchors.length > 0 ? { timeStampAnchors } : {}),
    intermediates: await certificates(wanted.intermediates),
    crls: await readAll(wanted.crls, 'X509 CRL', parseAnyCrl),
    ocsp: await Promise.all(wanted.ocsp.map((path) => readSmall(path, LIMIT))),
    now: wanted.at,
    revocation: wanted.revocation,
    ...(signers.length > 0 ? { signers } : {}),
  }
}
