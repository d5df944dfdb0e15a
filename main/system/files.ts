import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Makes a folder (and those above) that only its owner may enter. */
export function ensurePrivateFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Writes a file that only its owner may read. Durable and whole when it returns: written beside, synced, renamed. */
export function writePrivateFile(file: string, bytes: Uint8Array): void {
  const beside = join(dirname(file), `.${randomBytes(6).toString('hex')}.tmp`)
  const handle = openSync(beside, 'wx', 0o600)
  try {
    writeSync(handle, bytes)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(beside, file)
}

/** The file's bytes, or null where there is no such file. Any other trouble is thrown. */
export function readFileIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
