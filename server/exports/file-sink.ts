import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { AppError } from '../../shared/contract/errors.ts'

/** Bytes of all files of one export together, never more than allowed. */
export class Budget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** Throws EXPORT_DISK_FULL (`limit`). */
  spend(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw new AppError('EXPORT_DISK_FULL', { reason: 'limit' })
  }

  get left(): number {
    return this.#left
  }
}

export interface Written {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly crc32: number
  /** By the other hashes asked for. */
  readonly digests: ReadonlyMap<string, Uint8Array>
}

const BUFFER_BYTES = 256 * 1024
/** A part as large goes to the file as it is. */
const LARGE_BYTES = BUFFER_BYTES / 4
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What a write that failed means. */
export const writeFailure = (error: unknown): unknown => {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' && FULL.has(code)
    ? new AppError('EXPORT_DISK_FULL', { reason: 'disk' }, { cause: error })
    : error
}

/** Writes a new file in large pieces, digesting on the way. Blocks: for a thread of its own. */
export class FileSink {
  readonly #file: number
  readonly #budget: Budget
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  readonly #sha256 = createHash('sha256')
  readonly #others: ReadonlyMap<string, ReturnType<typeof createHash>>
  #used = 0
  #crc = 0
  #bytes = 0
  #isOpen = true

  /** Throws EXPORT_DISK_FULL, and where there is such a file. */
  constructor(path: string, budget: Budget, hashes: readonly string[] = []) {
    this.#budget = budget
    this.#others = new Map(hashes.filter((hash) => hash !== 'sha256').map((hash) => [hash, createHash(hash)]))
    try {
      this.#file = openSync(path, 'wx', 0o600)
    } catch (error) {
      throw writeFailure(error)
    }
  }

  text(text: string): void {
    // UTF-8 takes at most three bytes for a unit of UTF-16.
    if (text.length * 3 > BUFFER_BYTES - this.#used) this.#flush()
    if (text.length * 3 > BUFFER_BYTES) this.#put(Buffer.from(text, 'utf8'))
    else this.#used += this.#buffer.write(text, this.#used, 'utf8')
  }

  bytes(part: Uint8Array): void {
    if (part.length > BUFFER_BYTES - this.#used || part.length > LARGE_BYTES) this.#flush()
    if (part.length > LARGE_BYTES) return this.#put(part)
    this.#buffer.set(part, this.#used)
    this.#used += part.length
  }

  /** Durable when it returns. */
  close(): Written {
    try {
      this.#flush()
      fsyncSync(this.#file)
    } finally {
      this.abandon()
    }
    const sha256 = this.#sha256.digest()
    const digests = new Map([...this.#others].map(([name, state]) => [name, new Uint8Array(state.digest())]))
    digests.set('sha256', new Uint8Array(sha256))
    return { bytes: this.#bytes, sha256: sha256.toString('hex'), crc32: this.#crc, digests }
  }

  /** Leaves what there is, for whoever removes the folder. Nothing after `close`. */
  abandon(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#file)
  }

  #flush(): void {
    if (this.#used === 0) return
    this.#put(this.#buffer.subarray(0, this.#used))
    this.#used = 0
  }

  #put(bytes: Uint8Array): void {
    this.#budget.spend(bytes.length)
    this.#sha256.update(bytes)
    for (const state of this.#others.values()) state.update(bytes)
    this.#crc = crc32(bytes, this.#crc)
    this.#bytes += bytes.length
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at)
    } catch (error) {
      throw writeFailure(error)
    }
  }
}
