import { randomBytes } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import type { Entry } from '../../shared/audit/entry.ts'
import type { Json } from '../../shared/audit/json.ts'
import { parseKeyStatement } from '../../shared/audit/key-statement.ts'
import { KEY_OBJECT } from '../../shared/audit/marks.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { entrySigningBytes } from '../../shared/audit/link.ts'
import { MerkleFrontier, leafHash } from '../../shared/audit/merkle.ts'
import { SALT_BYTES, encodePayload, makePayload, newSalt, payloadDigest } from '../../shared/audit/payload.ts'
import type { ChainHead } from '../db/repositories/audit-chain.ts'
import type { NewEntry } from '../db/repositories/audit-entry-row.ts'
import { entryHalves } from './entry-bytes.ts'
import { joinHalves } from './entry-halves.ts'
import type { EntryHalves } from './entry-halves.ts'
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

/** An entry all of which is known but the signature before it. */
export interface PreparedLink {
  readonly entry: Omit<Entry, 'previous'>
  readonly halves: EntryHalves
  readonly payload: { readonly salt: Uint8Array; readonly bytes: Uint8Array }
}

/** The entries of intents in a row, from a sequence on, to be signed by one key. Throws REQUEST_INVALID. */
export const prepareLinks = (
  intents: readonly AuditIntent[],
  from: { readonly chain: string; readonly sequence: number; readonly key: string },
): readonly PreparedLink[] => {
  // All salts at once: each call to the random generator costs more than its bytes.
  const salts = newSalts(intents.length)
  return intents.map((intent, place) => {
    const bytes = encodePayload(makePayload(intent.before, intent.after, intent.reason))
    const salt = salts[place] ?? newSalt()
    const entry = entryOf(intent, {
      chain: from.chain,
      sequence: from.sequence + place,
      key: from.key,
      payload: payloadDigest(salt, bytes),
    })
    return { entry, halves: entryHalves(entry), payload: { salt, bytes } }
  })
}

const newSalts = (count: number): readonly Uint8Array[] => {
  const bytes = randomBytes(SALT_BYTES * count)
  return Array.from({ length: count }, (_, place) =>
    Uint8Array.prototype.slice.call(bytes, place * SALT_BYTES, (place + 1) * SALT_BYTES),
  )
}

/** Bytes, signature and leaf hash of an entry. */
export interface SealedLink {
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly leaf: Uint8Array
}

/** Puts what was signed to what was prepared, in order. Changes the draft's tree; give the draft to nobody else. */
export const joinLinks = (
  prepared: readonly PreparedLink[],
  sealed: readonly SealedLink[],
  draft: Draft,
): { readonly links: readonly NewEntry[]; readonly draft: Draft } => {
  let [sequence, previous] = [draft.sequence, draft.signature]
  const links: NewEntry[] = []
  for (const [place, { entry, payload }] of prepared.entries()) {
    const seal = sealed[place]
    if (!seal) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'unsealed' })
    draft.tree.append(seal.leaf)
    links.push({ entry: { ...entry, previous }, bytes: seal.bytes, signature: seal.signature, payload })
    sequence = entry.sequence
    previous = seal.signature
  }
  return { links, draft: { ...draft, sequence, signature: previous } }
}

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
  const { chain, sequence, signature: previous } = draft
  const prepared = prepareLinks([intent], { chain, sequence: sequence + 1, key: key.keyId })
  const sealed: SealedLink[] = []
  for (const { halves } of prepared) {
    const bytes = joinHalves(halves, previous)
    sealed.push({ bytes, signature: await key.sign(entrySigningBytes(bytes)), leaf: leafHash(bytes) })
  }
  const { links, draft: next } = joinLinks(prepared, sealed, draft)
  const [link] = links
  if (!link) throw new AppError('INTERNAL', { reason: 'link-missing' })
  return { link, draft: next }
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
