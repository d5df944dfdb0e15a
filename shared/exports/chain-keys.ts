import { keyAlgorithmOf, keyIdOf, type VerifySignature } from '../audit/crypto.ts'
import { findKeyFault, parseKeyStatement, spkiOfStatement, type AuditKey } from '../audit/key-statement.ts'
import { fromBase64 } from '../audit/note-key.ts'
import { rootKeyIdOf, traceHsmKeys, type KnownHsmKey } from '../audit/note-key-statement.ts'
import { keySigningBytes } from '../audit/link.ts'
import { AppError } from '../contract/errors.ts'
import type { ChainFile } from './chain-file.ts'

/** The keys a chain's file vouches for: each endorsed by one that leads back to the key the origin names. */
export interface ChainKeys {
  readonly all: ReadonlyMap<string, AuditKey>
  readonly hsm: readonly KnownHsmKey[]
  readonly rootKeyId: string
}

/** The key as a store would have it, so that the chain's own rules can be asked (`findKeyFault`). */
const auditKeyOf = ({ statement, endorsement, certificate }: ChainFile['keys'][number]): AuditKey => {
  const bytes = fromBase64(statement)
  const said = parseKeyStatement(bytes)
  return {
    keyId: said.key,
    chain: said.chain,
    kind: said.kind,
    algorithm: said.algorithm,
    label: said.label,
    spki: spkiOfStatement(said),
    certificate: certificate === null ? null : fromBase64(certificate),
    statement: bytes,
    endorsedBy: said.endorsedBy,
    endorsement: fromBase64(endorsement),
    createdAt: said.createdAt,
  }
}

/** Roll-overs of the key store: more than any chain has in a lifetime. */
const HSM_KEYS_MAX = 1000

/** Each behind the one that endorsed it, so that one pass traces them all; what leads nowhere stays away. */
const byEndorser = (keys: readonly AuditKey[], rootKeyId: string): readonly AuditKey[] => {
  const endorsedBy = new Map<string, AuditKey[]>()
  for (const key of keys) {
    const list = endorsedBy.get(key.endorsedBy) ?? []
    list.push(key)
    endorsedBy.set(key.endorsedBy, list)
  }
  const ordered = keys.filter(({ keyId }) => keyId === rootKeyId)
  const seen = new Set([rootKeyId])
  for (let place = 0; place < ordered.length; place += 1)
    for (const key of endorsedBy.get(ordered[place]?.keyId ?? '') ?? []) {
      if (seen.has(key.keyId)) continue
      seen.add(key.keyId)
      ordered.push(key)
    }
  return ordered
}

/** Throws REQUEST_INVALID: `key-statement`, `key-endorsement`, `origin`, `chain-keys`. */
export const readChainKeys = (file: ChainFile, verify: VerifySignature): ChainKeys => {
  const rootKeyId = rootKeyIdOf(file.chain, file.origin)
  const keys = file.keys.map(auditKeyOf)
  const endorsed = keys.filter(({ kind }) => kind === 'hsm')
  if (endorsed.length > HSM_KEYS_MAX) throw new AppError('REQUEST_INVALID', { reason: 'chain-keys' })
  const hsm = traceHsmKeys(file.chain, byEndorser(endorsed, rootKeyId), [rootKeyId], verify)
  const byId = new Map(keys.map((key) => [key.keyId, key]))
  const root = byId.get(rootKeyId)
  const isRooted = root !== undefined && root.endorsedBy === rootKeyId
  if (!isRooted || !verify(root.spki, keySigningBytes(root.statement), root.endorsement))
    throw new AppError('REQUEST_INVALID', { reason: 'chain-keys' })
  const all = new Map<string, AuditKey>()
  const trusted = new Map(hsm.map((key) => [key.keyId, key]))
  for (const key of keys) {
    const isOwn = keyIdOf(key.spki) === key.keyId && keyAlgorithmOf(key.spki) === key.algorithm
    const endorser = trusted.has(key.endorsedBy) ? byId.get(key.endorsedBy) : undefined
    if (!isOwn || key.chain !== file.chain || !endorser || all.has(key.keyId) || findKeyFault(key, endorser, verify))
      throw new AppError('REQUEST_INVALID', { reason: 'chain-keys' })
    all.set(key.keyId, key)
  }
  return { all, hsm, rootKeyId }
}
