import {
  buildTbsCertificate,
  encodeName,
  keyIdentifier,
  parseCertificate,
  signatureAlgorithmFor,
  type NameAttribute,
} from '../../../shared/pki/index.ts'
import type { KeyStore, Signer } from '../../hsm/index.ts'
import type { InternalCaConfig } from '../config.ts'
import type { CaName, CaStore } from '../store.ts'
import { KEY_LABELS, REQUEST_KEYS, signOnce } from './authority.ts'
import { addDays, addHours, wholeSeconds } from './clock.ts'
import { newSerial } from './serial.ts'

export interface InternalCaParts {
  readonly config: InternalCaConfig
  readonly keyStore: KeyStore
  readonly store: CaStore
  readonly now: () => Date
}

/**
 * Makes the two CAs, or finishes what was begun, or finds them made: root key, issuing key, root certificate, issuing
 * certificate, in this order. Each step looks before it makes, so that dying after any of them costs only the repeat.
 * Two processes must not run it at once on an empty store: each could make a key. Throws HSM_UNAVAILABLE.
 */
export async function initInternalCa(parts: InternalCaParts): Promise<'made' | 'existing'> {
  const { config, keyStore, store } = parts
  const existing = (await store.findByRequest(REQUEST_KEYS.issuing))?.der
  if (existing) return 'existing'
  const rootKey = await ensureKey('root', parts)
  const issuingKey = await ensureKey('issuing', parts)
  const rootName = nameOf(config, 'Root CA')
  const notBefore = addHours(wholeSeconds(parts.now()), -1)
  const shared = { notBefore, rootKey, config, keyStore, store }
  const { rootYears, issuingYears } = config
  const root = { subject: rootName, issuer: rootName, key: rootKey, years: rootYears, pathLength: 1 }
  const rootDer = await certify('root', { ...shared, ...root })
  // The name as it stands in the certificate: it may have been made under an earlier configuration.
  const issuer = parseCertificate(rootDer).subject.der
  const subject = nameOf(config, 'Issuing CA')
  await certify('issuing', { ...shared, subject, issuer, key: issuingKey, years: issuingYears, pathLength: 0 })
  return 'made'
}

async function ensureKey(name: CaName, { keyStore, config }: InternalCaParts): Promise<Signer> {
  const label = KEY_LABELS[name]
  return (await keyStore.has(label)) ? keyStore.signer(label) : keyStore.generate(label, config.keyAlgorithm)
}

function nameOf({ name, organization, country }: InternalCaConfig, kind: string): Uint8Array {
  const attributes: NameAttribute[] = [
    ...(country === undefined ? [] : [{ type: 'C' as const, value: country }]),
    { type: 'O', value: organization },
    { type: 'CN', value: `${name} ${kind}` },
  ]
  return encodeName(attributes)
}

interface CaContent {
  readonly subject: Uint8Array
  readonly issuer: Uint8Array
  readonly key: Signer
  readonly years: number
  readonly pathLength: number
  readonly notBefore: Date
  readonly rootKey: Signer
  readonly config: InternalCaConfig
  readonly keyStore: KeyStore
  readonly store: CaStore
}

async function certify(name: CaName, content: CaContent): Promise<Uint8Array> {
  const { config, key, rootKey, keyStore, store, notBefore } = content
  const spki = key.publicKeySpki()
  const issuerSpki = rootKey.publicKeySpki()
  const notAfter = addDays(notBefore, content.years * 365)
  const row = await signOnce(store, {
    idempotencyKey: REQUEST_KEYS[name],
    requestDigest: keyIdentifier(spki),
    profile: name === 'root' ? 'ca-root' : 'ca-issuing',
    signer: rootKey,
    issuerSpki,
    maxLifetimeMs: notAfter.getTime() - notBefore.getTime(),
    draw: async () => ({ serial: await newSerial(keyStore), notBefore, notAfter }),
    tbsOf: (drawn) =>
      buildTbsCertificate({
        serial: drawn.serial,
        notBefore: drawn.notBefore,
        notAfter: drawn.notAfter,
        signatureAlgorithm: signatureAlgorithmFor(rootKey.algorithm),
        issuer: content.issuer,
        subject: content.subject,
        spki,
        basicConstraints: { ca: true, pathLength: content.pathLength },
        keyUsage: ['keyCertSign', 'cRLSign'],
        authorityKeyId: keyIdentifier(issuerSpki),
        ...(name === 'issuing' ? { crlDistributionPoints: config.rootCrlUrls } : {}),
      }),
  })
  return row.der
}
