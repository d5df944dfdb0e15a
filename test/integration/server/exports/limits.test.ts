import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compose } from '../../../../server/compose.ts'
import { makeLog } from '../../../../server/log/log.ts'
import { parseManifest } from '../../../../shared/exports/index.ts'
import { refusal, type TestClient } from '../../../fakes/server/client.ts'
import { HOLDER } from '../../../fakes/server/enrol.ts'
import type { SoftCard } from '../../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { download, exported, fetchFile, judge, membersOf, orderOf, untilEnded } from './export-ground.ts'

let server: TestServer
let anna: TestClient
let carla: TestClient
/** An auditor of Milan alone. */
let mila: TestClient

beforeAll(async () => {
  server = await startServer({
    listen: true,
    operators: [
      { key: 'mila', name: 'Mila Russo', grants: [{ role: 'AO', scope: { kind: 'office', key: 'milan' } }] },
      { key: 'enzo', name: 'Enzo Costa', grants: [{ role: 'AO', scope: { kind: 'everything' } }] },
    ],
  })
  const nadia = await server.signIn('nadia', {}, 'naples')
  ;[anna, carla, mila] = (await Promise.all(['anna', 'carla', 'mila'].map((one) => server.signIn(one)))) as [
    TestClient,
    TestClient,
    TestClient,
  ]
  await anna.call('createHolder', { body: HOLDER })
  await nadia.call('createHolder', { body: { ...HOLDER, givenNames: 'Partenope' } })
})
afterAll(() => server.close())

const folderNames = (): readonly string[] =>
  existsSync(server.config.exports.folder) ? readdirSync(server.config.exports.folder) : []

describe('when an auditor of one office exports', () => {
  it('gives what the explorer shows, and nothing of other offices', async () => {
    const selection = { kind: 'search' as const, search: { objectType: ['holder' as const] } }
    const view = await exported(mila, orderOf({ selection }))
    const { bytes } = await download(server, mila, view.id)
    expect(bytes.includes('Giulia')).toBe(true)
    expect(bytes.includes('Partenope')).toBe(false)
    expect(view.written).toBe((await mila.call('listAudit', { query: { objectType: ['holder'] } })).items.length)
    expect((await judge(server, bytes)).indication).toBe('TOTAL-PASSED')
  })

  it('gives the chain by what is in reach, others by a digest alone', async () => {
    const selection = { kind: 'chain' as const, chain: server.config.name }
    const { possible } = await mila.call('estimateExport', { body: { selection } })
    expect(possible).toEqual(['inclusion', 'headers'])
    const view = await exported(mila, orderOf({ selection, completeness: 'headers' }))
    const { bytes } = await download(server, mila, view.id)
    const [counted] = parseManifest((await membersOf(bytes)).get('manifest.json') ?? Buffer.alloc(0)).counts.chains
    expect(counted?.hidden).toBeGreaterThan(0)
    expect(counted?.headers).toBe(0)
    expect(bytes.includes('Partenope')).toBe(false)
    expect(bytes.includes('Nadia')).toBe(false)
    // All is right but one thing, which a digest cannot show: that no entry of others was to be in it.
    const report = await judge(server, bytes)
    const open = report.checks.filter(({ indication }) => indication !== 'TOTAL-PASSED')
    expect(open.map(({ check, code }) => `${check} ${code}`)).toEqual(['completeness unjudged'])
    expect(report.indication).toBe('INDETERMINATE')
  })

  it.each(['whole', 'range'] as const)('refuses to prove %s', async (completeness) => {
    const selection = { kind: 'chain' as const, chain: server.config.name }
    const refused = await refusal(mila.call('createExport', { body: orderOf({ selection, completeness }) }))
    expect(refused.code).toBe('EXPORT_COMPLETENESS_IMPOSSIBLE')
  })
})

describe('when it is somebody else’s', () => {
  it('is not there for any call', async () => {
    const enzo = await server.signIn('enzo')
    const { id } = await exported(carla, orderOf())
    const params = { id }
    for (const call of [
      enzo.call('readExport', { params }),
      enzo.call('cancelExport', { params }),
      enzo.call('deleteExport', { params }),
      enzo.call('authoriseDownload', { params }),
      enzo.call('prepareSecondSignature', { params, body: { certificate: 'AAAA' } }),
      enzo.call('addSecondSignature', { params, body: { certificate: 'AAAA', signature: 'AAAA' } }),
    ])
      expect((await refusal(call)).code).toBe('EXPORT_NOT_FOUND')
    expect((await enzo.call('listExports', { query: {} })).items).toEqual([])
  })
})

