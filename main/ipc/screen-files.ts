import { readFile } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.map': 'application/json; charset=utf-8',
}

export interface ScreenFile {
  bytes: Buffer
  type: string
}

/**
 * A file of the built screen, or null. `path` comes from outside: it is decoded once, must stay inside `folder` and have
 * a known ending. `/` and paths without an ending are the page itself, which does its own routing.
 */
export async function readScreenFile(folder: string, path: string): Promise<ScreenFile | null> {
  let name: string
  try {
    name = decodeURIComponent(path)
  } catch {
    return null
  }
  if (
    name.includes('\0') ||
    name.includes('\\') ||
    name.split('/').some((part) => part === '..' || part.startsWith('.'))
  )
    return null
  const file = resolve(folder, `.${extname(name) === '' ? '/index.html' : name}`)
  const type = TYPES[extname(file)]
  if (type === undefined || !file.startsWith(resolve(folder) + sep)) return null
  try {
    return { bytes: await readFile(file), type }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return null
    throw error
  }
}
