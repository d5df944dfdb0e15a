import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initSoftHsmToken } from '../../../../server/hsm/index.ts'
import { SessionPool } from '../../../../server/hsm/pkcs11/session-pool.ts'
import { failureOf, softHsmOrReason, temporaryFolder } from './folders.ts'

const libraryPath = softHsmOrReason() ?? ''
const root = await temporaryFolder()
afterAll(() => root.remove())

describe.skipIf(libraryPath === '')('when calls of the module take long', () => {
  const pinFile = join(root.path, 'pin')
  beforeAll(async () => {
    const place = { libraryPath, tokenDir: join(root.path, 'tokens'), label: 'pool', soPinFile: join(root.path, 'so') }
    await initSoftHsmToken({ ...place, pinFile })
  })
  const poolOf = (timeoutMs: number, sessions: number) =>
    new SessionPool({ kind: 'hsm', libraryPath, tokenLabel: 'pool', pinFile, timeoutMs, sessions }, () => {})

  it('says timeout, keeps the session taken until the call is back, and goes on', async () => {
    const pool = poolOf(150, 1)
    let comeBack = () => {}
    const stuck = new Promise<void>((resolve) => (comeBack = resolve))
    let late = 0
    expect(await failureOf(pool.run(() => stuck))).toBe('timeout')
    expect(await failureOf(pool.run(() => late++))).toBe('timeout')
    comeBack()
    expect(await pool.run(() => 'again')).toBe('again')
    expect(late).toBe(0)
    await pool.close()
  })

  it('runs no more at once than it has sessions', async () => {
    const pool = poolOf(5000, 3)
    let running = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 12 }, () =>
        pool.run(async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setTimeout(resolve, 5))
          running--
        }),
      ),
    )
    expect(most).toBe(3)
    await pool.close()
  })

  it('closes while one is stuck, and refuses those that wait', async () => {
    const pool = poolOf(150, 1)
    await pool.ready()
    let begun = () => {}
    const inside = new Promise<void>((resolve) => (begun = resolve))
    const stuck = failureOf(
      pool.run(() => {
        begun()
        return new Promise<void>(() => {})
      }),
    )
    await inside
    const waiting = failureOf(pool.run(() => 'never'))
    await pool.close()
    expect([await stuck, await waiting]).toEqual(['timeout', 'closed'])
  })

  it('passes the work’s own error and stays usable', async () => {
    const pool = poolOf(5000, 1)
    expect(await failureOf(pool.run(() => Promise.reject(new Error('mine'))))).toBe('device')
    expect(await pool.run(() => 1)).toBe(1)
    await pool.close()
  })
})
