import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../shared/contract/index.ts'

/** What anybody checks a package with: one program, and one page. */
export const VERIFIER_FILES = {
  'countersign-verify.mjs': 'text/javascript; charset=utf-8',
  'countersign-verify.html': 'text/html; charset=utf-8',
} as const
type VerifierFile = keyof typeof VERIFIER_FILES
const NAMES = Object.keys(VERIFIER_FILES) as readonly VerifierFile[]
const KEPT_MS = 5_000

/** Where the verifiers lie: `verify` beside the console's folder, as they are built; null without a console. */
export const verifierFolder = (consoleFolder: string | null): string | null =>
  consoleFolder === null ? null : join(consoleFolder, '../verify')

export interface BuiltVerifier {
  readonly name: VerifierFile
  readonly bytes: Buffer
  /** SHA-256, hex. */
  readonly digest: string
}

/** One of them as it lies there; null where it was not built. */
export const readVerifier = async (folder: string | null, name: VerifierFile): Promise<BuiltVerifier | null> => {
  if (folder === null) return null
  try {
    const bytes = await readFile(join(folder, name))
    return { name, bytes, digest: createHash('sha256').update(bytes).digest('hex') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Those that were built. */
export const readVerifiers = async (folder: string | null): Promise<readonly BuiltVerifier[]> => {
  const found = await Promise.all(NAMES.map((name) => readVerifier(folder, name)))
  return found.filter((one) => one !== null)
}

/**
 * The verifiers at /verify/, for anyone, and `/verify/SHA256SUMS` as `sha256sum -c` reads it. They are saved, never shown
 * from here: the page runs from a file, without this server, and no script of it stands beside the console. What was not
 * built is NOT_FOUND, with the reason.
 */
export const registerVerifiers = (app: FastifyInstance, folder: string | null): void => {
  // Unauthenticated: read from the disk at most every few seconds, however often they are asked for.
  let kept: { readonly at: number; readonly files: Promise<readonly BuiltVerifier[]> } | null = null
  const current = (): Promise<readonly BuiltVerifier[]> => {
    const now = Date.now()
    if (!kept || now - kept.at > KEPT_MS) {
      const files = readVerifiers(folder)
      kept = { at: now, files }
      files.catch(() => (kept = null))
    }
    return kept.files
  }
  const notBuilt = () => new AppError('NOT_FOUND', { reason: 'the verifiers were not built on this server' })
  for (const name of NAMES)
    app.get(`/verify/${name}`, async (request, reply) => {
      const file = (await current()).find((one) => one.name === name)
      if (!file) throw notBuilt()
      const tag = `"${file.digest}"`
      void reply.header('etag', tag).header('cache-control', 'no-cache')
      if (request.headers['if-none-match'] === tag) return reply.code(304).send()
      return reply
        .header('content-disposition', `attachment; filename="${name}"`)
        .type(VERIFIER_FILES[name])
        .send(file.bytes)
    })
  app.get('/verify/SHA256SUMS', async (_request, reply) => {
    const files = await current()
    if (files.length === 0) throw notBuilt()
    const sums = files.map(({ name, digest }) => `${digest}  ${name}\n`).join('')
    return reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(sums)
  })
}
