import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import { startServer, TEST_OPERATORS, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
let anna: TestClient
beforeAll(async () => {
  const milan = { role: 'RO' as const, scope: { kind: 'office' as const, key: 'milan' } }
  server = await startServer({ operators: [...TEST_OPERATORS, { key: 'ezio', name: 'Ezio Blu', grants: [milan] }] })
  anna = await server.signIn('anna')
})
afterAll(() => server.close())

const db = () => server.running().foundation.databases.operational.db
const made = (key: string) => {
  const operator = server.setup.operators[key]
  if (!operator) throw new Error(`no operator ${key}`)
  return { id: operator.id, serial: operator.serials['9A'] ?? '' }
}
const revoke = (key: string, reason: 'keyCompromise' | 'certificateHold' = 'keyCompromise') =>
  anna.call('revokeCertificate', { params: { serial: made(key).serial }, body: { reason, note: 'x' } })
const denials = async (): Promise<number> => {
  const { n } = await server
    .running()
    .foundation.databases.audit.db.selectFrom('entry')
    .innerJoin('word', 'word.id', 'entry.action')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('word.text', '=', 'AccessDenied')
    .executeTakeFirstOrThrow()
  return n
}

describe('when an officer would revoke the certificate of another operator', () => {
  it.each([
    ['a colleague of the same office', 'ezio', 'keyCompromise'],
    ['the help desk', 'bruno', 'keyCompromise'],
    ['the auditor', 'carla', 'keyCompromise'],
    ['the auditor, to be held only', 'carla', 'certificateHold'],
  ] as const)('refuses %s, says so in the audit, and their session goes on', async (_who, key, reason) => {
    // Housed in the officer's own office, as an operator who is a holder there too.
    const { office, division } = await db()
      .selectFrom('operator')
      .select(['office', 'division'])
      .where('id', '=', made('anna').id)
      .executeTakeFirstOrThrow()
    await db().updateTable('certificate').set({ office, division }).where('serial', '=', made(key).serial).execute()
    const theirs = await server.signIn(key)
    const before = await denials()
    const { code, detail } = await refusal(revoke(key, reason))
    expect({ code, ...detail }).toEqual({ code: 'ACCESS_DENIED', reason: 'operator-certificate' })
    expect(await denials()).toBe(before + 1)
    expect((await theirs.call('readSession', {})).operator.id).toBe(made(key).id)
  })

  it('revokes it once an administrator has suspended the operator', async () => {
    await db().updateTable('operator').set({ status: 'suspended' }).where('id', '=', made('ezio').id).execute()
    expect((await revoke('ezio')).state).toBe('revoked')
  })

  it('revokes it once all their grants are over', async () => {
    await db()
      .updateTable('grant')
      .set({ valid_to: Date.now() - 1 })
      .where('operator_id', '=', made('bruno').id)
      .execute()
    expect((await revoke('bruno')).state).toBe('revoked')
  })
})

describe('when an officer revokes their own', () => {
  it('does it, and their session ends', async () => {
    expect((await revoke('anna')).state).toBe('revoked')
    expect((await refusal(anna.call('readSession', {}))).status).toBe(401)
  })
})
