import { open, readdir, readFile, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackageReader, RandomReader } from '../../shared/exports/index.ts'
import { isMemberName } from '../../shared/exports/index.ts'

/** A file of any size, read where it lies. It must not change meanwhile: what is short is refused. */
export const openFile = async (path: string): Promise<RandomReader & { close(): Promise<void> }> => {
  const handle = await open(path, 'r')
  const { size } = await handle.stat()
  return { size, read: (offset, length) => readAt(handle, offset, length), close: () => handle.close() }
}

const readAt = async (handle: FileHandle, offset: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
    if (bytesRead === 0) throw new RangeError('the file is shorter than it was')
    done += bytesRead
  }
  return bytes
}

/** A package as a folder: its files, and one folder deep. A name that no package has is listed too, to be refused. */
export const openFolder = async (path: string): Promise<PackageReader> => {
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  const names = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(path, '/').length).replaceAll('\\', '/'))
  const members = await Promise.all(
    names.map(async (name) => ({ name, bytes: (await stat(join(path, name))).size, crc32: null })),
  )
  const stranger = names.find((name) => !isMemberName(name))
  if (stranger !== undefined) throw new StrangerError(stranger)
  return {
    members,
    dosTime: null,
    read: async (name, offset, length) => {
      const handle = await open(join(path, name), 'r')
      try {
        return await readAt(handle, offset, length)
      } finally {
        await handle.close()
      }
    },
  }
}

/** A file in the folder that no package has. */
export class StrangerError extends Error {}

export const readSmall = async (path: string, limit: number): Promise<Uint8Array> => {
  const { size } = await stat(path)
  if (size > limit) throw new RangeError(`${path} is too large`)
  return new Uint8Array(await readFile(path))
}
