import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { encodeEntry } from '../../shared/audit/entry.ts'
import type { Json } from '../../shared/audit/json.ts'
import { KEY_OBJECT, parseKeyStatement } from '../../shared/audit/key-statement.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { entrySigningBytes } from '../../shared/audit/link.ts'
import { MerkleFrontier, leafHash } from '../../shared/audit/merkle.ts'
import { encodePayload, makePayload, newSalt, payloadDigest } from '../../shared/audit/payload.ts'
import type { ChainHead } from '../db/repositories/audit-chain.ts'
import type { NewEntry } from '../db/repositories/audit-entry-row.ts'
import { entryOf } from './intent.ts'
import type { AuditIntent } from './intent.ts'

/** The tenant of entries the chain writes about itself. */
export const CHAIN_TENANT = 'system'

/** The chain's end in memory while links are made; nothing of it is true until it is stored. */
export interface Draft {
  readonly chain: string
  readonly sequence: number
  readonly signature: Uint8Array
  readonly tree: MerkleFrontier
}

export const draftOf = (chain: string, head: ChainHead): Draft => ({
  chain,
  sequence: head.sequence,
  signature: head.signature,
  tree: MerkleFrontier.fromBytes(head.sequence + 1, head.frontier),
})

export const headOf = ({ sequence, signature, tree }: Draft): ChainHead => ({
  sequence,
  signature,
  frontier: tree.toBytes(),
})

interface LinkKey {
  readonly keyId: string
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Signs the next entry over the signature of the last. Changes the draft's tree; give the draft to nobody else. */
export const makeLink = async (
  intent: AuditIntent,
  draft: Draft,
  key: LinkKey,
): Promise<{ readonly link: NewEntry; readonly draft: Draft }> => {
  const payload = makePayload(intent.before, intent.after, intent.reason)
  const salt = newSalt()
  const payloadBytes = encodePayload(payload)
  const entry = entryOf(intent, {
    chain: draft.chain,
    sequence: draft.sequence + 1,
    key: key.keyId,
    payload: payloadDigest(salt, payloadBytes),
    previous: draft.signature,
  })
  const bytes = encodeEntry(entry)
  const made = key.sign(entrySigningBytes(bytes))
  const signature = made instanceof Uint8Array ? made : await made
  draft.tree.append(leafHash(bytes))
  const link = { entry, bytes, signature, payload: { salt, bytes: payloadBytes } }
  return { link, draft: { ...draft, sequence: entry.sequence, signature } }
}

/** The intent of the entry that brings a key into the chain and commits its signer to the tree so far. */
export const announcementOf = (key: AuditKey, draft: Draft): AuditIntent => ({
  id: `${KEY_OBJECT}:${key.chain}:${key.keyId}`,
  at: key.createdAt,
  tenant: CHAIN_TENANT,
  operator: null,
  station: null,
  action: 'KeyUse',
  object: { type: KEY_OBJECT, id: key.keyId },
  correlationId: `${KEY_OBJECT}:${key.keyId}`,
  before: null,
  after: {
    statement: parseKeyStatement(key.statement) as unknown as Json,
    endorsement: encodeBase64url(key.endorsement),
    tree: { size: draft.tree.size, root: encodeBase64url(draft.tree.root()) },
  },
  reason: null,
})
