import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import type { DemoChoice, DemoInstance } from './demo-instance.ts'

export type { DemoChoice, DemoInstance } from './demo-instance.ts'

const Marker = z.strictObject({ format: z.literal(1), port: z.number().int(), keys: z.enum(['hsm', 'software']) })
/**
 * Opens the instance in a folder, or makes it. Making happens beside the folder and ends with one rename, so an
 * interrupted one leaves nothing that looks whole.
 */
export async function openDemo(choice: DemoChoice, say: (line: string) => void): Promise<DemoInstance> {
  const marker = join(choice.folder, 'instance.json')
  if (existsSync(marker)) return describe(choice, Marker.parse(JSON.parse(readFileSync(marker, 'utf8'))))
  if (existsSync(choice.folder) && readdirSync(choice.folder).length > 0) {
    throw new Error(
      `${choice.folder} is not a demonstration instance of Countersign, and not empty. Name another folder with --data DIR, or move it away.`,
    )
  }
  say('Making the demonstration instance: keys, authority, operators and their cards …')
  mkdirSync(dirname(choice.folder), { recursive: true })
  const making = mkdtempSync(join(dirname(choice.folder), `.${basename(choice.folder).replace(/^\.+/, '')}-making-`))
  try {
    // Loaded only when something is made: a second start does not wait for the card stack.
    const { makeInstance } = await import('./make-demo.ts')
    await makeInstance(making, choice)
    rmSync(choice.folder, { recursive: true, force: true })
    renameSync(making, choice.folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    throw error
  }
  return describe(choice, Marker.parse(JSON.parse(readFileSync(marker, 'utf8'))))
}

function describe(choice: DemoChoice, marker: z.infer<typeof Marker>): DemoInstance {
  const { folder } = choice
  const instance = {
    folder,
    serverConfig: join(folder, 'server.json'),
    deskConfig: join(folder, choice.pcsc ? 'desk-pcsc.json' : 'desk.json'),
    serverUrl: `https://127.0.0.1:${marker.port}`,
    caFile: join(folder, 'server/ca-root.pem'),
    keys: marker.keys,
  }
  if (choice.port !== null && choice.port !== marker.port) {
    throw new Error(
      `This instance uses port ${marker.port}, which stands in its certificates. Start it without --port, or make another with --data DIR.`,
    )
  }
  return instance
}
