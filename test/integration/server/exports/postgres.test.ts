import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestClient } from '../../../fakes/server/client.ts'
import { HOLDER } from '../../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { findPostgres, startCluster, type Cluster } from '../../audit/postgres-cluster.ts'
import { download, exported, judge, orderOf } from './export-ground.ts'

const bin = findPostgres()
if (!bin) console.warn('skipped: PostgreSQL is not here; apt-get install postgresql')

describe.skipIf(!bin)('when the server stands on PostgreSQL', () => {
  let cluster: Cluster
  let server: TestServer
  let carla: TestClient

  beforeAll(async () => {
    cluster = await startCluster(bin ?? '')
    const postgres = { operational: cluster.create('operational'), audit: cluster.create('audit') }
    server = await startServer({ postgres, maintenance: postgres.audit, listen: true })
    const anna = await server.signIn('anna')
    carla = await server.signIn('carla')
    await anna.call('createHolder', { body: HOLDER })
  })
  afterAll(async () => {
    await server.close()
    cluster.stop()
  })

  it.each([
    ['a chain', { kind: 'chain', chain: 'test.countersign.example' }, 'whole'],
    ['a span', { kind: 'search', search: { from: 1 } }, 'range'],
    ['a word', { kind: 'search', search: { text: 'Giulia' } }, 'inclusion'],
    ['an object', { kind: 'search', search: { objectType: ['holder'] } }, 'inclusion'],
  ] as const)('exports %s, which the verifier passes', async (_what, selection, completeness) => {
    const order = orderOf({ selection: JSON.parse(JSON.stringify(selection)) as never, format: 'csv' })
    const view = await exported(carla, order)
    expect(view).toMatchObject({ completeness, state: 'ready' })
    expect(view.written).toBeGreaterThan(0)
    const { bytes } = await download(server, carla, view.id)
    expect((await judge(server, bytes)).indication).toBe('TOTAL-PASSED')
  })
})
