import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  encodeName,
  encodePem,
  type ExternalSigner,
  signatureAlgorithmFor,
  signCertificate,
} from '../../../shared/pki/index.ts'
import { makePair, signerOf, type Pair } from './authority.ts'

export interface Received {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
}
export type Answerer = (received: Received, response: ServerResponse, request: IncomingMessage) => void

/** A TLS authority and its certificates for 127.0.0.1, or for whatever a test wants to be wrong. */
export class TlsAuthority {
  readonly #pair: Pair = makePair('ecdsa-p256')
  readonly #name = encodeName([{ type: 'CN', value: `TLS root ${Math.random()}` }])
  readonly #signer: ExternalSigner = signerOf(this.#pair)
  async anchorPem(): Promise<string> {
    return this.#pem(this.#name, this.#pair.spki, { basicConstraints: { ca: true }, keyUsage: ['keyCertSign'] })
  }
  async serverCertificate(san: { ip?: string[]; dns?: string[] }, days = 1): Promise<{ key: KeyObject; cert: string }> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
    const subject = encodeName([{ type: 'CN', value: 'test server' }])
    const extra = {
      subjectAltName: san,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
      keyUsage: ['digitalSignature'] as const,
    }
    return { key: privateKey, cert: await this.#pem(subject, spki, extra, days) }
  }
  async #pem(subject: Uint8Array, spki: Uint8Array, extra: object, days = 1): Promise<string> {
    const now = Math.floor(Date.now() / 1000) * 1000
    const [from, to] = days > 0 ? [now - 3_600_000, now + days * 86_400_000] : [now + days * 86_400_000, now - 1000]
    const fields = {
      serial: `5${Math.floor(Math.random() * 1e12)
        .toString(16)
        .padStart(11, '0')}`,
      issuer: this.#name,
      subject,
      spki,
    }
    const der = await signCertificate(
      { ...fields, notBefore: new Date(from), notAfter: new Date(to), ...extra },
      this.#signer,
    )
    return encodePem('CERTIFICATE', der)
  }
  readonly algorithm = signatureAlgorithmFor('ecdsa-p256')
}

/** A real HTTPS server on loopback that keeps what it got and answers as told. */
export class TestHttpsServer {
  readonly received: Received[] = []
  answer: Answerer = (_received, response) => void response.end('{}')
  readonly #server: Server
  constructor(tls: { key: KeyObject; cert: string }) {
    this.#server = createServer(
      { key: tls.key.export({ type: 'pkcs8', format: 'pem' }), cert: tls.cert },
      (request, response) => {
        const parts: Buffer[] = []
        request.on('data', (part: Buffer) => parts.push(part))
        request.on('end', () => {
          const received = {
            method: request.method!,
            path: request.url!,
            headers: request.headers,
            body: Buffer.concat(parts).toString(),
          }
          this.received.push(received)
          this.answer(received, response, request)
        })
      },
    )
  }
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
export const json = (response: ServerResponse, status: number, value: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
