import { randomBytes } from 'node:crypto'
import { SALT_BYTES } from '../../shared/audit/payload.ts'

const POOL_SALTS = 256
let pool = Buffer.alloc(0)
let used = 0

/** As `newSalt`, many asked of the random generator at once: each call to it costs more than its bytes. None is given twice. */
export const nextSalt = (): Uint8Array => {
  if (used >= pool.length) {
    pool = randomBytes(SALT_BYTES * POOL_SALTS)
    used = 0
  }
  const salt = Uint8Array.prototype.slice.call(pool, used, used + SALT_BYTES)
  // Not kept where the next reader of this memory would find it.
  pool.fill(0, used, used + SALT_BYTES)
  used += SALT_BYTES
  return salt
}
