import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig, type ServerConfig } from '../../../server/config.ts'
import { isHeldByAnother, takeLease } from '../../../server/shell/lease.ts'
import { findPostgres, startCluster, type Cluster } from '../audit/postgres-cluster.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')
const example = readFileSync(new URL('../../../resources/config/server.example.json', import.meta.url), 'utf8')

/** One process per chain, also where the audit database is no file. */
describe.skipIf(!bin)('when a chain in PostgreSQL has a writer', () => {
  let cluster: Cluster
  let folder: string
  const configOf = (database: string, name: string): ServerConfig => {
    const connectionStringFile = join(folder, `${database}.url`)
    writeFileSync(connectionStringFile, cluster.create(database), { flag: 'wx' })
    const parsed = JSON.parse(example) as { databases: object }
    const audit = { kind: 'postgres', connectionStringFile }
    return parseConfig({ ...parsed, name, databases: { ...parsed.databases, audit } }, folder)
  }

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    folder = mkdtempSync(join(tmpdir(), 'lease-'))
  }, 60_000)
  afterAll(() => {
    cluster.stop()
    rmSync(folder, { recursive: true })
  })

  it('lets nobody else in until it is done, and other chains alone', async () => {
    const config = configOf('one', 'desk.one')
    const lease = await takeLease(config)
    expect(await isHeldByAnother(config)).toBe(true)
    await expect(takeLease(config)).rejects.toMatchObject({ code: 'CONFIG_INVALID', detail: { reason: 'in-use' } })
    const other = { ...config, name: 'desk.two' }
    expect(await isHeldByAnother(other)).toBe(false)
    const beside = await takeLease(other)
    lease.release()
    await expect.poll(() => isHeldByAnother(config)).toBe(false)
    expect(await isHeldByAnother(other)).toBe(true)
    beside.release()
    ;(await takeLease(config)).release()
  })

  it('has it again after the database was away', async () => {
    const config = configOf('two', 'desk.one')
    const lease = await takeLease(config)
    cluster.restart()
    await expect.poll(() => isHeldByAnother(config), { timeout: 30_000, interval: 200 }).toBe(true)
    await expect(takeLease(config)).rejects.toThrow('CONFIG_INVALID')
    lease.release()
  }, 60_000)

  it('says that the database is away, without its address', async () => {
    const config = configOf('three', 'desk.one')
    if (config.databases.audit.kind !== 'postgres') throw new Error('not PostgreSQL')
    const secret = 'postgres://desk:hidden@127.0.0.1:1/none'
    writeFileSync(config.databases.audit.connectionStringFile, secret)
    const error = await takeLease(config).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    expect(JSON.stringify(error)).not.toContain('hidden')
  })
})
