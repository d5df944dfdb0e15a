import { createHash, hash } from 'node:crypto'

/** What is hashed is mostly small: one buffer for it, kept by nobody, and no hash object made. */
const scratch = Buffer.alloc(4096)

const gather = (parts: readonly Uint8Array[]): Buffer | null => {
  let length = 0
  for (const part of parts) {
    if (length + part.length > scratch.length) return null
    scratch.set(part, length)
    length += part.length
  }
  return scratch.subarray(0, length)
}

const hashLarge = (parts: readonly Uint8Array[]): Buffer => {
  const made = createHash('sha256')
  for (const part of parts) made.update(part)
  return made.digest()
}

/** Where a digest is written before it is copied: Node gives it as text of single bytes sooner than as a buffer. */
const made = Buffer.alloc(32)

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const small = gather(parts)
  // A plain array: a Buffer slice of the shared pool would keep the pool alive.
  if (!small) return new Uint8Array(hashLarge(parts))
  made.write(hash('sha256', small, 'binary'), 'binary')
  return new Uint8Array(made)
}

/** The digest as base64url. */
export const sha256Text = (...parts: readonly Uint8Array[]): string => {
  const small = gather(parts)
  return small ? hash('sha256', small, 'base64url') : hashLarge(parts).toString('base64url')
}
