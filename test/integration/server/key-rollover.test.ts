import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLog } from '../../../server/log/log.ts'
import { runCommand } from '../../../server/shell/commands.ts'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import { HOLDER } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

const log = makeLog('silent')
const WRITERS = 16

describe.each([
  ['epoch', 'software'],
  ['hsm', 'software'],
  ['epoch', 'softhsm'],
] as const)('when the key of a running chain is rolled over (%s, %s)', (keyMode, keys) => {
  let server: TestServer
  let anna: TestClient
  let carla: TestClient
  let dario: TestClient
  beforeAll(async () => {
    server = await startServer({ audit: { keyMode }, keys })
    const signedIn = await Promise.all(['anna', 'carla', 'dario'].map((one) => server.signIn(one)))
    ;[anna, carla, dario] = signedIn as [TestClient, TestClient, TestClient]
  })
  afterAll(() => server.close())

  const chain = () => server.config.name
  const inForce = async () => {
    const { items } = await dario.call('listChainKeys', {})
    const [key] = items
    if (!key || items.length !== 1) throw new Error('not one chain')
    return key
  }
  const done = async (id: string) => {
    for (;;) {
      const { state } = await dario.call('readJob', { params: { id } })
      if (state === 'done' || state === 'dead') return state
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const order = async (keyId: string, more = {}) =>
    dario.call('rollOverChainKey', { body: { chain: chain(), keyId, reason: 'yearly', ...more } })
  const keyOf = async (sequence: number) =>
    (await carla.call('readAudit', { params: { chain: chain(), sequence: String(sequence) as never } })).keyId
  const verified = async () => {
    const { id } = await carla.call('startVerification', { body: { depth: 'full' } })
    for (;;) {
      const { state } = await carla.call('readVerification', { params: { id } })
      if (state !== 'running') return state
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  it('writers wait for it and none fails; what both keys signed verifies', async () => {
    const before = await inForce()
    expect(before).toMatchObject({ chain: chain(), label: 'audit.chain', next: 'audit.chain.2' })
    const over = new AbortController()
    const written = Promise.all(
      Array.from({ length: WRITERS }, async () => {
        let made = 0
        while (!over.signal.aborted || made < 3) {
          await anna.call('createHolder', { body: HOLDER })
          made += 1
        }
        return made
      }),
    )
    const { id, kind } = await order(before.keyId)
    expect(kind).toBe('audit-key-rollover')
    expect(await done(id)).toBe('done')
    over.abort()
    expect(Math.min(...(await written))).toBeGreaterThanOrEqual(3)

    const after = await inForce()
    expect(after).toMatchObject({ label: 'audit.chain.2', next: 'audit.chain.3' })
    expect(after.keyId).not.toBe(before.keyId)
    const { foundation } = server.running()
    expect(foundation.signer.label).toBe('audit.chain.2')
    expect(foundation.trustedKeyIds).toEqual([before.keyId, after.keyId])
    expect(foundation.sequencer.state()).toMatchObject({ state: 'running', reason: null })
    if (keyMode === 'hsm') expect(await keyOf(foundation.sequencer.state().head)).toBe(after.keyId)
    expect(await verified()).toBe('passed')
  })

  it('says in the chain who ordered it and why, and announces the key with the one before', async () => {
    const { items } = await carla.call('listAudit', { query: { action: ['KeyUse'], objectType: ['job'], limit: 5 } })
    expect(items).toHaveLength(1)
    const [ordered] = items
    const entry = await carla.call('readAudit', {
      params: { chain: chain(), sequence: String(ordered?.sequence) as never },
    })
    expect(entry).toMatchObject({
      operatorId: server.setup.operators['dario']?.id,
      role: 'SA',
      reason: 'yearly',
      before: { name: 'audit.chain' },
      after: { name: 'audit.chain.2', purpose: 'audit-key-rollover' },
    })
    const { databases } = server.running().foundation
    const rows = await databases.audit.db
      .selectFrom('audit_key')
      .select(['label', 'endorsed_by', 'key_id'])
      .where('kind', '=', 'hsm')
      .orderBy('created_at')
      .execute()
    expect(rows[1]?.endorsed_by).toBe(rows[0]?.key_id)
  })

  it('is for administrators, of a chain there is, and from the key they were shown', async () => {
    const { keyId } = await inForce()
    const body = { chain: chain(), keyId, reason: 'x' }
    expect((await refusal(carla.call('rollOverChainKey', { body }))).code).toBe('ACCESS_DENIED')
    expect((await refusal(anna.call('listChainKeys', {}))).code).toBe('ACCESS_DENIED')
    expect((await refusal(order(keyId, { chain: 'none' }))).code).toBe('AUDIT_NOT_FOUND')
    expect((await refusal(order(keyId.replace(/./, (first) => (first === 'A' ? 'B' : 'A'))))).code).toBe(
      'REQUEST_CONFLICT',
    )
    const certificate = Buffer.from('none').toString('base64')
    expect((await refusal(order(keyId, { certificate }))).code).toBe('REQUEST_INVALID')
    expect((await inForce()).keyId).toBe(keyId)
  })

  it('ordered twice at once, is done once', async () => {
    const { keyId, next } = await inForce()
    const jobs = await Promise.all([order(keyId), order(keyId)])
    expect(await Promise.all(jobs.map(({ id }) => done(id)))).toEqual(['done', 'done'])
    expect((await inForce()).label).toBe(next)
  })

  it('goes on with the new key after a restart, and the shell of a stopped server after it', async () => {
    const { label } = await inForce()
    let rolled: Record<string, unknown> = {}
    await server.whileStopped(async () => {
      rolled = (await runCommand(server.config, ['audit', 'key', 'rollover'], {}, log)).value as typeof rolled
    })
    ;[anna, carla, dario] = await Promise.all([server.signIn('anna'), server.signIn('carla'), server.signIn('dario')])
    expect(label).toBe('audit.chain.3')
    expect(await inForce()).toMatchObject({ label: 'audit.chain.4', keyId: rolled['to'] })
    await anna.call('createHolder', { body: HOLDER })
    expect(await verified()).toBe('passed')
  })
})
