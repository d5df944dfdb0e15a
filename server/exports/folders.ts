import { open, mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { writeFailure } from './file-sink.ts'
import type { PackageMember } from './ports.ts'

const PART = '.part'
const ID = /^export_[0-9a-zA-Z-]{8,48}$/
const INNER = ['data', 'evidence', 'chains', 'certificates', 'revocation'] as const
/** Left to everything else on the disk. */
const RESERVE_BYTES = 64 * 1024 * 1024

/** How Windows refuses a folder's handle, or its flush: there the journal of the file system keeps the names. */
const WINDOWS_REFUSALS: readonly unknown[] = ['EPERM', 'EACCES', 'EISDIR', 'EINVAL']

/**
 * Makes a rename or a new file durable by its folder. Windows flushes no folder: its refusal is no failure there, and is
 * one everywhere else. `platform` and `flush` are for tests.
 */
export const syncFolder = async (
  path: string,
  platform: NodeJS.Platform = process.platform,
  flush: (path: string) => Promise<void> = flushFolder,
): Promise<void> => {
  try {
    await flush(path)
  } catch (error) {
    if (platform !== 'win32' || !WINDOWS_REFUSALS.includes((error as NodeJS.ErrnoException).code)) throw error
  }
}

const flushFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const refused = (error: unknown): never => {
  throw writeFailure(error)
}

/** The folder of all packages of a node: `<id>.part` while one is made, `<id>` once it is whole. */
export class ExportFolders {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  whole(id: string): string {
    return join(this.#root, id)
  }

  part(id: string): string {
    return join(this.#root, `${id}${PART}`)
  }

  /** An empty part; whatever an earlier attempt left is gone, also a whole folder that nobody was told of. */
  async begin(id: string): Promise<string> {
    await this.remove(id)
    const part = this.part(id)
    for (const inner of INNER) await mkdir(join(part, inner), { recursive: true, mode: 0o700 }).catch(refused)
    return part
  }

  /** The part, every file of which is durable, becomes the whole; durable when it returns. */
  async complete(id: string): Promise<void> {
    const part = this.part(id)
    for (const inner of INNER) await syncFolder(join(part, inner))
    await syncFolder(part)
    await rename(part, this.whole(id)).catch(refused)
    await syncFolder(this.#root)
  }

  /** Both, whatever there is of them. */
  async remove(id: string): Promise<void> {
    await rm(this.part(id), { recursive: true, force: true })
    await rm(this.whole(id), { recursive: true, force: true })
  }

  /** Ids of everything that lies there, made or half made. */
  async list(): Promise<readonly string[]> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
    const names = await readdir(this.#root)
    const ids = names.map((name) => (name.endsWith(PART) ? name.slice(0, -PART.length) : name))
    return [...new Set(ids.filter((id) => ID.test(id)))]
  }

  /** What may still be written: of the disk, and below a limit over all packages. */
  async room(keptBytes: number, maxBytes: number): Promise<number> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = await statfs(this.#root)
    return Math.max(0, Math.min(maxBytes - keptBytes, bavail * bsize - RESERVE_BYTES))
  }
}

/** A small file of a package; durable when it returns. Throws EXPORT_DISK_FULL. */
export const writeMember = async (folder: string, name: string, bytes: Uint8Array): Promise<PackageMember> => {
  await writeFile(join(folder, name), bytes, { flag: 'wx', mode: 0o600, flush: true }).catch(refused)
  return memberOf(name, bytes)
}

export const memberOf = (name: string, bytes: Uint8Array): PackageMember => ({
  name,
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  crc32: crc32(bytes),
})

/** A file in place of one that is there: whole before or whole after, whatever happens. */
export const replaceMember = async (folder: string, name: string, bytes: Uint8Array): Promise<PackageMember> => {
  const next = join(folder, `${name}.next`)
  await writeFile(next, bytes, { mode: 0o600, flush: true }).catch(refused)
  await rename(next, join(folder, name))
  await syncFolder(folder)
  return memberOf(name, bytes)
}
