import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../../../shared/contract/index.ts'
import { compose } from '../../../server/compose.ts'
import { parseConfig, type ServerConfig } from '../../../server/config.ts'
import { openKeyStore } from '../../../server/hsm/index.ts'
import { keyStoreConfigOf } from '../../../server/foundation.ts'
import { makeLog } from '../../../server/log/log.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { Plan } from '../../../server/shell/plan.ts'
import { setUp } from '../../../server/shell/setup.ts'
import { refusal } from '../../fakes/server/client.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

const log = makeLog('silent')

const shell = async (config: ServerConfig, words: string, values = {}) => {
  const answer = await runCommand(config, words.split(' '), values, log)
  return { exit: answer.exit, value: answer.value as Record<string, unknown> }
}
/** As it was when it was stopped, with other settings of the audit. */
const changed = (server: TestServer, audit: Partial<ServerConfig['audit']>): ServerConfig => ({
  ...server.config,
  audit: { ...server.config.audit, ...audit },
})

describe('when a chain is handed from key to key and from mode to mode', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ audit: { keyMode: 'hsm' } })
  })
  afterAll(() => server.close())

  it('signs with the key store alone in mode hsm, and with its epochs in mode epoch; both verify', async () => {
    const anna = await server.signIn('anna')
    await anna.call('createHolder', { body: HOLDER })
    const carla = await server.signIn('carla')
    const [chain] = (await carla.call('listChains', {})).items
    expect(chain?.keyMode).toBe('hsm')
    const { items } = await carla.call('listAudit', { query: { limit: 5 } })
    for (const { chain: name, sequence } of items) {
      const { keyId } = await carla.call('readAudit', { params: { chain: name, sequence } })
      expect(keyId).toBe(chain?.keyId)
    }
    await server.whileStopped(async () => {
      expect((await shell(server.config, 'audit verify')).value['state']).toBe('passed')
      const composed = await compose(changed(server, { keyMode: 'epoch' }), log, { checkAnswers: true, insecure: true })
      expect(composed.foundation.sequencer.state()).toMatchObject({ mode: 'epoch', state: 'running' })
      await composed.close()
      expect((await shell(server.config, 'audit verify')).value['state']).toBe('passed')
    })
  })

  it('rolls over to a new key as an entry, twice, and verifies what all of them signed', async () => {
    await server.whileStopped(async () => {
      for (const label of ['audit.chain.2', 'audit.chain.3']) {
        const { value } = await shell(server.config, 'audit key rollover')
        expect(value).toMatchObject({ label, chain: server.config.name })
        const { items } = (await shell(server.config, 'audit list', { tenant: 'system', limit: '5' })).value as {
          items: { action: string; objectType: string; objectId: string }[]
        }
        expect(items).toContainEqual(
          expect.objectContaining({ action: 'KeyUse', objectType: 'audit-key', objectId: value['to'] }),
        )
        expect((await shell(server.config, 'audit verify')).value['state']).toBe('passed')
      }
      const keys = (await shell(server.config, 'audit key list')).value as { items: { isTrusted: boolean }[] }
      expect(keys.items.map((one) => one.isTrusted)).toEqual([true, true, true])
    })
    const anna = await server.signIn('anna')
    await anna.call('createHolder', { body: HOLDER })
  })

  it('refuses to start with a key store that does not hold the key in force', async () => {
    await server.whileStopped(async () => {
      const other = join(server.folder, 'other-keys')
      const config = { ...server.config, keys: { ...server.config.keys, folder: other } } as ServerConfig
      const { initSoftwareStore } = await import('../../../server/hsm/index.ts')
      const kept = config.keys as { folder: string; passphraseFile: string }
      await initSoftwareStore({ folder: other, passphraseFile: kept.passphraseFile })
      const opened = compose(config, log, { checkAnswers: true, insecure: true })
      await expect(opened).rejects.toMatchObject({ code: 'HSM_KEY_NOT_FOUND' })
      const keys = await openKeyStore(keyStoreConfigOf(config.keys))
      await keys.generate('audit.chain.3', 'ecdsa-p256')
      await keys.close()
      const wrong = compose(config, log, { checkAnswers: true, insecure: true })
      await expect(wrong).rejects.toMatchObject({ code: 'CHAIN_KEY_UNUSABLE', detail: { reason: 'key-changed' } })
      // The failed entrance of the shell is kept, and becomes an entry when the server starts.
      await expect(shell(config, 'health')).rejects.toBeInstanceOf(AppError)
      rmSync(other, { recursive: true })
    })
    const carla = await server.signIn('carla')
    const { items } = await carla.call('listAccess', { query: { event: 'failed', means: 'shell' } })
    expect(items).toMatchObject([{ detail: 'health', role: null }])
  })
})

