import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'
import { createSignatureVerifier, keyAlgorithmOf, keyIdOf } from '../../shared/audit/crypto.ts'
import { encodeKeyStatement } from '../../shared/audit/key-statement.ts'
import type { AuditKey, AuditKeyKind } from '../../shared/audit/key-statement.ts'
import { keySigningBytes } from '../../shared/audit/link.ts'
import type { AuditSigner } from './ports.ts'

const verify = createSignatureVerifier()

/** A key as the key store holds it, with its name in the chain. */
export interface RootKey {
  readonly keyId: string
  readonly spki: Uint8Array
  readonly certificate: Uint8Array | null
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** A signer that comes into a chain with its X.509 certificate, DER. The chain keeps it beside the key's statement. */
export interface CertifiedSigner extends AuditSigner {
  readonly certificate?: Uint8Array
}

/** Whether the certificate (DER) is for this key; false also for bytes that are none. Nothing else of it is looked at. */
export const isCertificateOf = (certificate: Uint8Array, spki: Uint8Array): boolean => {
  try {
    const { publicKey } = new X509Certificate(certificate)
    return sameBytes(Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })), spki)
  } catch {
    // No certificate, or of a key the library cannot read: not of ours.
    return false
  }
}

/** Throws CHAIN_KEY_UNUSABLE: `algorithm` for one that is unknown, `certificate` for one of another key. */
export const rootKeyOf = (signer: CertifiedSigner): RootKey => {
  const spki = Uint8Array.from(signer.publicKeySpki())
  if (keyAlgorithmOf(spki) !== signer.algorithm) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'algorithm' })
  const certificate = signer.certificate ? Uint8Array.from(signer.certificate) : null
  if (certificate && !isCertificateOf(certificate, spki))
    throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'certificate', label: signer.label })
  const signChecked = async (data: Uint8Array): Promise<Uint8Array> => {
    const signature = await signer.sign(data).catch((cause: unknown) => {
      throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'sign', label: signer.label }, { cause })
    })
    // A key store that signs wrongly, or with another key, must not reach the chain: nothing after it would verify.
    if (!verify(spki, data, signature)) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'signature' })
    return Uint8Array.from(signature)
  }
  return { keyId: keyIdOf(spki), spki, certificate, sign: signChecked }
}

interface Bringing {
  readonly chain: string
  readonly kind: AuditKeyKind
  readonly spki: Uint8Array
  readonly label: string | null
  /** DER; its digest is in the statement. Left out: none. */
  readonly certificate?: Uint8Array | null
  readonly at: number
}

/** The stored form of a key, endorsed by `root`. */
export const endorseKey = async (bringing: Bringing, root: RootKey): Promise<AuditKey> => {
  const { chain, kind, spki, label, certificate = null, at } = bringing
  const algorithm = keyAlgorithmOf(spki)
  if (!algorithm) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'algorithm' })
  const described = {
    keyId: keyIdOf(spki),
    chain,
    kind,
    algorithm,
    label,
    spki,
    certificate,
    endorsedBy: root.keyId,
    createdAt: at,
  }
  const statement = encodeKeyStatement(described)
  return { ...described, statement, endorsement: await root.sign(keySigningBytes(statement)) }
}

/** An epoch's key pair. The private half lives in this process only and dies with it. */
export interface EpochKey {
  readonly keyId: string
  readonly spki: Uint8Array
  readonly privateKey: KeyObject
}

export const newEpochKey = (): EpochKey => {
  const { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ed25519')
  const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }))
  return { keyId: keyIdOf(spki), spki, privateKey }
}
