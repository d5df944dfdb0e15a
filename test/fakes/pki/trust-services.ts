import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readCertificateId } from '../../../shared/pki/ocsp-request.ts'
import {
  contextTag,
  DerCursor,
  readDer,
  readIntegerOctets,
  readOctets,
  sequence,
  TAG,
} from '../../../shared/pki/der-read.ts'
import { parseExtensions } from '../../../shared/pki/extension.ts'
import { writeInteger, writeSequence } from '../../../shared/pki/der-write.ts'
import { OID, type Certificate, type RevokedEntry } from '../../../shared/pki/index.ts'
import { parseHash } from '../../../shared/pki/signature.ts'
import {
  certify,
  crlOf,
  extended,
  rootAuthority,
  testKey,
  type Authority,
  type TestKey,
} from '../../unit/shared/pki/authority.ts'
import { NO_CHECK, ocspResponse, revokedStatus } from '../../unit/shared/pki/responder.ts'
import { makeToken } from '../../unit/shared/pki/tsa.ts'

const DAY_MS = 86_400_000

export type Fault =
  | 'status'
  | 'type'
  | 'redirect'
  | 'silent'
  | 'drip'
  | 'large'
  | 'cut'
  | 'forged'
  | 'stale'
  | 'no-nonce'
  | 'other-nonce'
  | 'empty'

/**
 * A time-stamping authority, an OCSP responder and a list over HTTP on this machine, for one small authority with a
 * clock that is set. Each path can be told to misbehave.
 */
export class TrustServices {
  readonly #server: Server
  readonly faults = new Map<string, Fault>()
  /** Paths asked for, in order. */
  readonly asked: string[] = []
  readonly revoked: RevokedEntry[] = []
  now: Date
  root!: Authority
  responder!: Authority
  /** Time-stamping authorities, by the path that serves them. */
  readonly stampers = new Map<string, { readonly key: TestKey; readonly certificate: Certificate }>()
  readonly #known = new Map<string, Certificate>()
  readonly #stranger = testKey('ecdsa-sha256')
  #list = 1n

  private constructor(server: Server, now: Date) {
    this.#server = server
    this.now = now
  }

  static async open(now = new Date()): Promise<TrustServices> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const services = new TrustServices(server, now)
    server.on('request', (request, response) => void services.#serve(request, response))
    const life = { notBefore: services.day(-30), notAfter: services.day(3000) }
    services.root = await rootAuthority({ ...life, name: 'Time Root' })
    const key = testKey('ecdsa-sha256')
    const appointed = await certify(key, services.root, {
      ...life,
      name: 'Time Responder',
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [OID.ocspSigning],
    })
    services.responder = { key, certificate: await extended(appointed, services.root, NO_CHECK) }
    return services
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  url(path: string): string {
    return `http://${this.host}${path}`
  }

  day(count: number): Date {
    return new Date(this.now.getTime() + count * DAY_MS)
  }

  /** A certificate of this authority that names the responder, the list, both or neither. */
  async certify(
    key: TestKey | { readonly spki: Uint8Array },
    options: Parameters<typeof certify>[2] & { readonly sources?: 'ocsp' | 'crl' | 'both' | 'none' } = {},
  ): Promise<Certificate> {
    const { sources = 'both', ...rest } = options
    const certificate = await certify(key, this.root, {
      notBefore: this.day(-30),
      notAfter: this.day(1000),
      ...(sources === 'ocsp' || sources === 'both' ? { ocspUrls: [this.url('/ocsp')] } : {}),
      ...(sources === 'crl' || sources === 'both' ? { crlDistributionPoints: [this.url('/root.crl')] } : {}),
      ...rest,
    })
    this.#known.set(certificate.serial, certificate)
    return certificate
  }

  /** A time-stamping authority at that path. */
  async addStamper(path: string, options: Parameters<TrustServices['certify']>[1] = {}): Promise<Certificate> {
    const key = testKey('ecdsa-sha256')
    const certificate = await this.certify(key, {
      name: `Time ${path}`,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [OID.timeStamping],
      extendedKeyUsageCritical: true,
      ...options,
    })
    this.stampers.set(path, { key, certificate })
    return certificate
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    this.asked.push(path)
    const fault = this.faults.get(path)
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    const { type, bytes } = await this.#answer(path, new Uint8Array(Buffer.concat(parts)), fault)
    if (fault === 'silent') return
    if (fault === 'redirect') {
      response.writeHead(302, { location: this.url('/elsewhere') }).end()
      return
    }
    response.writeHead(fault === 'status' ? 503 : 200, { 'content-type': fault === 'type' ? 'text/html' : type })
    if (fault === 'drip') {
      const drip = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(drip))
      return
    }
    if (fault === 'large') {
      response.end(Buffer.alloc(512 * 1024))
      return
    }
    if (fault === 'cut') {
      response.write(bytes.subarray(0, 10), () => response.destroy())
      return
    }
    response.end(fault === 'empty' ? '' : bytes)
  }

