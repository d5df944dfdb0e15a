import { randomBytes } from 'node:crypto'
import { SALT_BYTES } from '../../shared/audit/payload.ts'

const POOL_SALTS = 256
let pool = Buffer.alloc(0)
let used = 0

/**
 * Puts a new salt there: many are asked of the random generator at once, as each call to it costs more than its bytes.
 * None is given twice.
 */
export const fillSalt = (into: Buffer, at: number): void => {
  if (used >= pool.length) {
    pool = randomBytes(SALT_BYTES * POOL_SALTS)
    used = 0
  }
  pool.copy(into, at, used, used + SALT_BYTES)
  // Not kept where the next reader of this memory would find it.
  pool.fill(0, used, used + SALT_BYTES)
  used += SALT_BYTES
}
