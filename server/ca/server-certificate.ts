import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import {
  decodePem,
  encodePem,
  parseCertificate,
  PkiError,
  signCsr,
  type Certificate,
  type ExternalSigner,
} from '../../shared/pki/index.ts'
import type { CaGateway, IssuedCertificate } from './gateway.ts'

export interface ServerCertificateRequest {
  /** DNS names and IP addresses the server answers under; the first becomes the common name. */
  readonly hosts: readonly string[]
  readonly key: ExternalSigner & { readonly spki: Uint8Array }
  readonly organization?: string
}

/**
 * A TLS server certificate for a key held elsewhere. The same key and hosts always give the same certificate.
 * Throws what `CaGateway.issue` throws.
 */
export async function issueServerCertificate(
  gateway: CaGateway,
  { hosts, key, organization }: ServerCertificateRequest,
): Promise<IssuedCertificate> {
  const [commonName = ''] = hosts
  const ip = hosts.filter((host) => isIP(host) !== 0)
  const dns = hosts.filter((host) => isIP(host) === 0)
  const csr = await signCsr({ subject: [{ type: 'CN', value: commonName }], spki: key.spki }, key)
  const about = createHash('sha256').update(key.spki).update(JSON.stringify(hosts)).digest('hex')
  return gateway.issue({
    profile: 'server-tls',
    csr,
    subject: { commonName, ...(organization === undefined ? {} : { organization }) },
    san: { dns, ip },
    idempotencyKey: `server-tls:${about}`,
  })
}

export interface ServerTls {
  /** PKCS#8. Node's TLS needs the key in memory, so this one is not in the HSM. Never log it. */
  readonly keyPem: string
  /** Server certificate, then the issuing CA. */
  readonly chainPem: string
  /** What a client must trust. */
  readonly rootPem: string
  readonly notAfter: Date
}

const RENEW_BEFORE_MS = 30 * 86_400_000

/**
 * The key and certificate in `folder`, made or renewed where they are missing, run out within 30 days, or do not name
 * the hosts. Order: key file (0600), then the certificate from the CA, then the chain file; dying in between costs the
 * repeat, which asks with the same key and gets the same certificate.
 */
export async function ensureServerTls(
  gateway: CaGateway,
  options: {
    readonly folder: string
    readonly hosts: readonly string[]
    readonly organization?: string
    readonly now: Date
  },
): Promise<ServerTls> {
  const { folder, hosts, now } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const chain = await gateway.chain()
  const kept = await readKept(folder, hosts, chain, now)
  if (kept) return kept
  const privateKey = await newOrBegunKey(folder, now)
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))
  const key = { algorithm: 'ecdsa-sha256', spki, sign: (data: Uint8Array) => signHere(privateKey, data) } as const
  const organization = options.organization === undefined ? {} : { organization: options.organization }
  const { der } = await issueServerCertificate(gateway, { hosts, key, ...organization })
  await writeWhole(join(folder, 'chain.pem'), pem([der, ...chain.slice(0, -1)]))
  return tls(privateKey, der, chain)
}

const signHere = (key: KeyObject, data: Uint8Array): Promise<Uint8Array> =>
  Promise.resolve(new Uint8Array(sign('sha256', data, key)))

const pem = (certificates: readonly Uint8Array[]): string =>
  certificates.map((der) => encodePem('CERTIFICATE', der)).join('')

function tls(privateKey: KeyObject, der: Uint8Array, chain: readonly Uint8Array[]): ServerTls {
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem: pem([der, ...chain.slice(0, -1)]),
    rootPem: pem(chain.slice(-1)),
    notAfter: parseCertificate(der).notAfter,
  }
}

async function readKept(
  folder: string,
  hosts: readonly string[],
  chain: readonly Uint8Array[],
  now: Date,
): Promise<ServerTls | null> {
  const keyText = await readIfThere(join(folder, 'key.pem'))
  const chainText = await readIfThere(join(folder, 'chain.pem'))
  if (keyText === null || chainText === null) return null
  const [leaf, issuer] = readChain(chainText)
  if (!leaf || !issuer || Buffer.compare(issuer, chain[0] ?? new Uint8Array(0)) !== 0) return null
  const privateKey = createPrivateKey(keyText)
  const certificate = parseCertificate(leaf)
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const fresh = certificate.notAfter.getTime() - now.getTime() > RENEW_BEFORE_MS
  if (!fresh || spki.compare(certificate.spki) !== 0 || !names(certificate, hosts)) return null
  return tls(privateKey, leaf, chain)
}

function names({ subjectAltName }: Certificate, hosts: readonly string[]): boolean {
  const known = [...(subjectAltName?.dns ?? []), ...(subjectAltName?.ip ?? [])]
  const long = (host: string) => (host === '::1' ? '0:0:0:0:0:0:0:1' : host)
  return hosts.every((host) => known.includes(long(host)))
}

/** A key that has no certificate yet is used; one whose certificate runs out is replaced. */
async function newOrBegunKey(folder: string, now: Date): Promise<KeyObject> {
  const path = join(folder, 'key.pem')
  const keyText = await readIfThere(path)
  const chainText = await readIfThere(join(folder, 'chain.pem'))
  if (keyText !== null) {
    const key = createPrivateKey(keyText)
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
    const [der] = chainText === null ? [] : readChain(chainText)
    const leaf = der ? parseCertificate(der) : null
    const usedUp = leaf !== null && spki.compare(leaf.spki) === 0
    if (!usedUp || leaf.notAfter.getTime() - now.getTime() > RENEW_BEFORE_MS) return key
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

/** A chain file that was damaged counts as none: the certificate is asked for again. */
function readChain(text: string): Uint8Array[] {
  try {
    const chain = decodePem('CERTIFICATE', text)
    chain.forEach(parseCertificate)
    return chain
  } catch (error) {
    if (error instanceof PkiError) return []
    throw error
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The old content or the new, never half of it; owner only. */
async function writeWhole(path: string, text: string): Promise<void> {
  const aside = `${path}.part`
  const file = await open(aside, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(aside, path)
}
