import { createHash } from 'node:crypto'
import { fsyncSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { DIGESTED, FULL_DISK, IN_FLIGHT, OTHER_FAILURE, STATE, type SinkAnswer, type SinkData } from './sink-state.ts'

/** Digests and writes the pieces of one file, in order; the last message is no piece and ends it. */
const { file, hashes, shared } = workerData as SinkData
const state = new Int32Array(shared)
const digests = new Map(['sha256', ...hashes].map((name) => [name, createHash(name)]))
let [crc, bytes] = [0, 0]
let failure: unknown = null

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const isFull = (error: unknown): boolean => FULL.has(String((error as { readonly code?: unknown }).code))

const attempt = (work: () => void): void => {
  if (failure !== null) return
  try {
    work()
  } catch (error) {
    failure = error
    Atomics.store(state, STATE, isFull(error) ? FULL_DISK : OTHER_FAILURE)
  }
}

const take = (piece: Uint8Array): void => {
  attempt(() => {
    for (const digest of digests.values()) digest.update(piece)
    crc = crc32(piece, crc)
    bytes += piece.length
    for (let at = 0; at < piece.length;) at += writeSync(file, piece, at)
  })
  Atomics.sub(state, IN_FLIGHT, 1)
  Atomics.notify(state, IN_FLIGHT)
}

parentPort?.on('message', (piece: Uint8Array | null) => {
  if (piece !== null) return take(piece)
  attempt(() => fsyncSync(file))
  const made = [...digests].map(([name, digest]) => [name, new Uint8Array(digest.digest())] as const)
  const answer: SinkAnswer = { kind: DIGESTED, bytes, crc32: crc, digests: made, failure: failure as Error | null }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
  parentPort?.postMessage(answer)
  return parentPort?.close()
})
