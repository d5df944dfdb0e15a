import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/index.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import { encodePem, signatureAlgorithmFor, signCsr } from '../../shared/pki/index.ts'
import { recordIntent } from '../audit/index.ts'
import { isCertificateOf, type CertifiedSigner } from '../audit/chain-keys.ts'
import { AUDIT_KEY } from '../foundation.ts'
import { inTransaction, newId } from '../db/index.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import type { KeyStore, Signer } from '../hsm/index.ts'
import { need, type Command } from './command.ts'
import type { Ground } from './ground.ts'
import { facts, table, timeText } from './print.ts'

const ALGORITHM = 'ecdsa-p256'
const CN_MAX = 64

const keysOf = async ({ config, databases }: Ground) =>
  (await listAuditKeys(databases.audit.db, config.name)).filter((key) => key.kind === 'hsm')

/** The key after those the chain knows. One that lies there already, of a roll-over that died or prepared, is used. */
const nextKey = async (ground: Ground, keys: KeyStore, mayMake: boolean): Promise<Signer> => {
  const known = await keysOf(ground)
  const label = `${AUDIT_KEY}.${known.length + 1}`
  const isThere = await keys.has(label)
  if (!isThere && !mayMake) throw new AppError('HSM_KEY_NOT_FOUND', { reason: 'next-key', label })
  const next = isThere ? await keys.signer(label) : await keys.generate(label, ALGORITHM)
  if (known.some((key) => key.keyId === keyIdOf(next.publicKeySpki())))
    throw new AppError('REQUEST_CONFLICT', { reason: 'key-known', label })
  return next
}

/** A certificate of a file, DER or PEM. Throws REQUEST_INVALID (`unreadable`, `malformed`). */
const readCertificate = (file: string): Uint8Array => {
  const refused = (reason: string, cause: unknown) =>
    new AppError('REQUEST_INVALID', { path: '--certificate', reason }, { cause })
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw refused('unreadable', cause)
  }
  try {
    return Uint8Array.from(new X509Certificate(bytes).raw)
  } catch (cause) {
    throw refused('malformed', cause)
  }
}

const certified = (signer: Signer, certificate: Uint8Array): CertifiedSigner => {
  const spki = signer.publicKeySpki()
  if (!isCertificateOf(certificate, spki))
    throw new AppError('REQUEST_INVALID', { path: '--certificate', reason: 'key', label: signer.label })
  const { label, algorithm, kind } = signer
  return { label, algorithm, kind, publicKeySpki: () => spki, sign: (data) => signer.sign(data), certificate }
}

const rollover: Command = {
  access: 'write',
  summary: 'hand the chain to a new key of the key store, with its --certificate FILE; the old one still verifies',
  run: async (ground, values) => {
    const { config, foundation } = ground
    const { keys, sequencer, signer } = foundation
    const certificate = values.certificate === undefined ? null : readCertificate(values.certificate)
    // A certificate can only be for a key that is there.
    const next = await nextKey(ground, keys, certificate === null)
    await sequencer.rollTo(certificate ? certified(next, certificate) : next)
    const [from, to] = [keyIdOf(signer.publicKeySpki()), keyIdOf(next.publicKeySpki())]
    const fingerprint = certificate && new X509Certificate(certificate).fingerprint256
    return {
      value: { chain: config.name, from, to, label: next.label, certificate: fingerprint },
      text: facts([
        ['chain', config.name],
        ['from', from],
        ['to', to],
        ['label', next.label],
        ['certificate', fingerprint],
      ]),
    }
  },
}

const prepare: Command = {
  access: 'read',
  summary: 'make the next key in the key store, and a PKCS #10 request for its certificate; --out FILE',
  run: async (ground, values) => {
    const { config, databases, tenant, entered } = ground
    const out = need(values, 'out')
    const next = await nextKey(ground, await ground.keys(), true)
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
