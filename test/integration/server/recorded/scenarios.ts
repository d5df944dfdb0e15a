import { recordIntent } from '../../../../server/audit/index.ts'
import { inTransaction, newId } from '../../../../server/db/index.ts'
import { canonicalBytes } from '../../../../shared/audit/jcs.ts'
import type { JsonObject } from '../../../../shared/audit/json.ts'
import { RETENTION_DEFAULTS } from '../../../../shared/contract/routes/audit-retention.ts'
import type { HttpName } from '../../../../shared/contract/index.ts'
import type { ExportOrder } from '../../../../shared/contract/routes/exports.ts'
import { TestClient } from '../../../fakes/server/client.ts'
import {
  approvedEnrolment,
  blankCard,
  completeStep,
  HOLDER,
  makeProofing,
  makeWorker,
  personalise,
  signRecord,
  startEnrolment,
} from '../../../fakes/server/enrol.ts'
import { makeSessionKey } from '../../../fakes/server/sign-in.ts'
import type { SoftCard } from '../../../fakes/server/soft-card.ts'
import type { TestServer } from '../../../fakes/server/start-server.ts'

/** Makes ready, and gives the one call that changes something. */
export type Scenario = () => Promise<() => Promise<unknown>>
export type Clients = Readonly<Record<'anna' | 'bruno' | 'carla' | 'dario', TestClient>>

export const CHECKS = ['birth-date' as const, 'card-in-hand' as const]
const worker = makeWorker()
let names = 0
const newName = (): string => `Filter ${(names += 1)}`

/** An enrolment personalised up to a step. */
const preparer =
  ({ anna }: Clients, officer: SoftCard) =>
  async (stop: string | null) => {
    const view = await approvedEnrolment(anna, officer)
    const card = blankCard()
    const now = await personalise(anna, view.id, card, stop)
    return { id: view.id, params: { id: view.id }, card, view: now, body: { cardSerial: card.serial } }
  }

export const registrationScenarios = (server: TestServer, clients: Clients): Partial<Record<HttpName, Scenario>> => {
  const { anna, bruno } = clients
  const officer = server.cards['anna'] as SoftCard
  const prepared = preparer(clients, officer)
  const workerKey = worker.key
  return {
    signIn: () => Promise.resolve(() => server.signIn('nadia', {}, 'naples')),
    endSession: async () => {
      const nadia = await server.signIn('nadia', {}, 'naples')
      return () => nadia.call('endSession', { query: {} })
    },
    approveConsole: async () => {
      const carla = await server.signIn('carla')
      const { code } = await new TestClient(server.transport).call('createConsoleRequest', {
        body: { sessionKey: makeSessionKey().jwk },
      })
      const found = await carla.call('findConsoleRequest', { params: { code } })
      const statement = canonicalBytes({
        type: 'countersign/console-sign-in/v1',
        challenge: found.id,
        nonce: found.nonce,
        serverName: found.serverName,
        serverCertificate: server.setting().tlsDigest,
        station: server.stations.milan.id,
        sessionKey: { ...found.sessionKey },
        console: { request: found.id, code },
        time: Date.now(),
      } as unknown as JsonObject)
      const cms = await (server.cards['carla'] as SoftCard).sign('9A', statement, true)
      const body = { statement: Buffer.from(statement).toString('base64'), cms: Buffer.from(cms).toString('base64') }
      return () => carla.call('approveConsole', { params: { code }, body })
    },
    createHolder: () => Promise.resolve(() => anna.call('createHolder', { body: HOLDER })),
    updateHolder: async () => {
      const { id, etag } = await anna.call('createHolder', { body: HOLDER })
      const body = { ...HOLDER, givenNames: 'Giulietta' }
      return () => anna.call('updateHolder', { params: { id }, body }, { ifMatch: etag })
    },
    createEnrolment: async () => {
      const { id } = await anna.call('createHolder', { body: HOLDER })
      return () => anna.call('createEnrolment', { body: { holder: id } })
    },
    setProofing: async () => {
      const { enrolment } = await startEnrolment(anna)
      const params = { id: enrolment.id }
      return () => anna.call('setProofing', { params, body: makeProofing() }, { ifMatch: enrolment.etag })
    },
    setProfile: async () => {
      const { enrolment } = await startEnrolment(anna)
      const given = { params: { id: enrolment.id }, body: { profile: 'staff-rsa' } }
      return () => anna.call('setProfile', given, { ifMatch: enrolment.etag })
    },
    setRecord: async () => {
      const { enrolment } = await startEnrolment(anna)
      const params = { id: enrolment.id }
      const proofed = await anna.call('setProofing', { params, body: makeProofing() }, { ifMatch: enrolment.etag })
      const given = { params, body: { profile: 'staff-p256' } }
      const chosen = await anna.call('setProfile', given, { ifMatch: proofed.etag })
      return () => signRecord(anna, officer, chosen)
    },
    startPersonalisation: async () => {
      const { id } = await approvedEnrolment(anna, officer)
      const body = { cardSerial: blankCard().serial, atr: '3b00', workerKey }
      return () => anna.call('startPersonalisation', { params: { id }, body })
    },
    completeStep: async () => {
      const { id, card } = await prepared('chuid')
      return () => completeStep(anna, id, card, 'chuid')
    },
    issueCertificate: async () => {
      const { params, card, body } = await prepared('certificate:9A')
      const csr = Buffer.from(await card.csr('9A')).toString('base64')
      return () => anna.call('issueCertificate', { params, body: { ...body, slot: '9A', csr } })
    },
    interruptPersonalisation: async () => {
      const { params } = await prepared('key:9A')
      return () => anna.call('interruptPersonalisation', { params, body: { code: 'CARD_MUTE', step: 'key:9A' } })
    },
    rollBack: async () => {
      const { params } = await prepared('key:9C')
      return () => anna.call('rollBack', { params, body: { cardWiped: true, reason: 'x' } })
    },
    startHandOver: async () => {
      const { params, body } = await prepared(null)
      return () => anna.call('startHandOver', { params, body: { ...body, workerKey } })
    },
    handOver: async () => {
      const { params, body } = await prepared(null)
      return () => anna.call('handOver', { params, body })
    },
    cancelEnrolment: async () => {
      const { enrolment } = await startEnrolment(anna)
      return () => anna.call('cancelEnrolment', { params: { id: enrolment.id }, body: { reason: 'x' } })
    },
    startUnblock: async () => {
      const { card } = await prepared(null)
      const body = { workerKey, checks: CHECKS, reason: 'x' }
      return () => bruno.call('startUnblock', { params: { serial: card.serial }, body })
    },
    finishUnblock: async () => {
      const { card } = await prepared(null)
      const params = { serial: card.serial }
      const { id } = await bruno.call('startUnblock', { params, body: { workerKey, checks: CHECKS, reason: 'x' } })
      return () => bruno.call('finishUnblock', { params: { ...params, id }, body: { outcome: 'done', code: null } })
    },
    revokeCertificate: async () => {
      const { view } = await prepared(null)
      const serial = view.certificates[0]?.serial ?? ''
      return () => anna.call('revokeCertificate', { params: { serial }, body: { reason: 'superseded', note: 'x' } })
    },
  }
}

