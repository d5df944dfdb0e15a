import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/**
 * The console's built files at /console/. Names with a hash in them never change and are kept for a year; the page itself
 * is asked for each time. Paths of the console's own pages give the page. Precompressed files are sent where they exist.
 */
export const registerConsole = async (app: FastifyInstance, folder: string | null): Promise<void> => {
  app.get('/', (_request, reply) => reply.redirect('/console/', 302))
  if (folder === null || !existsSync(join(folder, 'index.html'))) return
  await app.register(fastifyStatic, {
    root: folder,
    prefix: '/console/',
    wildcard: true,
    index: ['index.html'],
    dotfiles: 'deny',
    preCompressed: true,
    redirect: true,
    decorateReply: true,
    setHeaders: (reply, path) => {
      const isHashed = /[\\/]assets[\\/]/.test(path)
      void reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.get('/console', (_request, reply) => reply.redirect('/console/', 302))
}

/** For a console path that is no file: is it one of the console's own pages (it names no file type). */
export const isConsolePage = (url: string): boolean => {
  const path = url.split('?')[0] ?? ''
  return path.startsWith('/console/') && !/\.[a-z0-9]+$/i.test(path)
}
