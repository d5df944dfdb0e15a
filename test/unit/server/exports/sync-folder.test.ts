import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { syncFolder } from '../../../../server/exports/folders.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-sync-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }))

describe('making the names in a folder durable', () => {
  it('is done by the folder where there is one', async () => {
    await expect(syncFolder(folder)).resolves.toBeUndefined()
    await expect(syncFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each([
    ['win32', 'EPERM', true],
    ['win32', 'EISDIR', true],
    ['win32', 'EINVAL', true],
    ['win32', 'EACCES', true],
    ['win32', 'EIO', false],
    ['win32', 'ENOENT', false],
    ['linux', 'EPERM', false],
    ['linux', 'EISDIR', false],
    ['darwin', 'EINVAL', false],
  ] as const)('on %s, refused with %s: goes on %s', async (platform, code, goesOn) => {
    const done = syncFolder(folder, platform, failing(code))
    await (goesOn ? expect(done).resolves.toBeUndefined() : expect(done).rejects.toMatchObject({ code }))
  })
})
