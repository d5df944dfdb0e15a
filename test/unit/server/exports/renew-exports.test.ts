import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import { makeLog } from '../../../../server/log/log.ts'
import { ExportFolders, memberOf } from '../../../../server/exports/folders.ts'
import { renewExports } from '../../../../server/exports/renew-exports.ts'
import { openJobsBench, type JobsBench } from '../jobs/jobs-bench.ts'
import { addExport, NODE, rowOf } from './export-rows.ts'

const [FIRST, SECOND, THIRD] = ['export_00000001', 'export_00000002', 'export_00000003'] as const
const DAY = 86_400_000
let bench: JobsBench
let folders: ExportFolders
/** What the authority of time says to each package, by its signature. */
let refusals: Map<string, unknown>

beforeEach(async () => {
  bench = await openJobsBench()
  folders = new ExportFolders(join(bench.folder, 'exports'))
  refusals = new Map()
})
afterEach(() => bench.close())

const db = () => bench.databases.operational.db
const add = async (id: string, more: Parameters<typeof addExport>[2] = {}): Promise<void> => {
  const [manifest, signature] = [Buffer.from('{}'), Buffer.from(id)]
  mkdirSync(folders.whole(id), { recursive: true })
  writeFileSync(join(folders.whole(id), 'manifest.json'), manifest)
  writeFileSync(join(folders.whole(id), 'manifest.json.p7s'), signature)
  const members = [memberOf('manifest.json', manifest), memberOf('manifest.json.p7s', signature)]
  const kept = { members: JSON.stringify({ at: DAY, members }), renew_at: bench.clock.now() }
  await addExport(db(), id, { state: 'ready', ...kept, ...more })
}
const signatures = {
  renew: ({ signature }: { readonly signature: Uint8Array }) => {
    const text = Buffer.from(signature).toString()
    const refused = refusals.get(text)
    return refused ? Promise.reject(refused as Error) : Promise.resolve(Buffer.from(`${text} renewed`))
  },
  endOf: () => new Date(bench.clock.now() + 1000 * DAY),
}
const renew = (signal = new AbortController().signal): Promise<void> => {
  const log = makeLog('error', { write: () => undefined })
  return renewExports({ db: db(), own: bench.own, log, node: NODE, folders, signatures }, signal)
}
const lying = (id: string): string => readFileSync(join(folders.whole(id), 'manifest.json.p7s'), 'utf8')

const GONE = new AppError('TIMESTAMP_UNAVAILABLE')
const NEVER = new AppError('SIGNING_CERTIFICATE_UNUSABLE')

describe('when packages are due for renewal', () => {
  it('renews those, and no other', async () => {
    await add(FIRST)
    await add(SECOND, { renew_at: bench.clock.now() + 1 })
    await add(THIRD, { node: 'node-2' })
    await renew()
    expect([FIRST, SECOND, THIRD].map(lying)).toEqual([`${FIRST} renewed`, SECOND, THIRD])
    expect((await rowOf(db(), FIRST)).renew_at).toBe(bench.clock.now() + 910 * DAY)
    await renew()
    expect(lying(FIRST)).toBe(`${FIRST} renewed`)
  })

  it.each([
    ['the authority of time is gone', GONE],
    ['it can never be renewed', NEVER],
    ['its files cannot be read', Object.assign(new Error('read'), { code: 'EIO' })],
  ])('goes on with the others where one fails since %s, and tells of it', async (_, refused) => {
    await add(FIRST)
    await add(SECOND)
    await add(THIRD)
    refusals.set(SECOND, refused)
    await expect(renew()).rejects.toBe(refused)
    expect([FIRST, SECOND, THIRD].map(lying)).toEqual([`${FIRST} renewed`, SECOND, `${THIRD} renewed`])
    expect(await rowOf(db(), SECOND)).toMatchObject({ version: 1, renew_at: bench.clock.now() })
  })

  it('is tried again for one that failed for now, though another never will be renewed', async () => {
    await add(FIRST)
    await add(SECOND)
    refusals.set(FIRST, NEVER).set(SECOND, GONE)
    await expect(renew()).rejects.toBe(GONE)
    refusals.delete(SECOND)
    await expect(renew()).rejects.toBe(NEVER)
    expect(lying(SECOND)).toBe(`${SECOND} renewed`)
  })

  it('stops between two when the server closes', async () => {
    await add(FIRST)
    const stop = new AbortController()
    stop.abort()
    await expect(renew(stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
    expect(lying(FIRST)).toBe(FIRST)
  })
})
