import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodePem, encodePem, parseCertificate, readCadesNeeds } from '../../../../shared/pki/index.ts'
import { openZipPackage, unreadablePackage, verifyPackage } from '../../../../shared/exports/index.ts'
import type { ExportFormat } from '../../../../shared/contract/routes/exports.ts'
import { TrustServices } from '../../../fakes/pki/trust-services.ts'
import type { TestClient } from '../../../fakes/server/client.ts'
import { HOLDER } from '../../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { download, exported, membersOf, orderOf, untilEnded } from '../exports/export-ground.ts'

// A whole server with a token, a time-stamping authority and a responder; what it exports is judged with the two roots
// and nothing else.

const SAMPLES = process.env['SOAK'] === '1' ? 2000 : 60

let folder: string
let services: TrustServices
let server: TestServer
let carla: TestClient
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-lasting-'))
  services = await TrustServices.open()
  await services.addStamper('/tsa')
  const trustFile = join(folder, 'time.pem')
  writeFileSync(trustFile, encodePem('CERTIFICATE', services.root.certificate.der))
  server = await startServer({
    listen: true,
    keys: 'softhsm',
    signing: {
      timestamping: { authorities: [{ url: services.url('/tsa'), trustFile }] },
      signing: { revocation: { hosts: [services.host], privateAddresses: true, timeoutMs: 2000 } },
    },
  })
  const anna = await server.signIn('anna')
  await anna.call('createHolder', { body: HOLDER })
  carla = await server.signIn('carla')
})
beforeEach(() => {
  services.faults.clear()
  services.now = new Date()
})
afterAll(async () => {
  await server.close()
  await services.close()
  rmSync(folder, { recursive: true, force: true })
})

const chain = () => ({ kind: 'chain' as const, chain: server.config.name })

/** Fail closed, with what the package carries, in three weeks. */
async function judge(zip: Buffer, days = 21) {
  const [root] = decodePem('CERTIFICATE', server.rootPem)
  const read = (offset: number, length: number) =>
    Promise.resolve(new Uint8Array(zip.subarray(offset, offset + length)))
  return verifyPackage(await openZipPackage({ size: zip.length, read }), {
    anchors: [parseCertificate(root!)],
    timeStampAnchors: [services.root.certificate],
    now: services.day(days),
    revocation: 'require',
    depth: 'full',
  })
}

/** Of bytes that were changed one at a time, the places where the package passed nevertheless. */
async function passingChanges(zip: Buffer, samples: number): Promise<readonly number[]> {
  const passing: number[] = []
  for (let sample = 0; sample < samples; sample += 1) {
    const place = Math.floor(Math.random() * zip.length)
    const changed = Buffer.from(zip)
    changed[place] = (changed[place] ?? 0) ^ (1 << (place % 8))
    const verdict = await judge(changed).then(
      ({ indication }) => indication,
      (error: unknown) => unreadablePackage(error, services.now).indication,
    )
    if (verdict === 'TOTAL-PASSED') passing.push(place)
  }
  return passing
}

describe('health', () => {
  it('says who stamps, and that this machine is nobody to trust for the time', async () => {
    const { checks } = await (await server.signIn('dario')).call('readHealth', {})
    const stamps = checks.find(({ name }) => name === 'timestamps')
    expect(stamps?.detail).toBe(`as due, by ${new URL(services.url('/tsa')).host} (this machine, not for production)`)
    expect(stamps?.state).toBe('ok')
  })
})

