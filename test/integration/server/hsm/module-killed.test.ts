import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pkcs11KeyStore } from '../../../../server/hsm/process/key-store.ts'
import { makeLog } from '../../../../server/log/log.ts'
import { runCommand } from '../../../../server/shell/commands.ts'
import { HOLDER } from '../../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { softHsmOrReason } from '../../../unit/server/hsm/folders.ts'

const isThere = softHsmOrReason() !== null
const log = makeLog('silent')

describe.skipIf(!isThere)('when the process of the HSM’s module is killed under a running server', () => {
  let server: TestServer
  beforeAll(async () => {
    // Each entry is signed in the token, so that no change passes without it.
    server = await startServer({ keys: 'softhsm', audit: { keyMode: 'hsm' } })
  })
  afterAll(() => server?.close())
  const store = (): Pkcs11KeyStore => {
    const { keys } = server.running().foundation
    if (!(keys instanceof Pkcs11KeyStore)) throw new Error('not an HSM')
    return keys
  }

  it('takes every change all the same, and the chain verifies', async () => {
    const anna = await server.signIn('anna')
    const pids = new Set<number | undefined>()
    for (let round = 0; round < 3; round++) {
      pids.add(store().pid)
      const changes = Array.from({ length: 12 }, (_, i) =>
        anna.call('createHolder', { body: { ...HOLDER, familyName: `Killed ${round}-${i}` } }),
      )
      process.kill(store().pid ?? 0, 'SIGKILL')
      expect(await Promise.all(changes)).toHaveLength(12)
    }
    expect(pids.size).toBe(3)
    expect(server.log()).toContain('process of the key store ended')
    const bruno = await server.signIn('bruno')
    expect((await bruno.call('listHolders', { query: { text: 'Killed' } })).items.length).toBeGreaterThan(0)
    const verified = await runCommand(server.config, ['audit', 'verify'], { full: true }, log)
    expect(verified.exit ?? 0).toBe(0)
  })

  it('is healthy again and names the token', async () => {
    process.kill(store().pid ?? 0, 'SIGKILL')
    const dario = await server.signIn('dario')
    const { keys, checks } = await dario.call('readHealth', {})
    expect(keys).toBe('hsm')
    expect(checks.find(({ name }) => name === 'key-store')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^PKCS#11 token "test", serial [0-9a-f]+ /),
    })
  })
})
