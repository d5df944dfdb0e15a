import { refuse } from './ades-error.ts'
import type { HashState } from './hash-state.ts'
import { compareText, isName, writeText, writeValue } from './xml-text.ts'

export interface CanonicalWriterOptions {
  /** The one namespace of all elements, declared on the root. */
  readonly namespace: string
  /** Gets the document piece by piece, as UTF-8 text to be. */
  readonly write: (piece: string) => void
  /** Takes what the content reference of an enveloped signature covers. */
  readonly hash: HashState
}

/**
 * Writes a document in exclusive canonical form (one default namespace, no prefixes, attributes sorted) and digests it
 * on the way: constant memory, no second pass. Order: `start` … `end` down to the root still open, `contentDigest`,
 * `insertSignature`, `end`. Throws AdesError `xml-character` for text that XML cannot hold, `invalid-input` out of order.
 */
export class CanonicalWriter {
  readonly #options: CanonicalWriterOptions
  readonly #open: string[] = []
  #hasRoot = false
  #sealed = false

  constructor(options: CanonicalWriterOptions) {
    this.#options = options
  }

  start(name: string, attributes: Readonly<Record<string, string>> = {}): void {
    if (!isName(name) || (this.#hasRoot && this.#open.length === 0)) refuse('invalid-input', 'XML 1.0 2.1', { name })
    const namespace = this.#hasRoot ? '' : ` xmlns="${writeValue(this.#options.namespace)}"`
    const written = Object.keys(attributes)
      .sort(compareText)
      .map((key) => ` ${attributeName(key)}="${writeValue(attributes[key] ?? '')}"`)
    this.#put(`<${name}${namespace}${written.join('')}>`)
    this.#open.push(name)
    this.#hasRoot = true
  }

  text(value: string): void {
    if (this.#open.length === 0) refuse('invalid-input', 'XML 1.0 2.1: text outside of the root')
    this.#put(writeText(value))
  }

  /** A whole element that holds only text. */
  element(name: string, value: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.start(name, attributes)
    this.text(value)
    this.end()
  }

  end(): void {
    const name = this.#open.pop() ?? refuse('invalid-input', 'XML 1.0 2.1: nothing open')
    const tag = `</${name}>`
    if (this.#sealed) this.#options.write(tag)
    else this.#put(tag)
  }

  /** With only the root open: digest of the document as it will be without the signature. Nothing may follow but that. */
  contentDigest(): Uint8Array {
    return this.sealed().contentHash().digest()
  }

  /** The same as a state, from which imprints of archive time-stamps go on; by the hash given. */
  sealed(): { readonly contentHash: () => HashState } {
    const [root, ...more] = this.#open
    if (root === undefined || more.length > 0) return refuse('invalid-input', 'only the root is open')
    this.#sealed = true
    const state = this.#options.hash.copy()
    state.update(`</${root}>`)
    return { contentHash: () => state.copy() }
  }

  /** The enveloped signature, which its own digest leaves out. */
  insertSignature(xml: string): void {
    if (!this.#sealed || this.#open.length !== 1) refuse('invalid-input', 'after contentDigest')
    this.#options.write(xml)
  }

  #put(piece: string): void {
    if (this.#sealed) refuse('invalid-input', 'content after contentDigest')
    this.#options.hash.update(piece)
    this.#options.write(piece)
  }
}

const attributeName = (key: string): string =>
  isName(key) && key !== 'xmlns' ? key : refuse('invalid-input', 'XML 1.0 3.1: attribute', { name: key })
