import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/index.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import { encodePem, signatureAlgorithmFor, signCsr } from '../../shared/pki/index.ts'
import { recordIntent } from '../audit/index.ts'
import { isCertificateOf, type CertifiedSigner } from '../audit/chain-keys.ts'
import { certified, parseKeyCertificate, planRollover, takeNextKey, type ChainKeyPlan } from '../audit/key-rollover.ts'
import { inTransaction, newId } from '../db/index.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import type { KeyStore, Signer } from '../hsm/index.ts'
import { awaitKeyRollover, orderKeyRollover } from './audit-orders.ts'
import { EXIT, need, type Command, type CommandValues } from './command.ts'
import type { Ground } from './ground.ts'
import { facts, table, timeText } from './print.ts'

const CN_MAX = 64

const keysOf = async ({ config, databases }: Ground) =>
  (await listAuditKeys(databases.audit.db, config.name)).filter((key) => key.kind === 'hsm')

const planOf = async ({ config, databases }: Ground): Promise<ChainKeyPlan> => {
  const plan = await planRollover(databases.audit.db, config.name)
  if (!plan) throw new AppError('CONFIG_INVALID', { reason: 'chain-missing', chain: config.name })
  return plan
}

const takeNext = async (ground: Ground, keys: KeyStore, mayMake: boolean) => {
  const { next: label } = await planOf(ground)
  return takeNextKey(ground.databases.audit.db, keys, { chain: ground.config.name, label, mayMake })
}

/** The certificate of `--certificate`, DER or PEM; null where none was given. Throws REQUEST_INVALID (`unreadable`, `malformed`). */
const readCertificate = ({ certificate }: CommandValues): Uint8Array | null => {
  if (certificate === undefined) return null
  const refused = (reason: string, cause: unknown) =>
    new AppError('REQUEST_INVALID', { path: '--certificate', reason }, { cause })
  let bytes: Buffer
  try {
    bytes = readFileSync(certificate)
  } catch (cause) {
    throw refused('unreadable', cause)
  }
  try {
    return parseKeyCertificate(bytes)
  } catch (cause) {
    throw refused('malformed', cause)
  }
}

/** The key with its certificate. Throws REQUEST_INVALID (`key`) where it is of another key. */
const withCertificate = (next: Signer, certificate: Uint8Array | null): CertifiedSigner => {
  if (certificate === null) return next
  if (!isCertificateOf(certificate, next.publicKeySpki()))
    throw new AppError('REQUEST_INVALID', { path: '--certificate', reason: 'key', label: next.label })
  return certified(next, certificate)
}

const rolled = (
  { config }: Ground,
  { inForce, next }: ChainKeyPlan,
  to: string | null,
  certificate: Uint8Array | null,
) => {
  const fingerprint = certificate && new X509Certificate(certificate).fingerprint256
  const value = { chain: config.name, from: inForce.keyId, to, label: next, certificate: fingerprint }
  return { value, text: facts(Object.entries(value)) }
}

const rollover: Command = {
  access: 'write',
  summary:
    'hand the chain to a new key of the key store, with its --certificate FILE; a running server does it between two writes',
  run: async (ground, values) => {
    const { keys, sequencer } = ground.foundation
    const certificate = readCertificate(values)
    const plan = await planOf(ground)
    // A certificate can only be for a key that is there.
    const next = await takeNext(ground, keys, certificate === null)
    await sequencer.rollTo(withCertificate(next, certificate))
    return rolled(ground, plan, keyIdOf(next.publicKeySpki()), certificate)
  },
  beside: async (ground, values) => {
    const certificate = readCertificate(values)
    const plan = await planOf(ground)
    // What would be refused is refused here, before anybody is asked.
    if (certificate) withCertificate(await takeNext(ground, await ground.keys(), false), certificate)
    const order = await orderKeyRollover(ground, plan, certificate)
    const { state, error, isCancelled } = await awaitKeyRollover(ground, order)
    const isDone = state === 'done'
    const { value, text } = rolled(ground, plan, isDone ? (await planOf(ground)).inForce.keyId : null, certificate)
    if (isDone) return { value, text }
    const left = 'ordered; the server does it, or will when it runs again'
    return {
      value: { ...value, order, state, error },
      text: `${text}\n${state === 'dead' ? `failed: ${error}` : left}`,
      exit: isCancelled ? EXIT.cancelled : EXIT.refused,
    }
  },
}

const prepare: Command = {
  access: 'read',
  summary: 'make the next key in the key store, and a PKCS #10 request for its certificate; --out FILE',
  run: async (ground, values) => {
    const { config, databases, tenant, entered } = ground
    const out = need(values, 'out')
    const next = await takeNext(ground, await ground.keys(), true)
    const spki = next.publicKeySpki()
    const id = keyIdOf(spki)
    await inTransaction(databases.operational.db, (trx) =>
      recordIntent(trx, {
        id: newId('intent'),
        at: Date.now(),
        tenant,
        operator: null,
        station: null,
        action: 'Insertion',
        object: { type: 'audit-key', id },
        correlationId: entered.correlationId,
        before: null,
        after: { id, name: next.label, algorithm: next.algorithm },
        reason: 'shell',
      }),
    )
    const algorithm = signatureAlgorithmFor(next.algorithm)
    const subject = [{ type: 'CN', value: config.name.slice(0, CN_MAX) }] as const
    const request = await signCsr({ subject, spki }, { algorithm, sign: (data) => next.sign(data) })
    writeFileSync(out, encodePem('CERTIFICATE REQUEST', request), { mode: 0o600 })
    return {
      value: { chain: config.name, keyId: id, label: next.label, out },
      text: facts([
        ['chain', config.name],
        ['key', id],
        ['label', next.label],
        ['written to', out],
      ]),
    }
  },
}

const list: Command = {
  access: 'read',
  summary: 'keys the chain was ever signed with by the key store, oldest first',
  run: async (ground) => {
    const trusted = await ground.trustedKeyIds()
    const items = (await keysOf(ground)).map(({ keyId, label, algorithm, createdAt, certificate }) => ({
      keyId,
      label,
      algorithm,
      createdAt,
      certificate: certificate && new X509Certificate(certificate).fingerprint256,
      isTrusted: trusted.includes(keyId),
    }))
    const lines = items.map((one) => [
      timeText(one.createdAt),
      one.label,
      one.algorithm,
      one.isTrusted ? 'in the key store' : 'not in the key store',
      one.keyId,
      one.certificate,
    ])
    return { value: { items }, text: table(['since', 'label', 'algorithm', 'where', 'id', 'certificate'], lines) }
  },
}

export const AUDIT_KEY_COMMANDS: Readonly<Record<string, Command>> = {
  'audit key list': list,
  'audit key prepare': prepare,
  'audit key rollover': rollover,
}
