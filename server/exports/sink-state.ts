/** Places in the memory that a file's writer and its thread share: pieces under way, and whether a write failed. */
export const IN_FLIGHT = 0
export const STATE = 1
export const SHARED_BYTES = 8
/** Values of STATE; 0: nothing failed. */
export const FULL_DISK = 1
export const OTHER_FAILURE = 2
export const DIGESTED = 'digested'

export interface SinkData {
  readonly file: number
  readonly hashes: readonly string[]
  readonly shared: SharedArrayBuffer
}

export interface SinkAnswer {
  readonly kind: typeof DIGESTED
  readonly bytes: number
  readonly crc32: number
  readonly digests: readonly (readonly [string, Uint8Array])[]
  readonly failure: Error | null
}