describe('when the officer signs too', () => {
  const sign = async (id: string, card: SoftCard, certificate = card.certificate('9C')) => {
    const params = { id }
    const sent = Buffer.from(certificate).toString('base64')
    const order = await carla.call('prepareSecondSignature', { params, body: { certificate: sent } })
    const signature = await card.signer('9C').sign(Buffer.from(order.signedAttributes, 'base64'))
    const body = { certificate: sent, signature: Buffer.from(signature).toString('base64') }
    return carla.call('addSecondSignature', { params, body })
  }

  it('adds it to the manifest, and the verifier passes both', async () => {
    const { id, manifestDigest, bytes: before } = await exported(carla, orderOf())
    const body = { certificate: Buffer.from((server.cards['carla'] as SoftCard).certificate('9C')).toString('base64') }
    const { manifest } = await carla.call('prepareSecondSignature', { params: { id }, body })
    expect(createHash('sha256').update(Buffer.from(manifest, 'base64')).digest('hex')).toBe(manifestDigest)
    const view = await sign(id, server.cards['carla'] as SoftCard)
    expect(view.signers.map(({ kind }) => kind)).toEqual(['software', 'card'])
    expect(view.manifestDigest).toBe(manifestDigest)
    expect(view.bytes).toBeGreaterThan(before ?? 0)
    const { bytes } = await download(server, carla, id)
    expect(bytes.length).toBe(view.bytes)
    const report = await judge(server, bytes)
    expect(report.checks.filter(({ check }) => check === 'manifest-signature')).toHaveLength(2)
    expect(report.indication).toBe('TOTAL-PASSED')
  })

  it('refuses the card of a colleague, and a signature by another key', async () => {
    const { id } = await exported(carla, orderOf())
    const [mine, hers] = [server.cards['carla'] as SoftCard, server.cards['anna'] as SoftCard]
    expect((await refusal(sign(id, hers))).code).toBe('EXPORT_SIGNATURE_INVALID')
    const wrong = await refusal(sign(id, hers, mine.certificate('9C')))
    expect(wrong.status).toBeLessThan(500)
    expect((await carla.call('readExport', { params: { id } })).signers).toHaveLength(1)
  })
})

describe('when it is not to be made after all', () => {
  it('keeps nothing of one that is cancelled, and says so once', async () => {
    const { id } = await carla.call('createExport', { body: orderOf() })
    const view = await carla.call('cancelExport', { params: { id } })
    expect(view).toMatchObject({ state: 'cancelled', bytes: null })
    expect(folderNames().filter((name) => name.startsWith(id))).toEqual([])
    expect((await refusal(carla.call('cancelExport', { params: { id } }))).code).toBe('EXPORT_STATE')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await untilEnded(carla, id)).toMatchObject({ state: 'cancelled' })
    expect(folderNames().filter((name) => name.startsWith(id))).toEqual([])
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    expect(items.map(({ action }) => action)).toEqual(['Export', 'Modification'])
  })

  it('takes no more than a few that are not made yet', async () => {
    const asked = Array.from({ length: 8 }, () => carla.call('createExport', { body: orderOf() }))
    const settled = await Promise.allSettled(asked)
    const made = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []))
    const codes = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))
    expect(new Set(codes)).toEqual(new Set(['EXPORT_BUSY']))
    for (const id of made) await untilEnded(carla, id)
  })
})

describe('when its time is over', () => {
  it('is removed by the job, told of once, and its passes are worth nothing', async () => {
    const { id } = await exported(carla, orderOf())
    const { path, pass } = await carla.call('authoriseDownload', { params: { id } })
    const { db } = server.running().foundation.databases.operational
    await db.updateTable('audit_export').set({ kept_until: 1 }).where('id', '=', id).execute()
    const dario = await server.signIn('dario')
    for (let turn = 0; turn < 2; turn += 1) {
      const job = await dario.call('runSchedule', { params: { name: 'export-clearing' } })
      for (let state = ''; state !== 'done';) {
        ;({ state } = await dario.call('readJob', { params: { id: job.id } }))
        expect(state).not.toBe('dead')
      }
    }
    expect(await carla.call('readExport', { params: { id } })).toMatchObject({ state: 'gone', keptUntil: null })
    expect(folderNames().filter((name) => name.startsWith(id))).toEqual([])
    expect((await fetchFile(server, path, { authorization: `Download ${pass}` })).status).toBe(401)
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    expect(items.map(({ action }) => action)).toEqual(['Export', 'Export', 'Export', 'Deletion'])
  })
})

describe('when the server is closed meanwhile', () => {
  it('is made by the next one', async () => {
    const { id } = await carla.call('createExport', { body: orderOf({ format: 'xml' }) })
    await server.restart()
    expect(await untilEnded(carla, id)).toMatchObject({ state: 'ready' })
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    expect(items.map(({ action }) => action)).toEqual(['Export', 'Export'])
  })
})

describe('when there is no room', () => {
  it('says so, leaves nothing, and tells of it once', async () => {
    let id = ''
    await server.whileStopped(async () => {
      const { exports } = server.config
      const small = { ...server.config, exports: { ...exports, folder: `${exports.folder}-small`, maxBytes: 4096 } }
      // The same installation with hardly any room for packages.
      const running = await compose(small, makeLog('silent'), { checkAnswers: true, insecure: true })
      const { db } = running.foundation.databases.operational
      try {
        id = await orderInside(running)
        for (;;) {
          const row = await db.selectFrom('audit_export').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
          if (row.state !== 'waiting') break
          await new Promise((resolve) => setTimeout(resolve, 25))
        }
      } finally {
        await running.close()
      }
      expect(readdirSync(small.exports.folder)).toEqual([])
    })
    const view = await carla.call('readExport', { params: { id } })
    expect(view).toMatchObject({ state: 'failed', error: 'EXPORT_DISK_FULL', bytes: null })
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    expect(items.map(({ action, after }) => [action, (after as { state?: string } | null)?.state])).toEqual([
      ['Export', 'waiting'],
      ['Modification', 'failed'],
    ])
  })
})

/** An order to a server beside the test's own, by the same session. */
const orderInside = async (running: Awaited<ReturnType<typeof compose>>): Promise<string> => {
  const body = Buffer.from(JSON.stringify(orderOf()))
  const path = '/api/v1/exports'
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': crypto.randomUUID(),
    ...carla.proof('POST', path, body),
  }
  const answer = await running.app.inject({ method: 'POST', url: path, headers, payload: body })
  if (answer.statusCode !== 201) throw new Error(answer.payload)
  return (JSON.parse(answer.payload) as { id: string }).id
}