describe('when the key fails while the server runs', () => {
  it('stops taking changes, says so, and goes on when it is back', async () => {
    const server = await startServer({ audit: { keyMode: 'hsm' } })
    try {
      const anna = await server.signIn('anna')
      const dario = await server.signIn('dario')
      const { signer } = server.running().foundation
      const sign = signer.sign.bind(signer)
      let isBroken = true
      Object.assign(signer, {
        sign: (data: Uint8Array) =>
          isBroken ? Promise.reject(new AppError('HSM_UNAVAILABLE', { reason: 'gone' })) : sign(data),
      })
      expect((await refusal(anna.call('createHolder', { body: HOLDER }))).code).toBe('AUDIT_CHAIN_UNWRITABLE')
      expect((await refusal(anna.call('createHolder', { body: HOLDER }))).code).toBe('AUDIT_CHAIN_UNWRITABLE')
      expect((await dario.call('readHealth', {})).chain.state).toBe('stopped')
      expect((await anna.call('listHolders', { query: {} })).items.length).toBeLessThanOrEqual(1)
      expect(server.log()).toContain('"level":60')
      isBroken = false
      while ((await dario.call('readHealth', {})).chain.state === 'stopped')
        await new Promise((resolve) => setTimeout(resolve, 100))
      await anna.call('createHolder', { body: HOLDER })
    } finally {
      await server.close()
    }
  })
})

describe('when several nodes write into one audit database', () => {
  it('keeps a chain for each, verified together by who sees everything', async () => {
    const server = await startServer()
    try {
      const config = parseConfig(
        {
          name: 'second.countersign.example',
          tenant: 'Second Registry',
          listen: { host: '127.0.0.1', port: 0 },
          tls: { certificateFile: 'second.pem', keyFile: 'second.key' },
          databases: {
            operational: { kind: 'sqlite', file: 'second.db' },
            audit: { kind: 'sqlite', file: 'audit.db' },
          },
          keys: { kind: 'software', folder: 'second-keys', passphraseFile: 'second.passphrase' },
          ca: { organization: 'Second Registry' },
          publicUrl: 'https://127.0.0.1:8444',
        },
        server.folder,
      )
      const plan = Plan.parse({
        tenant: { name: 'Second Registry' },
        divisions: [{ key: 'one', name: 'One' }],
        offices: [{ key: 'one', name: 'One', division: 'one' }],
        stations: [],
        operators: [],
      })
      const [own, other] = [server.config.name, config.name]
      let keyIds: readonly string[] = []
      // One after the other: two that write one SQLite file from one thread would wait for each other in it.
      await server.whileStopped(async () => {
        await setUp(config, plan, log)
        const second = await compose(config, log, { checkAnswers: true, insecure: true })
        keyIds = second.foundation.trustedKeyIds
        await second.close()
      })
      const anna = await server.signIn('anna')
      await anna.call('createHolder', { body: HOLDER })

      const carla = await server.signIn('carla')
      const chains = (await carla.call('listChains', {})).items
      expect(chains.map((one) => [one.chain, one.own])).toEqual([
        [other, false],
        [own, true],
      ])
      // What the other node's tenant did is not this tenant's to see.
      expect((await carla.call('listAudit', { query: { chain: other } })).items).toEqual([])
      const settled = async (config_: ServerConfig) =>
        (await shell(config_, 'audit verify', { all: true, quick: true })).value
      expect(await settled(changed(server, { trustedKeys: [...keyIds] }))).toMatchObject({
        items: [
          { chain: other, state: 'passed' },
          { chain: own, state: 'passed' },
        ],
      })
      // Without its key nothing of the other chain is believed.
      expect(await settled(server.config)).toMatchObject({
        items: [
          { chain: other, state: 'failed', verdict: { kind: 'unknown-key' } },
          { chain: own, state: 'passed' },
        ],
      })
      const { id, waiting } = await carla.call('startVerification', { body: { depth: 'quick', chain: '*' } })
      expect(waiting).toEqual([other])
      for (;;) {
        const { items } = await carla.call('listVerifications', { query: { chain: other } })
        const [last] = items
        if (last?.startedBy != null && last.state !== 'running') break
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      expect((await carla.call('readVerification', { params: { id } })).state).toBe('passed')
    } finally {
      await server.close()
    }
  }, 400_000)
})
