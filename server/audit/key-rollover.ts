import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../shared/contract/errors.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import type { Opened } from '../db/open.ts'
import { listAuditKeys, readRootKeyId } from '../db/repositories/audit-chain.ts'
import type { AuditDatabase, AuditDb } from '../db/schema.ts'
import { doubling } from '../jobs/job.ts'
import type { JobHandler, RunningJob } from '../jobs/job.ts'
import { isCertificateOf } from './chain-keys.ts'
import type { CertifiedSigner } from './chain-keys.ts'
import type { AuditSigner } from './ports.ts'

/** Label of the first key of a chain; later ones have a number after it. */
export const AUDIT_KEY = 'audit.chain'
/** What a key that a roll-over makes signs with. */
export const CHAIN_KEY_ALGORITHM = 'ecdsa-p256'

const numberOf = (label: string): number =>
  label === AUDIT_KEY
    ? 1
    : label.startsWith(`${AUDIT_KEY}.`) && /^[1-9]\d{0,8}$/.test(label.slice(AUDIT_KEY.length + 1))
      ? Number(label.slice(AUDIT_KEY.length + 1))
      : 0

/** Labels that chain keys get: the first, and each after a roll-over. */
export const isChainKeyLabel = (label: string): boolean => numberOf(label) > 0

/** The key-store key in force and the label of the one after it. */
export interface ChainKeyPlan {
  readonly chain: string
  readonly inForce: AuditKey
  readonly next: string
}

/** Null where there is no such chain. The next label is above every number the chain knows: an old key never comes back. */
export const planRollover = async (db: AuditDatabase, chain: string): Promise<ChainKeyPlan | null> => {
  const id = await readRootKeyId(db, chain)
  const keys = (await listAuditKeys(db, chain)).filter((key) => key.kind === 'hsm')
  const inForce = keys.find((key) => key.keyId === id)
  if (!inForce) return null
  const highest = Math.max(keys.length, ...keys.map(({ label }) => numberOf(label ?? '')))
  return { chain, inForce, next: `${AUDIT_KEY}.${highest + 1}` }
}

/** The same key, with the certificate (DER) the chain is to keep. Throws REQUEST_INVALID where it is of another key. */
export const certified = (signer: AuditSigner, certificate: Uint8Array): CertifiedSigner => {
  const spki = signer.publicKeySpki()
  if (!isCertificateOf(certificate, spki))
    throw new AppError('REQUEST_INVALID', { path: 'certificate', reason: 'key', label: signer.label })
  const { label, algorithm, kind } = signer
  return { label, algorithm, kind, publicKeySpki: () => spki, sign: (data) => signer.sign(data), certificate }
}

/** A certificate, DER or PEM, as DER. Throws REQUEST_INVALID (`malformed`). */
export const parseKeyCertificate = (bytes: Uint8Array): Uint8Array => {
  try {
    return Uint8Array.from(new X509Certificate(bytes).raw)
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { path: 'certificate', reason: 'malformed' }, { cause })
  }
}

/** What of the key store a roll-over needs. */
export interface ChainKeyStore<S extends AuditSigner = AuditSigner> {
  has(label: string): Promise<boolean>
  signer(label: string): Promise<S>
  generate(label: string, algorithm: typeof CHAIN_KEY_ALGORITHM): Promise<S>
}

/**
 * The key of a label, made where it is not there and `mayMake`: one of a roll-over that died, or prepared, is used.
 * Throws HSM_KEY_NOT_FOUND (`next-key`), REQUEST_CONFLICT (`key-known`) for one the chain had before.
 */
export const takeNextKey = async <S extends AuditSigner>(
  db: AuditDatabase,
  keys: ChainKeyStore<S>,
  { chain, label, mayMake }: { readonly chain: string; readonly label: string; readonly mayMake: boolean },
): Promise<S> => {
  const isThere = await keys.has(label)
  if (!isThere && !mayMake) throw new AppError('HSM_KEY_NOT_FOUND', { reason: 'next-key', label })
  const next = isThere ? await keys.signer(label) : await keys.generate(label, CHAIN_KEY_ALGORITHM)
  const id = keyIdOf(next.publicKeySpki())
  if ((await listAuditKeys(db, chain)).some((key) => key.keyId === id))
    throw new AppError('REQUEST_CONFLICT', { reason: 'key-known', label })
  return next
}

/** What is ordered: from this key to the one of this label, with its certificate (DER, base64) or none. */
export const RolloverBody = z.strictObject({
  chain: z.string(),
  from: z.string(),
  label: z.string(),
  certificate: z.string().nullable(),
})
export type RolloverBody = z.infer<typeof RolloverBody>

/** Where a roll-over can be made to fail or die in tests, beside the writes of the chain itself. */
export const ROLLOVER_FAULTS = ['before-key', 'after-key', 'after-roll'] as const
export type RolloverFault = (typeof ROLLOVER_FAULTS)[number]

export interface KeyRolloverDeps<S extends AuditSigner = AuditSigner> {
  readonly audit: Opened<AuditDb>
  readonly chain: string
  readonly keys: ChainKeyStore<S>
  readonly sequencer: { rollTo(signer: AuditSigner): Promise<void> }
  /** Told of the key in force, whoever brought it in: from now on it signs what this process signs beside entries. */
  readonly adopt: (signer: S) => Promise<void>
  readonly faults?: (point: RolloverFault) => Promise<void>
}

/**
 * Hands the running node's chain to its next key, as a job: writers wait for it, and no write fails of it.
 *
 * Order of writes, and what is true if the process dies after each:
 * 1. the key, in the key store: it signed nothing; the next attempt finds and uses it
 * 2. the entry that announces it, signed by the key before: the chain is handed over. The next start opens it with the
 *    new key, and the next attempt finds it in force and has nothing left to do
 */
export class KeyRollover<S extends AuditSigner = AuditSigner> {
  readonly #deps: KeyRolloverDeps<S>

  constructor(deps: KeyRolloverDeps<S>) {
    this.#deps = deps
  }

  handler(): JobHandler {
    return { maxAttempts: 5, isExclusive: true, backoffMs: doubling(5000, 60_000), run: (job) => this.#run(job) }
  }

  async #run(job: RunningJob): Promise<void> {
    const { audit, chain, keys, sequencer, adopt } = this.#deps
    const { from, label, certificate, ...of } = RolloverBody.parse(job.body)
    if (of.chain !== chain) throw new AppError('INTERNAL', { reason: 'chain-of-another-node' })
    // Whoever writes the table of jobs brings in no key that was made for anything else.
    if (!isChainKeyLabel(label)) throw new AppError('REQUEST_INVALID', { path: 'label', reason: 'not-of-the-chain' })
    const plan = await planRollover(audit.db, chain)
    if (plan?.inForce.label === label) return adopt(await keys.signer(label))
    // Ordered twice, or beside a roll-over of the shell: what was confirmed is not what would be done.
    if (plan?.inForce.keyId !== from || plan.next !== label) throw new AppError('REQUEST_CONFLICT', { reason: 'key' })
    await this.#fault('before-key')
    // A certificate can only be for a key that is there.
    const next = await takeNextKey(audit.db, keys, { chain, label, mayMake: certificate === null })
    await this.#fault('after-key')
    const der = certificate === null ? null : Uint8Array.from(Buffer.from(certificate, 'base64'))
    await sequencer.rollTo(der ? certified(next, der) : next)
    await this.#fault('after-roll')
    await adopt(next)
  }

  #fault(point: RolloverFault): Promise<void> {
    return this.#deps.faults?.(point) ?? Promise.resolve()
  }
}
