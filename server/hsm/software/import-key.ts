import { createPrivateKey } from 'node:crypto'
import forge from 'node-forge'
import { AppError } from '../../../shared/contract/errors.ts'

/** A key of a file, and the certificates that came with it (DER). Whoever gets the key wipes it. */
export interface ImportedKey {
  /** PKCS#8, DER. */
  readonly pkcs8: Buffer
  readonly certificates: readonly Uint8Array[]
}

const MAX_FILE = 256 * 1024

const refused = (reason: string, cause?: unknown): AppError =>
  new AppError('REQUEST_INVALID', { field: 'file', reason }, cause === undefined ? {} : { cause })

/**
 * Reads a key that another program made: PKCS#12 (RFC 7292) with a passphrase, or PKCS#8 in PEM, which must be
 * encrypted. One key to a file. Throws REQUEST_INVALID: `too-large`, `malformed`, `passphrase`, `not-encrypted`, `keys`.
 */
export function readKeyFile(bytes: Buffer, passphrase: string): ImportedKey {
  if (bytes.length > MAX_FILE) throw refused('too-large')
  return bytes.includes('-----BEGIN ') ? readPem(bytes.toString('latin1'), passphrase) : readPkcs12(bytes, passphrase)
}

function readPem(text: string, passphrase: string): ImportedKey {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label)
  const keys = labels.filter((label) => label?.endsWith('PRIVATE KEY'))
  if (keys.length !== 1) throw refused('keys')
  // A key that lies open on a disk is known to whoever read that disk.
  if (keys[0] !== 'ENCRYPTED PRIVATE KEY') throw refused('not-encrypted')
  try {
    const key = createPrivateKey({ key: text, format: 'pem', passphrase })
    return { pkcs8: key.export({ format: 'der', type: 'pkcs8' }), certificates: [] }
  } catch (error) {
    throw refused('passphrase', error)
  }
}

function readPkcs12(bytes: Buffer, passphrase: string): ImportedKey {
  let content: forge.asn1.Asn1
  try {
    content = forge.asn1.fromDer(bytes.toString('latin1'), true)
  } catch (error) {
    throw refused('malformed', error)
  }
  try {
    const file = forge.pkcs12.pkcs12FromAsn1(content, true, passphrase)
    const bags = file.safeContents.flatMap(({ safeBags }) => safeBags)
    const keys = bags.filter(({ type }) => type === forge.pki.oids['pkcs8ShroudedKeyBag'])
    const [key] = keys
    if (!key || keys.length > 1) throw refused('keys')
    const certificates = bags
      .filter(({ type }) => type === forge.pki.oids['certBag'])
      .map((bag) => derOf(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1))
    return { pkcs8: pkcs8Of(key), certificates: certificates.map((der) => new Uint8Array(der)) }
  } catch (error) {
    throw error instanceof AppError ? error : refused('passphrase', error)
  }
}

const derOf = (value: forge.asn1.Asn1): Buffer => Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1')

/** RSA keys are read by the library; of other kinds it gives what was in the bag, which is PKCS#8 already. */
const pkcs8Of = ({ key, asn1 }: forge.pkcs12.Bag): Buffer =>
  derOf(key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)) : asn1)
