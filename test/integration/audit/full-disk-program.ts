/**
 * Started by full-disk.test.ts in mounts of its own: a server with one of its two databases on a small file system that is
 * filled up, while somebody goes on working; then the server is closed and opened, with the disk full and with room again.
 */
import { copyFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { refusal } from '../../fakes/server/client.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer } from '../../fakes/server/start-server.ts'
import { SmallDisk } from '../../fakes/small-disk.ts'

const [which = 'audit'] = process.argv.slice(2)
const DISK_BYTES = 64 * 1024 * 1024
/** More than what the log of a database may still have room for in pages it was given before. */
const TRIES = 12

const server = await startServer({ listen: true })
try {
  const small = join(server.folder, 'small')
  let disk: SmallDisk | null = null
  await server.whileStopped(() => {
    disk = new SmallDisk(small, DISK_BYTES)
    for (const name of readdirSync(server.folder).filter((one) => one.startsWith(`${which}.db`))) {
      copyFileSync(join(server.folder, name), join(small, name))
      rmSync(join(server.folder, name))
      if (name === `${which}.db`) symlinkSync(join(small, name), join(server.folder, name))
    }
    return Promise.resolve()
  })
  const full = disk as unknown as SmallDisk
  const anna = await server.signIn('anna')
  await anna.call('createHolder', { body: { ...HOLDER, familyName: 'Before' } })

  full.fill()
  const refused: string[] = []
  const done: string[] = []
  for (let turn = 0; turn < TRIES; turn++) {
    const familyName = `Tried${turn}`
    // Long enough to need pages of its own.
    const body = { ...HOLDER, familyName, givenNames: 'x'.repeat(100) }
    try {
      await anna.call('createHolder', { body })
      done.push(familyName)
    } catch {
      refused.push((await refusal(anna.call('createHolder', { body }))).code)
    }
  }
  process.stderr.write(`${which}: done ${done.length}, refused ${refused.join(' ')}\n`)
  let opened = 'opened'
  try {
    await server.restart()
  } catch (error) {
    opened = (error as { code?: string }).code ?? String(error)
  }
  full.empty()
  await server.restart()
  const again = await server.signIn('anna')
  const carla = await server.signIn('carla')
  await again.call('createHolder', { body: { ...HOLDER, familyName: 'After' } })
  const { databases } = server.running().foundation
  const holders = await databases.operational.db.selectFrom('holder').select(['id', 'family_name']).execute()
  const listed = await carla.call('listAudit', {
    query: { objectType: ['holder'], action: ['Insertion'], limit: 100 },
  })
  const entries = listed.items.map(({ objectId }) => objectId)
  const run = await carla.call('startVerification', { body: { depth: 'full' } })
  let verified = run
  while (verified.state === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 50))
    verified = await carla.call('readVerification', { params: { id: run.id } })
  }
  const count = (id: string): number => entries.filter((one) => one === id).length
  const outcome = {
    done,
    refused,
    opened,
    told: holders.map(({ id, family_name: name }) => ({ name, entries: count(id) })),
    strays: entries.filter((one) => !holders.some(({ id }) => id === one)).length,
    verified: verified.state,
  }
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
} finally {
  await server.close().catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
}
process.exit()
