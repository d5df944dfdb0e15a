import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compose } from '../../../server/compose.ts'
import { DatabaseAccess } from '../../../server/identity/database-access.ts'
import { OwnChanges } from '../../../server/jobs/own-changes.ts'
import { makeLog } from '../../../server/log/log.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** Logins of the server's own that were refused, as administrators' access. */
let server: TestServer
const log = makeLog('silent')
// Nobody listens there.
const MAINTENANCE = 'postgres://keeper:hidden-password@127.0.0.1:1/audit'

beforeAll(async () => {
  server = await startServer({ maintenance: MAINTENANCE })
})
afterAll(() => server.close())

const logins = async (event: string) => {
  const carla = await server.signIn('carla')
  const query = { means: 'database', event, limit: 200 }
  return (await carla.call('listAccess', { query })).items.map(({ name, detail }) => [name, detail])
}

describe('when a database refuses the server', () => {
  it('keeps that the maintenance connection did, without its password, and works', async () => {
    expect(await logins('failed')).toEqual([['keeper', 'DATABASE_UNAVAILABLE']])
    const { items } = await (await server.signIn('carla')).call('listAudit', { query: { text: 'maintenance' } })
    expect(items.map((one) => [one.action, one.objectName])).toEqual([['LoginFailed', 'maintenance database · keeper']])
    expect(server.log()).not.toContain('hidden-password')
  })

  it('keeps that the audit database did when it could not start', async () => {
    const before = (await logins('failed')).length
    if (server.config.databases.audit.kind !== 'sqlite') throw new Error('not SQLite')
    const { file } = server.config.databases.audit
    await server.whileStopped(async () => {
      const kept = readFileSync(file)
      writeFileSync(file, 'this is no database '.repeat(500))
      const refused = compose(server.config, log, { checkAnswers: true, insecure: true })
      await expect(refused).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
      writeFileSync(file, kept)
    })
    // Of the start that was refused, and of the maintenance connection once more.
    expect(await logins('failed')).toHaveLength(before + 2)
  })

  it('keeps in the chain that the operational database did when it could not start', async () => {
    const before = (await logins('failed')).length
    if (server.config.databases.operational.kind !== 'sqlite') throw new Error('not SQLite')
    const { file } = server.config.databases.operational
    const chain = new Database(join(server.folder, 'audit.db'), { readonly: true })
    const head = () => chain.prepare('select max(sequence) from entry').pluck().get() as number
    try {
      await server.whileStopped(async () => {
        const kept = readFileSync(file)
        const from = head()
        writeFileSync(file, 'this is no database '.repeat(500))
        const refused = compose(server.config, log, { checkAnswers: true, insecure: true })
        await expect(refused).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
        expect(head()).toBe(from + 1)
        writeFileSync(file, kept)
      })
    } finally {
      chain.close()
    }
    const failed = await logins('failed')
    expect(failed).toHaveLength(before + 2)
    expect(failed.map(([, detail]) => detail)).toEqual(failed.map(() => 'DATABASE_UNAVAILABLE'))
    const { items } = await (
      await server.signIn('carla')
    ).call('listAudit', { query: { text: '"operational database"' } })
    expect(items.map((one) => one.action)).toContain('LoginFailed')
    expect(server.running().foundation.sequencer.state().state).toBe('running')
  })

  it('keeps that it went away while the server ran, and that it came back', async () => {
    const { databases, sequencer } = server.running().foundation
    const own = new OwnChanges({ db: databases.operational.db, sequencer, tenant: server.setup.tenant.id, log })
    const access = new DatabaseAccess(own, server.config, log)
    await access.begin()
    const [failed, signedIn, signedOut] = await Promise.all([logins('failed'), logins('sign-in'), logins('sign-out')])
    for (const reason of ['HSM_UNAVAILABLE', 'DATABASE_BUSY']) access.chainState({ state: 'stopped', reason })
    access.chainState({ state: 'running', reason: null })
    access.chainState({ state: 'stopped', reason: 'DATABASE_UNAVAILABLE' })
    access.chainState({ state: 'running', reason: null })
    access.chainState({ state: 'running', reason: null })
    await access.end()
    await server.running().sweep()
    expect(await logins('failed')).toHaveLength(failed.length + 1)
    expect(await logins('sign-in')).toHaveLength(signedIn.length + 1)
    expect(await logins('sign-out')).toHaveLength(signedOut.length + 2)
  })
})
