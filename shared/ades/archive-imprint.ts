import type { HashName } from '../pki/index.ts'
import { refuse } from './ades-error.ts'
import { digestCanonical, type Canonicalization } from './canonical.ts'
import { hashState, type HashState } from './hash-state.ts'
import type { XadesParts } from './xades-parts.ts'

/** A digest that has taken the whole of a detached signature's content: a new one each time (see `ContentHashes`). */
export type ContentHash = (hash: HashName) => HashState

/** State over the content as its reference says. Throws AdesError `content-missing`. */
function contentState(parts: XadesParts, hash: HashName, contentHash: ContentHash | undefined): HashState {
  if (parts.form === 'detached') {
    return (contentHash ?? refuse('content-missing', 'XML Signature 4.4.3.1: detached'))(hash)
  }
  const state = hashState(hash)
  const method = parts.references.find(({ to }) => to === 'content')?.method ?? 'exclusive'
  digestCanonical(state, parts.document.root, method, { without: parts.signature })
  return state
}

/** The same, made once for each hash however many time-stamps ask: a hostile file may carry many. */
export function contentStates(parts: XadesParts, contentHash: ContentHash | undefined): ContentHash {
  const made = new Map<HashName, HashState>()
  return (hash) => {
    const state = made.get(hash) ?? contentState(parts, hash, contentHash)
    made.set(hash, state)
    return state.copy()
  }
}

/**
 * What an archive time-stamp is over (EN 319 132-1 5.5.2.2, not distributed): what each reference refers to, in order;
 * SignedInfo, SignatureValue, KeyInfo; the first `count` unsigned properties. There are no other Objects. `contentOf`: from `contentStates`.
 */
export function archiveDigest(
  parts: XadesParts,
  hash: HashName,
  method: Canonicalization,
  count: number,
  contentOf: ContentHash,
): Uint8Array {
  const [first, second] = parts.references
  const properties = [first, second].find((one) => one?.to === 'properties')?.method ?? 'exclusive'
  // The content's digest cannot be continued from another: only the order that everyone writes.
  if (first?.to !== 'content') refuse('reference', 'EN 319 132-1 5.5.2.2: content first')
  const state = contentOf(hash)
  digestCanonical(state, parts.signedProperties, properties)
  for (const element of [parts.signedInfo, parts.signatureValue, parts.keyInfo]) digestCanonical(state, element, method)
  for (const { element } of parts.unsigned.slice(0, count)) digestCanonical(state, element, method)
  return state.digest()
}
