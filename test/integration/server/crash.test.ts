import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalize } from '../../../shared/audit/jcs.ts'
import type { TestClient } from '../../fakes/server/client.ts'
import { approvedEnrolment, blankCard, personalise } from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** The database put into what a killed process leaves behind, between two writes that cannot be one. */
let server: TestServer
let anna: TestClient

beforeAll(async () => {
  server = await startServer()
  anna = await server.signIn('anna')
})
afterAll(() => server.close())

const db = () => server.running().foundation.databases.operational.db
const caStatus = async (serial: string) =>
  (await server.running().foundation.caStore.findBySerial(serial))?.state.status
const untilCertificate = async () => {
  const { id } = await approvedEnrolment(anna, server.cards['anna'] as SoftCard)
  const card = blankCard()
  await personalise(anna, id, card, 'certificate:9A')
  const csr = Buffer.from(await card.csr('9A')).toString('base64')
  const issue = () =>
    anna.call('issueCertificate', { params: { id }, body: { cardSerial: card.serial, slot: '9A', csr } })
  return { id, card, issue }
}
/** As if the process had died after the CA issued and before the certificate was written down. */
const forget = async (id: string, serial: string) => {
  await db()
    .updateTable('certificate')
    .set({ serial: null, der: null, state: 'requested', not_before: null, not_after: null })
    .where('serial', '=', serial)
    .execute()
  const row = await db().selectFrom('enrolment').select('steps').where('id', '=', id).executeTakeFirstOrThrow()
  const steps = (JSON.parse(row.steps) as { id: string; state: string }[]).map((step) =>
    step.id === 'certificate:9A' ? { ...step, state: 'waiting', startedAt: null, doneAt: null } : step,
  )
  await db()
    .updateTable('enrolment')
    .set({ steps: JSON.stringify(steps) })
    .where('id', '=', id)
    .execute()
}

describe('when the server died between the CA and its own books', () => {
  it('gives the same certificate when asked again, and nothing twice', async () => {
    const { id, card, issue } = await untilCertificate()
    const { certificate } = await issue()
    await forget(id, certificate.serial)
    await server.restart()
    expect((await anna.call('readEnrolment', { params: { id } })).certificates).toEqual([])
    expect((await issue()).certificate.serial).toBe(certificate.serial)
    expect((await personalise(anna, id, card)).certificates).toHaveLength(3)
  })

  it('revokes what it had forgotten when the enrolment is rolled back', async () => {
    const { id, issue } = await untilCertificate()
    const { certificate } = await issue()
    await forget(id, certificate.serial)
    await server.restart()
    await anna.call('rollBack', { params: { id }, body: { cardWiped: true, reason: 'x' } })
    expect(await caStatus(certificate.serial)).toBe('revoked')
  })

  it('revokes what it had forgotten when another key takes the slot', async () => {
    const { id, card, issue } = await untilCertificate()
    const { certificate } = await issue()
    await forget(id, certificate.serial)
    await server.restart()
    card.generate('9A')
    await personalise(anna, id, card)
    expect(await caStatus(certificate.serial)).toBe('revoked')
    const views = (await anna.call('readEnrolment', { params: { id } })).certificates
    expect(views.filter((one) => one.slot === '9A').map((one) => one.state)).toEqual(['revoked', 'issued'])
  })

  it('tells the CA at the next start of a revocation it had only written down', async () => {
    const { issue } = await untilCertificate()
    const { certificate } = await issue()
    const { serial } = certificate
    await anna.call('revokeCertificate', { params: { serial }, body: { reason: 'keyCompromise', note: 'x' } })
    await db()
      .updateTable('ca_certificate')
      .set({ status: 'issued', status_at: null, status_reason: null })
      .where('serial', '=', serial)
      .execute()
    await server.restart()
    expect(await caStatus(serial)).toBe('revoked')
  })

  it('brings intents into the chain that were committed and not sequenced', async () => {
    const holder = await anna.call('createHolder', {
      body: {
        givenNames: 'Late',
        familyName: 'Entry',
        birthDate: '1990-01-01',
        nationality: 'ITA',
        personalNumber: null,
        email: null,
      },
    })
    const intent = {
      id: 'intent_left0000behind',
      at: Date.now(),
      tenant: server.setup.tenant.id,
      division: null,
      office: null,
      operator: null,
      station: null,
      action: 'Modification',
      object: { type: 'holder', id: holder.id },
      correlationId: 'left-behind',
      before: null,
      after: { id: holder.id },
      reason: null,
    }
    await server.whileStopped(async () => {
      const { openDatabases } = await import('../../../server/db/index.ts')
      const { databaseLocation } = await import('../../../server/config.ts')
      const { databases } = server.config
      const opened = await openDatabases({
        operational: databaseLocation(databases.operational),
        audit: databaseLocation(databases.audit),
      })
      await opened.operational.db
        .insertInto('audit_intent')
        .values({ id: intent.id, created_at: intent.at, body: canonicalize(intent) })
        .execute()
      await opened.close()
    })
    const trail = { params: { objectType: 'holder', objectId: holder.id }, query: {} }
    const carla = await server.signIn('carla')
    expect((await carla.call('readTrail', trail)).items.map((one) => one.correlationId)).toContain('left-behind')
    await server.restart()
    expect((await carla.call('readTrail', trail)).items).toHaveLength(2)
  })
})
