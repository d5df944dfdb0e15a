import type { VerifySignature } from './crypto.ts'
import type { AuditKey } from './key-statement.ts'
import { DOMAINS, entrySigningBytes } from './link.ts'

/** For all of a segment's entries of usual size. */
const ROOM = 1024 * 1024
const DOMAIN = DOMAINS.entry

/**
 * Signatures of entries that wait to be checked, with what they sign, in one piece of memory. Many are checked one after
 * the other: what checks them and what walks entries push each other out of the processor's caches, which costs each
 * change between the two as much as walking tens of entries. Nothing of a row is held: where the first rows of a thread
 * live long, all later ones are put among what lives long.
 */
export class HeldSignatures {
  readonly #verify: VerifySignature
  readonly #room: Uint8Array
  readonly #keys: AuditKey[] = []
  /** Where what is signed ends, and where its signature does, in turn. */
  readonly #ends: number[] = []
  #end = 0

  constructor(verify: VerifySignature, room: Uint8Array) {
    this.#verify = verify
    this.#room = room
  }

  /** Holds one more; whether all that had to be checked for it are valid. */
  add(key: AuditKey, bytes: Uint8Array, signature: Uint8Array): boolean {
    const length = DOMAIN.length + bytes.length + signature.length
    if (length > this.#room.length) return this.#verify(key.spki, entrySigningBytes(bytes), signature)
    if (length > this.#room.length - this.#end && !this.check()) return false
    const signed = this.#end + DOMAIN.length + bytes.length
    this.#room.set(DOMAIN, this.#end)
    this.#room.set(bytes, this.#end + DOMAIN.length)
    this.#room.set(signature, signed)
    this.#end = signed + signature.length
    this.#keys.push(key)
    this.#ends.push(signed, this.#end)
    return true
  }

  /** Whether all that are held are valid; holds none afterwards. */
  check(): boolean {
    let from = 0
    let isValid = true
    for (const [place, { spki }] of this.#keys.entries()) {
      const signed = this.#ends[2 * place] ?? 0
      const end = this.#ends[2 * place + 1] ?? 0
      isValid = this.#verify(spki, this.#room.subarray(from, signed), this.#room.subarray(signed, end))
      if (!isValid) break
      from = end
    }
    this.#keys.length = 0
    this.#ends.length = 0
    this.#end = 0
    return isValid
  }
}

/** Memory that walks of before are done with: one walk after the other in a thread needs one. */
const spare: Uint8Array[] = []

/** Gives `use` room of its own for signatures to wait in. */
export const withHeldSignatures = async <T>(
  verify: VerifySignature,
  use: (held: HeldSignatures) => Promise<T>,
): Promise<T> => {
  const room = spare.pop() ?? new Uint8Array(ROOM)
  try {
    return await use(new HeldSignatures(verify, room))
  } finally {
    spare.push(room)
  }
}
