/**
 * Started by full-disk.test.ts in mounts of its own: a server whose exports lie on a small file system, which somebody
 * else fills up while an export is made. Prints what was left each time, and what became of the same order afterwards.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXPORT_FAULTS, type ExportFault } from '../../../../server/exports/ports.ts'
import { fillChain } from '../../../e2e/harness/many-entries.ts'
import { refusal } from '../../../fakes/server/client.ts'
import { startServer } from '../../../fakes/server/start-server.ts'
import { SmallDisk } from '../../../fakes/small-disk.ts'
import { download, judge, orderOf, untilEnded } from './export-ground.ts'

const MB = 1024 * 1024
/** Of it, 64 MB are left alone by exports as long as they can see them. */
const DISK_BYTES = 96 * MB
const ENTRIES = 1000

let wasFull = false
let fillAt: { readonly point: ExportFault; readonly leave: number } | null = null
let disk: SmallDisk | null = null
const server = await startServer({
  listen: true,
  exportFaults: (at) => {
    if (disk !== null && fillAt?.point === at) {
      disk.fill(fillAt.leave)
      wasFull = disk.free <= fillAt.leave
    }
    return Promise.resolve()
  },
})
try {
  const file = join(server.folder, 'config.json')
  writeFileSync(file, JSON.stringify(server.config))
  await server.whileStopped(async () => void (await fillChain({ serverConfig: file }, ENTRIES)))
  const { folder } = server.config.exports
  disk = new SmallDisk(folder, DISK_BYTES)
  const carla = await server.signIn('carla')
  const selection = { kind: 'chain', chain: server.config.name } as const
  const names = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('export_'))

  const cases = [
    ...EXPORT_FAULTS.slice(1, 7).map((point) => ({ point, leave: 0 })),
    // In the middle of one file: some of it has found room.
    { point: 'after-folder' as const, leave: MB / 2 },
  ]
  const rounds: unknown[] = []
  for (const round of cases) {
    fillAt = round
    wasFull = false
    const { id } = await carla.call('createExport', { body: orderOf({ selection }) })
    const view = await untilEnded(carla, id)
    const lies = names()
    fillAt = null
    disk.empty()
    const isWhole = existsSync(join(folder, id))
    const verdict = isWhole ? (await judge(server, (await download(server, carla, id)).bytes)).indication : null
    const refused = isWhole ? null : (await refusal(carla.call('authoriseDownload', { params: { id } }))).code
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    const trail = items.map(({ action, after }) => `${action} ${(after as { state?: string } | null)?.state ?? 'pass'}`)
    const part = lies.some((name) => name.endsWith('.part'))
    rounds.push({ ...round, id, wasFull, part, isWhole, state: view.state, error: view.error, verdict, refused, trail })
  }
  const { id } = await carla.call('createExport', { body: orderOf({ selection }) })
  const again = await untilEnded(carla, id)
  const { bytes } = await download(server, carla, id)
  const { indication } = await judge(server, bytes)
  process.stdout.write(
    `${JSON.stringify({ rounds, again: { state: again.state, entries: again.written, indication } })}\n`,
  )
} finally {
  await server.close().catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
}
process.exit()