describe('when exports are signed to last', () => {
  it('offers every level', async () => {
    const { levels, signer } = await carla.call('estimateExport', { body: { selection: chain() } })
    expect(levels).toEqual(['B-B', 'B-T', 'B-LT', 'B-LTA'])
    expect(signer.name).toBe('Test Registry export')
  })

  it.each(['csv', 'xml', 'pdf'] satisfies ExportFormat[])(
    'gives %s at B-LTA that stands weeks later with the two roots alone',
    async (format) => {
      const view = await exported(
        carla,
        orderOf({ selection: chain(), format, level: 'B-LTA', visibleSignature: true }),
      )
      expect(view.signers).toMatchObject([{ name: 'Test Registry export', level: 'B-LTA' }])
      const { bytes } = await download(server, carla, view.id)
      const report = await judge(bytes)
      expect(report.checks.filter(({ indication }) => indication !== 'TOTAL-PASSED')).toEqual([])
      expect(report.indication).toBe('TOTAL-PASSED')
      const members = await membersOf(bytes)
      const needs = readCadesNeeds(members.get('manifest.json.p7s')!)
      expect(needs.signers[0]?.archiveTimeStamps).toHaveLength(1)
      expect([...members.keys()].filter((name) => name.startsWith('revocation/')).length).toBeGreaterThanOrEqual(3)
      expect(await passingChanges(bytes, SAMPLES)).toEqual([])
    },
    SAMPLES * 1000 + 60_000,
  )

  it('fails with its reason, and keeps nothing, where nobody says whether the authority is revoked', async () => {
    await services.addStamper('/tsa', { sources: 'none' })
    const { id } = await carla.call('createExport', { body: orderOf({ selection: chain(), level: 'B-LT' }) })
    const { state, error, bytes } = await untilEnded(carla, id)
    expect([state, error, bytes]).toEqual(['failed', 'SIGNING_LEVEL_UNAVAILABLE', null])
    expect((await exported(carla, orderOf({ selection: chain(), level: 'B-T' }))).state).toBe('ready')
  })

  it('has entries of the key and its certificate', async () => {
    const { items } = await carla.call('listAudit', { query: { objectType: ['key', 'certificate'], limit: 100 } })
    const entries = await Promise.all(
      items.map(({ chain: name, sequence }) => carla.call('readAudit', { params: { chain: name, sequence } })),
    )
    const own = entries.filter(({ reason }) => reason === 'export-signing')
    expect(own.map(({ action, objectType }) => `${action} ${objectType}`)).toEqual([
      'Insertion certificate',
      'KeyUse key',
      'Insertion key',
    ])
  })
})

describe('when the certificate of a time-stamp ends soon', () => {
  const manifestSignature = async (id: string) => {
    const { bytes } = await download(server, carla, id)
    const members = await membersOf(bytes)
    return { bytes, needs: readCadesNeeds(members.get('manifest.json.p7s')!) }
  }
  /** What is said of it when the first time-stamp's certificate has ended. */
  const signatureLater = async (zip: Buffer) =>
    (await judge(zip, 60)).checks.filter(({ check }) => check === 'manifest-signature')

  it('has another over the manifest by the schedule, which stands when the first has ended', async () => {
    await services.addStamper('/tsa', { notAfter: services.day(30) })
    const { id } = await exported(carla, orderOf({ selection: chain(), level: 'B-LTA' }))
    const before = await manifestSignature(id)
    expect(before.needs.signers[0]?.archiveTimeStamps).toHaveLength(1)
    expect((await judge(before.bytes)).indication).toBe('TOTAL-PASSED')

    await services.addStamper('/tsa')
    const dario = await server.signIn('dario')
    for (let turn = 0; turn < 2; turn += 1) {
      const job = await dario.call('runSchedule', { params: { name: 'signature-renewal' } })
      for (let state = ''; state !== 'done';) {
        ;({ state } = await dario.call('readJob', { params: { id: job.id } }))
        expect(state).not.toBe('dead')
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }

    // Once, though the schedule ran twice.
    const after = await manifestSignature(id)
    expect(after.needs.signers[0]?.archiveTimeStamps).toHaveLength(2)
    const report = await judge(after.bytes)
    expect(report.checks.filter(({ indication }) => indication !== 'TOTAL-PASSED')).toEqual([])
    expect(report.indication).toBe('TOTAL-PASSED')
    expect(await signatureLater(before.bytes)).toMatchObject([{ subIndication: 'OUT_OF_BOUNDS_NO_POE' }])
    expect(await signatureLater(after.bytes)).toMatchObject([{ indication: 'TOTAL-PASSED' }])

    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: id }, query: {} })
    const entries = await Promise.all(
      items.map(({ chain: name, sequence }) => carla.call('readAudit', { params: { chain: name, sequence } })),
    )
    const renewed = entries.filter(({ reason }) => reason === 'signature-renewal')
    expect(renewed).toMatchObject([{ action: 'Modification', objectType: 'export', objectId: id }])
    // The whole of it: what the manifest lists existed by its newest time-stamp.
    expect((await judge(before.bytes, 60)).indication).toBe('INDETERMINATE')
    const later = await judge(after.bytes, 60)
    expect(later.checks.filter(({ indication }) => indication !== 'TOTAL-PASSED')).toEqual([])
    expect(later.indication).toBe('TOTAL-PASSED')
  })
})
