import { AppError } from '../../shared/contract/errors.ts'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import type { Json } from '../../shared/audit/json.ts'
import { parseKeyStatement } from '../../shared/audit/key-statement.ts'
import { KEY_OBJECT } from '../../shared/audit/marks.ts'
import type { AuditKey } from '../../shared/audit/key-statement.ts'
import { entrySigningBytes } from '../../shared/audit/link.ts'
import { MerkleFrontier, leafHash } from '../../shared/audit/merkle.ts'
import { newSalt, payloadDigest } from '../../shared/audit/payload.ts'
import type { ChainHead } from '../db/repositories/audit-chain.ts'
import type { NewEntry } from '../db/repositories/audit-entry-row.ts'
import { placeForm } from './entry-bytes.ts'
import type { EntryPlace } from './entry-bytes.ts'
import { SIGNATURE_BYTES, entryIn, isOver, joinHalves, lengthOf, payloadIn, placesOf } from './entry-run.ts'
import type { Laid } from './entry-run.ts'
import { formOf, placelessOf } from './intent.ts'
import type { AuditIntent } from './intent.ts'
import type { Sealed, TreeEdge } from './link-sealer.ts'

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

/** An entry all of which is known but its payload's salt and the signature before it. */
export interface PreparedLink extends Laid {
  readonly intent: AuditIntent
  readonly place: EntryPlace
}

/** The entries of intents in a row, from a sequence on, to be signed by one key. Throws REQUEST_INVALID. */
export const prepareLinks = (intents: readonly AuditIntent[], from: EntryPlace): readonly PreparedLink[] =>
  intents.map((intent, offset) => {
    const { form, payload } = formOf(intent)
    const place = { chain: from.chain, sequence: from.sequence + offset, key: from.key }
    return { intent, place, halves: placeForm(form, place), payload }
  })

/** Entries as they are stored, and the chain's end after them. */
export interface Joined {
  readonly links: readonly NewEntry[]
  readonly draft: Draft
}

/** Puts what was signed to what was prepared, in order. */
export const joinLinks = (
  prepared: readonly PreparedLink[],
  { run, signatures, tree }: Sealed,
  draft: Draft,
): Joined => {
  const isAll = signatures.length === prepared.length * SIGNATURE_BYTES && lengthOf(run) === prepared.length
  // What the thread remembers is not believed: the first is over what was before, and so is the tree.
  const isAfter = tree.size === draft.sequence + 1 + prepared.length && isOver(run, draft.signature)
  if (!isAll || !isAfter) throw new AppError('CHAIN_KEY_UNUSABLE', { reason: 'unsealed' })
  let [sequence, previous] = [draft.sequence, draft.signature]
  const links: NewEntry[] = []
  for (const [index, link] of prepared.entries()) {
    const places = placesOf(run, index)
    const signature = signatures.subarray(index * SIGNATURE_BYTES, (index + 1) * SIGNATURE_BYTES)
    const entry = entryOf(link, previous)
    links.push({ entry, bytes: entryIn(run, places), signature, payload: payloadIn(run, places) })
    sequence = link.place.sequence
    previous = signature
  }
  return { links, draft: { ...draft, sequence, signature: previous, tree: treeOf(tree) } }
}

const entryOf = ({ intent, place }: PreparedLink, previous: Uint8Array): NewEntry['entry'] => ({
  ...placelessOf(intent),
  chain: place.chain,
  sequence: place.sequence,
  key: place.key,
  previous,
})

export const treeOf = ({ size, edge }: TreeEdge): MerkleFrontier => MerkleFrontier.fromBytes(size, edge)

const utf8 = new TextEncoder()

interface LinkKey {
  readonly keyId: string
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Signs the next entry over the signature of the last. The draft given stays as it is. */
export const makeLink = async (
  intent: AuditIntent,
  draft: Draft,
  key: LinkKey,
): Promise<{ readonly link: NewEntry; readonly draft: Draft }> => {
  const { chain, sequence, signature: previous } = draft
  const [prepared] = prepareLinks([intent], { chain, sequence: sequence + 1, key: key.keyId })
  if (!prepared) throw new AppError('INTERNAL', { reason: 'link-missing' })
  const payload = { salt: newSalt(), bytes: utf8.encode(prepared.payload) }
  const bytes = joinHalves(prepared.halves, payloadDigest(payload.salt, payload.bytes), previous)
  const signature = await key.sign(entrySigningBytes(bytes))
  const tree = draft.tree.copy()
  tree.append(leafHash(bytes))
  const link = { entry: entryOf(prepared, previous), bytes, signature, payload }
  return { link, draft: { ...draft, sequence: sequence + 1, signature, tree } }
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
