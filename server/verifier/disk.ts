import { open, readdir, readFile, stat, type FileHandle } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
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

/** What systems lay into any folder that somebody looks at. */
const OF_SYSTEMS: ReadonlySet<string> = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini'])

/** Whether a file only lies beside the package: of a system, or at the top where people keep anchors and results. */
const isBeside = (name: string): boolean =>
  OF_SYSTEMS.has(name.slice(name.lastIndexOf('/') + 1)) || (!name.includes('/') && !isMemberName(name))

/**
 * A package as a folder: its files, and one folder deep. Files that only lie beside it are no members and are told in
 * `ignored`; any other name that no package has throws StrangerError. A ZIP has no such leave.
 */
export const openFolder = async (path: string): Promise<PackageReader & { readonly ignored: readonly string[] }> => {
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'))
  const stranger = found.find((name) => !isMemberName(name) && !isBeside(name))
  if (stranger !== undefined) throw new StrangerError(stranger)
  const names = found.filter((name) => isMemberName(name))
  const members = await Promise.all(
    names.map(async (name) => ({ name, bytes: (await stat(join(path, name))).size, crc32: null })),
  )
  return {
    members,
    ignored: found.filter((name) => !isMemberName(name)),
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