  async #answer(path: string, body: Uint8Array, fault: Fault | undefined) {
    const stamper = this.stampers.get(path)
    if (stamper) {
      return { type: 'application/timestamp-reply', bytes: await this.#stamp(body, stamper, fault) }
    }
    if (path === '/ocsp') return { type: 'application/ocsp-response', bytes: await this.#respond(body, fault) }
    if (path === '/root.crl') return { type: 'application/pkix-crl', bytes: await this.#listOf(fault) }
    return { type: 'text/plain', bytes: new Uint8Array(0) }
  }

  async #stamp(body: Uint8Array, { key, certificate }: { key: TestKey; certificate: Certificate }, fault?: Fault) {
    const fields = sequence(readDer(body), 'TimeStampReq')
    fields.next()
    const imprint = sequence(fields.next(), 'MessageImprint')
    const hash = parseHash(imprint.next())
    const digest = readOctets(imprint.next())
    fields.optional(TAG.oid)
    const nonceNode = fields.optional(TAG.integer)
    const genTime = `${this.now.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
    const token = await makeToken({
      key: fault === 'forged' ? { ...this.#stranger } : key,
      certificate,
      chain: [this.root.certificate],
      hash,
      imprint: digest,
      genTime,
      nonce: fault === 'no-nonce' || !nonceNode ? null : readIntegerOctets(nonceNode),
      serial: writeInteger(BigInt(Date.now()) * 1000n + BigInt(this.asked.length)),
    })
    return writeSequence(writeSequence(writeInteger(0)), token)
  }

  async #respond(body: Uint8Array, fault?: Fault): Promise<Uint8Array> {
    const request = sequence(sequence(readDer(body), 'OCSPRequest').next(), 'TBSRequest')
    const [first] = sequence(request.next(), 'requestList').rest(4)
    const id = readCertificateId(sequence(first!, 'Request').next())
    const explicit = request.optional(contextTag(2, true))
    const items = explicit
      ? parseExtensions(new DerCursor(explicit, contextTag(2, true), 'requestExtensions').next())
      : new Map<string, { value: Uint8Array }>()
    const sent = items.get(OID.ocspNonce)?.value
    const nonce = sent && readOctets(readDer(sent))
    const certificate = this.#known.get(id.serial)
    const entry = this.revoked.find((one) => one.serial === id.serial)
    if (!certificate) return ocspResponse({ ...this.#about(this.responder.certificate), status: 'unknown' })
    const times =
      fault === 'stale'
        ? { thisUpdate: this.day(-9), nextUpdate: this.day(-8), producedAt: this.day(-9) }
        : { thisUpdate: this.day(-0.1), nextUpdate: this.day(1), producedAt: this.now }
    const other = fault === 'other-nonce' ? new Uint8Array(32).fill(7) : nonce
    return ocspResponse({
      ...this.#about(certificate),
      ...times,
      ...(fault === 'forged' ? { key: this.#stranger } : {}),
      ...(entry ? { status: revokedStatus(entry.at, 1) } : {}),
      ...(fault === 'no-nonce' || !other ? {} : { nonce: other }),
    })
  }

  #about(certificate: Certificate) {
    const { key, certificate: responder } = this.responder
    return { certificate, issuer: this.root.certificate, key, responder, carried: [responder] }
  }

  async #listOf(fault?: Fault): Promise<Uint8Array> {
    const times =
      fault === 'stale'
        ? { thisUpdate: this.day(-9), nextUpdate: this.day(-8) }
        : { thisUpdate: this.day(-0.1), nextUpdate: this.day(1) }
    const by = fault === 'forged' ? { key: this.#stranger, certificate: this.root.certificate } : this.root
    return (await crlOf(by, this.revoked, { ...times, number: this.#list++ })).der
  }
}
