import { createReadStream } from 'node:fs'
import { ContentHashes } from '../../shared/ades/index.ts'
import { AppError } from '../../shared/contract/errors.ts'
import type { Content } from './signatures.ts'

/** Content that is in memory. */
export const bytesContent = (bytes: Uint8Array): Content => ({
  contentHash: (hash) => {
    const hashes = new ContentHashes([hash])
    hashes.update(bytes)
    return hashes.contentHash(hash)
  },
})

/**
 * A file, read through once for each hash asked for, when it is asked for; never held in memory. Throws
 * SIGNING_INPUT_INVALID `content-unreadable`.
 */
export const fileContent = (file: string): Content => {
  const taken = new Map<string, Promise<ContentHashes>>()
  return {
    contentHash: async (hash) => {
      const known = taken.get(hash) ?? takeFile(file, new ContentHashes([hash]))
      taken.set(hash, known)
      return (await known).contentHash(hash)
    },
  }
}

async function takeFile(file: string, hashes: ContentHashes): Promise<ContentHashes> {
  try {
    for await (const part of createReadStream(file, { highWaterMark: 1024 * 1024 })) hashes.update(part as Uint8Array)
    return hashes
  } catch (cause) {
    throw new AppError('SIGNING_INPUT_INVALID', { reason: 'content-unreadable' }, { cause })
  }
}
