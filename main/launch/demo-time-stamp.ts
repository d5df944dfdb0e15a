import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareBytes } from '../../shared/pki/bytes.ts'
import { issuerAndSerial } from '../../shared/pki/cms-certificate.ts'
import { readDer, readIntegerOctets, readOctets, sequence, TAG } from '../../shared/pki/der-read.ts'
import * as der from '../../shared/pki/der-write.ts'
import {
  decodePem,
  digest,
  encodeName,
  encodePem,
  encodeSignatureAlgorithm,
  keyIdentifier,
  OID,
  signCertificate,
  signCrl,
  type ExternalSigner,
} from '../../shared/pki/index.ts'
import { encodeHash, parseHash } from '../../shared/pki/signature.ts'
import { writeMessageImprint } from '../../shared/pki/tsp-request.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Of examples: a policy that promises nothing (RFC 3161 2.1, item 6 wants one). */
const POLICY = '1.3.6.1.4.1.99999.2026.1'
const ALGORITHM = 'ecdsa-sha256'
const WORDS = 'Demo time-stamping'

const signerOf = (key: KeyObject): ExternalSigner => ({
  algorithm: ALGORITHM,
  sign: (data) => Promise.resolve(new Uint8Array(sign('sha256', data, key))),
})
const spkiOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))
const nameOf = (what: string): Uint8Array => encodeName([{ type: 'CN', value: `${WORDS} ${what}, not for production` }])
const newSerial = (): string => `40${randomBytes(15).toString('hex')}`

/** Keys and certificates of a new authority that listens on `port`: its own root, and the one that stamps. */
export const makeDemoTime = async (folder: string, port: number): Promise<void> => {
  mkdirSync(folder, { mode: 0o700 })
  const [rootKey, key] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) as [
    KeyObject,
    KeyObject,
  ]
  const life = { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + 10 * 365 * DAY_MS) }
  const issuer = nameOf('root')
  const authorityKeyId = keyIdentifier(spkiOf(rootKey))
  const shared = { issuer, authorityKeyId, ...life }
  const root = await signCertificate(
    {
      ...shared,
      serial: newSerial(),
      subject: issuer,
      spki: spkiOf(rootKey),
      basicConstraints: { ca: true },
      keyUsage: ['keyCertSign', 'cRLSign'],
    },
    signerOf(rootKey),
  )
  const stamper = await signCertificate(
    {
      ...shared,
      serial: newSerial(),
      subject: nameOf('authority'),
      spki: spkiOf(key),
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [OID.timeStamping],
      extendedKeyUsageCritical: true,
      crlDistributionPoints: [`http://127.0.0.1:${port}/root.crl`],
    },
    signerOf(rootKey),
  )
  const keep = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content, { mode: 0o600 })
  keep('root.key', rootKey.export({ type: 'pkcs8', format: 'pem' }))
  keep('authority.key', key.export({ type: 'pkcs8', format: 'pem' }))
  keep('root.pem', encodePem('CERTIFICATE', root))
  keep('authority.pem', encodePem('CERTIFICATE', stamper))
  keep('authority.json', `${JSON.stringify({ port })}\n`)
}

const keyIn = (folder: string, name: string): KeyObject => createPrivateKey(readFileSync(join(folder, name)))
const certificateIn = (folder: string, name: string): Uint8Array => {
  const [found] = decodePem('CERTIFICATE', readFileSync(join(folder, name), 'utf8'))
  if (found === undefined) throw new Error(`${name} holds no certificate`)
  return found
}

/** The root's list, on which nobody is; DER. */
export const revocationList = async (folder: string): Promise<Uint8Array> => {
  const key = keyIn(folder, 'root.key')
  const now = Date.now()
  return signCrl(
    {
      issuer: nameOf('root'),
      authorityKeyId: keyIdentifier(spkiOf(key)),
      number: BigInt(now),
      thisUpdate: new Date(now - HOUR_MS),
      nextUpdate: new Date(now + DAY_MS),
      entries: [],
    },
    signerOf(key),
  )
}

/** TimeStampResp for a TimeStampReq, DER (RFC 3161 2.4). Throws for what is no request. */
export const stamp = async (folder: string, request: Uint8Array): Promise<Uint8Array> => {
  const fields = sequence(readDer(request), 'TimeStampReq')
  fields.next()
  const imprint = sequence(fields.next(), 'MessageImprint')
  const hash = parseHash(imprint.next())
  const imprinted = writeMessageImprint({ hash, digest: readOctets(imprint.next()) })
  fields.optional(TAG.oid)
  const nonce = fields.optional(TAG.integer)
  const info = der.writeSequence(
    der.writeInteger(1),
    der.writeOid(POLICY),
    imprinted,
    der.writeUnsigned(randomBytes(16)),
    der.writeGeneralizedTime(new Date()),
    ...(nonce === undefined || nonce === null ? [] : [der.writeUnsigned(readIntegerOctets(nonce))]),
  )
  const token = await tokenOver(info, certificateIn(folder, 'authority.pem'), [certificateIn(folder, 'root.pem')], {
    signer: signerOf(keyIn(folder, 'authority.key')),
  })
  return der.writeSequence(der.writeSequence(der.writeInteger(0)), token)
}

const attribute = (oid: string, value: Uint8Array): Uint8Array =>
  der.writeSequence(der.writeOid(oid), der.writeSetOf(value))

/** SignedData over a TSTInfo, with signing-certificate-v2 (RFC 3161 2.4.2, RFC 5816). */
const tokenOver = async (
  info: Uint8Array,
  certificate: Uint8Array,
  chain: readonly Uint8Array[],
  { signer }: { readonly signer: ExternalSigner },
): Promise<Uint8Array> => {
  const { issuer, serial } = issuerAndSerial(certificate)
  const issuerSerial = der.writeSequence(der.writeSequence(der.tlv(0xa4, issuer)), serial)
  const named = der.writeSequence(der.writeOctets(digest('sha256', certificate)), issuerSerial)
  const attributes = [
    attribute(OID.contentType, der.writeOid(OID.tstInfo)),
    attribute(OID.messageDigest, der.writeOctets(digest('sha256', info))),
    attribute(OID.signingCertificateV2, der.writeSequence(der.writeSequence(named))),
  ].toSorted(compareBytes)
  const signerInfo = der.writeSequence(
    der.writeInteger(1),
    der.writeSequence(issuer, serial),
    encodeHash('sha256'),
    der.tlv(0xa0, ...attributes),
    encodeSignatureAlgorithm(ALGORITHM),
    der.writeOctets(await signer.sign(der.tlv(0x31, ...attributes))),
  )
  const signedData = der.writeSequence(
    der.writeInteger(3),
    der.tlv(0x31, encodeHash('sha256')),
    der.writeSequence(der.writeOid(OID.tstInfo), der.writeExplicit(0, der.writeOctets(info))),
    der.tlv(0xa0, ...[certificate, ...chain].toSorted(compareBytes)),
    der.tlv(0x31, signerInfo),
  )
  return der.writeSequence(der.writeOid(OID.signedData), der.writeExplicit(0, signedData))
}
