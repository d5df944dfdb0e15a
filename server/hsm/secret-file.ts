import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { unavailable, type HsmReason } from './failure.ts'

const POSIX = process.platform !== 'win32'

/**
 * The first line of a file that only its owner may read. Throws HSM_UNAVAILABLE with `missing` or `file-unsafe`.
 * Windows keeps rights elsewhere (ACL of the data folder) and is not checked here.
 */
export async function readSecretFile(path: string, missing: HsmReason): Promise<string> {
  try {
    const { mode } = await stat(path)
    if (POSIX && (mode & 0o077) !== 0) throw unavailable('file-unsafe', { path })
    const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/)
    if (line.length === 0) throw unavailable(missing, { path })
    return line
  } catch (error) {
    if (isSystemError(error)) throw unavailable(missing, { path }, error)
    throw error
  }
}

/** Makes the file with a fresh random secret unless it is there; durable when it returns. */
export async function ensureSecretFile(path: string, bytes = 16): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await writeNewFile(path, Buffer.from(`${randomBytes(bytes).toString('hex')}\n`))
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error
  }
}

/** A new file, owner only, on the disk when it returns. EEXIST where there is one. */
export async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A folder only its owner may enter. Throws HSM_UNAVAILABLE `store-missing`, `folder-unsafe`. */
export async function verifyPrivateFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw unavailable('store-missing', { path }, error)
  })
  if (!found.isDirectory()) throw unavailable('store-missing', { path })
  if (POSIX && (found.mode & 0o077) !== 0) throw unavailable('folder-unsafe', { path })
}

export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  if (POSIX) await chmod(path, 0o700)
}

export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'syscall' in error
