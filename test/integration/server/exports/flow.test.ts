import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseManifest, readZip } from '../../../../shared/exports/index.ts'
import type { TestClient } from '../../../fakes/server/client.ts'
import { HOLDER } from '../../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { download, exported, orderOf } from './export-ground.ts'

let server: TestServer
let anna: TestClient
let carla: TestClient

beforeAll(async () => {
  server = await startServer({ listen: true })
  ;[anna, carla] = (await Promise.all(['anna', 'carla'].map((one) => server.signIn(one)))) as [TestClient, TestClient]
  await anna.call('createHolder', { body: HOLDER })
})
afterAll(() => server.close())

describe('when an auditor exports', () => {
  it('gives a signed package with everything in it', async () => {
    const view = await exported(carla, orderOf({ selection: { kind: 'chain', chain: server.config.name } }))
    expect(view).toMatchObject({ state: 'ready', completeness: 'whole', signers: [{ kind: 'software', level: 'B-B' }] })
    const { status, bytes } = await download(server, carla, view.id)
    expect(status).toBe(200)
    expect(bytes.length).toBe(view.bytes)
  })
})
export { parseManifest, readZip }