const untilIdle = async (carla: TestClient): Promise<void> => {
  while ((await carla.call('listVerifications', { query: { state: 'running' } })).items.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

export const auditScenarios = (_server: TestServer, { carla }: Clients): Partial<Record<HttpName, Scenario>> => {
  const saved = () => carla.call('createAuditFilter', { body: { name: newName(), search: { action: ['Login'] } } })
  const lastYear = new Date().getUTCFullYear() - 1
  let year = lastYear
  return {
    createAuditFilter: () => Promise.resolve(saved),
    updateAuditFilter: async () => {
      const { id, etag } = await saved()
      const body = { name: newName(), search: { text: 'anna' } }
      return () => carla.call('updateAuditFilter', { params: { id }, body }, { ifMatch: etag })
    },
    deleteAuditFilter: async () => {
      const { id } = await saved()
      return () => carla.call('deleteAuditFilter', { params: { id } })
    },
    startVerification: async () => {
      await untilIdle(carla)
      return () => carla.call('startVerification', { body: { depth: 'quick' } })
    },
    cancelVerification: async () => {
      await untilIdle(carla)
      const { id } = await carla.call('startVerification', { body: { depth: 'full' } })
      return () => carla.call('cancelVerification', { params: { id } })
    },
    exportAccessReview: () =>
      Promise.resolve(() => carla.call('exportAccessReview', { params: { year: lastYear }, body: { format: 'csv' } })),
    markAccessReviewed: () =>
      Promise.resolve(() => carla.call('markAccessReviewed', { params: { year: year-- }, body: { note: 'seen' } })),
  }
}

export const operationsScenarios = (
  server: TestServer,
  { anna, carla, dario }: Clients,
): Partial<Record<HttpName, Scenario>> => {
  const alarm = async () => {
    const params = { chain: server.config.name }
    await anna.call('reportContradiction', { params, body: { kind: 'truncated', kept: 'x', seen: null } })
    const [open] = (await carla.call('listAlarms', { query: {} })).items
    if (!open) throw new Error('no alarm was raised')
    return open
  }
  /** An object of so long ago that nothing holds its history any more. */
  const erasure = async () => {
    const { databases, sequencer } = server.running().foundation
    const [id, objectId] = [newId('intent'), newId('holder')]
    const [at, tenant] = [Date.now() - 30 * 365 * 86_400_000, server.setup.tenant.id]
    await inTransaction(databases.operational.db, async (trx) => {
      const nobody = { operator: null, station: null, correlationId: id, before: null, reason: null }
      const object = { type: 'holder', id: objectId }
      await recordIntent(trx, { ...nobody, id, at, tenant, action: 'Insertion', object, after: { name: 'Long Ago' } })
    })
    await sequencer.settle([id])
    const body = { objectType: 'holder', objectId, rule: 'object-deleted' as const, reason: 'x' }
    return dario.call('requestErasure', { body })
  }
  return {
    setRetention: async () => {
      const { etag } = await dario.call('readRetention', {})
      const classes = { ...RETENTION_DEFAULTS, events: 25 + names++ }
      return () => dario.call('setRetention', { body: { windowMonths: 24, classes, reason: 'x' } }, { ifMatch: etag })
    },
    requestErasure: () => Promise.resolve(erasure),
    approveErasure: async () => {
      const { id, etag } = await erasure()
      return () => carla.call('approveErasure', { params: { id } }, { ifMatch: etag })
    },
    refuseErasure: async () => {
      const { id, etag } = await erasure()
      return () => carla.call('refuseErasure', { params: { id }, body: { reason: 'x' } }, { ifMatch: etag })
    },
    reportContradiction: () => Promise.resolve(alarm),
    releaseWitnessKey: async () => {
      const [station, vkey] = [server.stations.naples.id, 'station/x+00000000+BA=='] as const
      const name = `station/${station}`
      const { db } = server.running().foundation.databases.audit
      const row = { name, tenant: server.setup.tenant.id, station, vkey, bound_at: 1 }
      await db.insertInto('witness').values(row).execute()
      return () => dario.call('releaseWitnessKey', { params: { station }, body: { vkey, reason: 'set up anew' } })
    },
    rollOverChainKey: async () => {
      const [key] = (await dario.call('listChainKeys', {})).items
      if (!key) throw new Error('no chain')
      const body = { chain: key.chain, keyId: key.keyId, reason: 'yearly' }
      return () => dario.call('rollOverChainKey', { body })
    },
    acknowledgeAlarm: async () => {
      const { id } = await alarm()
      return () => carla.call('acknowledgeAlarm', { params: { id }, body: { note: 'seen' } })
    },
    setMailSettings: async () => {
      const { etag } = await dario.call('readMailSettings', {})
      const recipients = [{ address: `it${names++}@example.test`, language: 'it' as const }]
      return () => dario.call('setMailSettings', { body: { recipients } }, { ifMatch: etag })
    },
    setSchedule: async () => {
      const { items } = await dario.call('listSchedules', {})
      const one = items.find(({ name }) => name === 'audit-verification-full')
      if (!one) throw new Error('no schedule')
      const body = { cron: `${names++ % 60} 5 * * *`, timeZone: 'Europe/Rome', enabled: true }
      return () => dario.call('setSchedule', { params: { name: one.name }, body }, { ifMatch: one.etag })
    },
    runSchedule: async () => {
      await untilIdle(carla)
      return () => dario.call('runSchedule', { params: { name: 'audit-verification' } })
    },
    retryJob: async () => {
      await untilIdle(carla)
      const { id } = await dario.call('runSchedule', { params: { name: 'audit-cleaning' } })
      const { db } = server.running().foundation.databases.operational
      while ((await dario.call('readJob', { params: { id } })).state !== 'done')
        await new Promise((resolve) => setTimeout(resolve, 50))
      await db.updateTable('job').set({ state: 'dead' }).where('id', '=', id).execute()
      return () => dario.call('retryJob', { params: { id }, body: { reason: 'x' } })
    },
  }
}

const EXPORT: ExportOrder = {
  selection: { kind: 'search', search: { action: ['Login'] } },
  format: 'jsonl',
  level: 'B-B',
  language: 'en',
  timeZone: 'UTC',
  reason: 'x',
}

export const exportsScenarios = (server: TestServer, { carla }: Clients): Partial<Record<HttpName, Scenario>> => {
  const ordered = () => carla.call('createExport', { body: EXPORT })
  const ended = async (id: string) => {
    for (;;) {
      const { state } = await carla.call('readExport', { params: { id } })
      if (state !== 'waiting' && state !== 'running') return state
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  const ready = async () => {
    const { id } = await ordered()
    if ((await ended(id)) !== 'ready') throw new Error('the export was not made')
    return id
  }
  const certificate = (): string =>
    Buffer.from((server.cards['carla'] as SoftCard).certificate('9C') ?? []).toString('base64')
  return {
    createExport: () =>
      Promise.resolve(async () => {
        const { id } = await ordered()
        await ended(id)
      }),
    cancelExport: () =>
      Promise.resolve(async () => {
        const { id } = await ordered()
        await carla.call('cancelExport', { params: { id } }).catch(() => null)
        await ended(id)
      }),
    deleteExport: async () => {
      const id = await ready()
      return () => carla.call('deleteExport', { params: { id } })
    },
    authoriseDownload: async () => {
      const id = await ready()
      return () => carla.call('authoriseDownload', { params: { id } })
    },
    addSecondSignature: async () => {
      const params = { id: await ready() }
      const card = server.cards['carla'] as SoftCard
      return async () => {
        const { signedAttributes } = await carla.call('prepareSecondSignature', {
          params,
          body: { certificate: certificate() },
        })
        const signature = await card.signer('9C').sign(Buffer.from(signedAttributes, 'base64'))
        const body = { certificate: certificate(), signature: Buffer.from(signature).toString('base64') }
        await carla.call('addSecondSignature', { params, body })
      }
    },
  }
}
