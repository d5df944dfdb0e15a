import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

const base32Time = (ms: number): string => {
  let text = ''
  let rest = ms
  for (let place = 0; place < 10; place += 1) {
    text = (ALPHABET[rest % 32] ?? '0') + text
    rest = Math.floor(rest / 32)
  }
  return text
}

const RANDOM_CHARACTERS = 16
const POOL_BYTES = 4096
let pool = Buffer.alloc(0)
let used = 0

/** The system's random generator, asked for many at once: a call costs more than its bytes. None is used twice. */
const nextRandom = (): Buffer => {
  if (used + RANDOM_CHARACTERS > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  used += RANDOM_CHARACTERS
  return pool.subarray(used - RANDOM_CHARACTERS, used)
}

/**
 * A new identifier: `prefix_` + 10 characters of UTC ms + 16 characters (80 bits) from the system's random generator,
 * Crockford base 32. Sorts by time of making, is safe in URLs, tells nothing but when it was made.
 */
export const newId = (prefix: string, at: number = Date.now()): string => {
  let random = ''
  for (const byte of nextRandom()) random += ALPHABET[byte & 31] ?? '0'
  return `${prefix}_${base32Time(at)}${random}`
}
