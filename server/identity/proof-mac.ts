import { hash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../shared/contract/index.ts'

/** SHA-256's block and digest, in bytes. */
const BLOCK = 64
const DIGEST = 32
const INNER = 0x36
const OUTER = 0x5c
/** Longest input: method, path of a request line (16 KiB at most), and fixed parts. */
const INPUT_MAX = 32 * 1024
/** A digest in base64url. */
const TEXT = 43

/** One for all keys: filled, hashed and wiped in one synchronous go. */
const scratch = Buffer.alloc(BLOCK + INPUT_MAX)
const given = Buffer.alloc(TEXT)
const expected = Buffer.alloc(TEXT)

/**
 * HMAC-SHA256 (RFC 2104) with one key, for every request of a session: the two padded keys are kept, and each MAC is two
 * one-shot hashes. A native HMAC object for each request costs three times as much and leaves garbage.
 */
export class ProofMac {
  readonly #inner = Buffer.alloc(BLOCK, INNER)
  readonly #outer = Buffer.alloc(BLOCK + DIGEST, OUTER)
  #isWiped = false

  /** Copies the key (at most 64 bytes); the caller wipes its own. */
  constructor(key: Uint8Array) {
    if (key.length === 0 || key.length > BLOCK) throw new AppError('INTERNAL', { reason: 'mac-key' })
    key.forEach((byte, at) => {
      this.#inner[at] = byte ^ INNER
      this.#outer[at] = byte ^ OUTER
    })
  }

  /** The MAC of a text (UTF-8), base64url. Throws REQUEST_INVALID for one of more than 32 KiB, SESSION_LOCKED once wiped. */
  of(text: string): string {
    // Zeroes are a key anyone has.
    if (this.#isWiped) throw new AppError('SESSION_LOCKED')
    if (Buffer.byteLength(text) > INPUT_MAX) throw new AppError('REQUEST_INVALID', { reason: 'too-long' })
    this.#inner.copy(scratch)
    const end = BLOCK + scratch.write(text, BLOCK, 'utf8')
    // As text of a byte a character: at a third of what making a buffer costs.
    this.#outer.write(hash('sha256', scratch.subarray(0, end), 'binary'), BLOCK, 'latin1')
    scratch.fill(0, 0, BLOCK)
    return hash('sha256', this.#outer, 'base64url')
  }

  /** Is this the MAC of the text, as base64url of 43 characters. In the same time whichever of them differs. */
  matches(text: string, mac: string): boolean {
    const own = this.of(text)
    if (mac.length !== TEXT) return false
    expected.write(own, 'latin1')
    given.write(mac, 'latin1')
    return timingSafeEqual(given, expected)
  }

  /** Wipes the key. */
  wipe(): void {
    this.#isWiped = true
    this.#inner.fill(0)
    this.#outer.fill(0)
  }
}
