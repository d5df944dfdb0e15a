import { watch } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { InlineConfig, Plugin } from 'vite'
import { startServer } from './server.ts'
import type { DemoInstance } from './demo.ts'
import { stopProgram } from './processes.ts'
import { ROOT } from './setup.mjs'

/** Runs the server and starts it again when a source of it changes. Gives what stops both. */
export async function restartOnChange(instance: DemoInstance): Promise<() => Promise<void>> {
  let server = await startServer(instance)
  let timer: NodeJS.Timeout | null = null
  const restart = async () => {
    await stopProgram(server)
    try {
      server = await startServer(instance)
      console.log('Server restarted.')
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error))
    }
  }
  const watchers = ['server', 'shared'].map((folder) =>
    watch(join(ROOT, folder), { recursive: true }, () => {
      if (timer !== null) clearTimeout(timer)
      timer = setTimeout(() => void restart(), 300)
    }),
  )
  return async () => {
    for (const watcher of watchers) watcher.close()
    if (timer !== null) clearTimeout(timer)
    await stopProgram(server)
  }
}

/**
 * The desk's screen with hot reload: Vite serves it and passes the bridge on to the desk's host, whose one-time link it
 * takes over. The host still sees its own name and origin; who may be the screen is decided there.
 */
export async function developScreens(link: string): Promise<{ url: string; close: () => Promise<void> }> {
  const { createServer } = await import('vite')
  const { deskConfig } = (await import(pathToFileURL(join(ROOT, 'electron.vite.config.ts')).href)) as {
    deskConfig: InlineConfig
  }
  const { origin, hash } = new URL(link)
  const bridge: Plugin = {
    name: 'countersign:bridge',
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: '/bridge/bridge.js' }, injectTo: 'head-prepend' }],
  }
  const server = await createServer({
    ...deskConfig,
    configFile: false,
    base: '/',
    plugins: [...(deskConfig.plugins ?? []), bridge],
    server: {
      host: '127.0.0.1',
      proxy: { '^/bridge/': { target: origin, ws: true, changeOrigin: true, headers: { origin } } },
    },
  })
  await server.listen()
  const own = server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0]
  if (own === undefined) throw new Error('the development server has no address')
  return { url: `${own}${hash}`, close: () => server.close() }
}
