import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../server/audit/chain-writer.ts'
import { isChainKeyLabel, trustedKeysOf } from '../../../server/foundation.ts'
import { listObjectsOf } from '../../../server/db/repositories/retention.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { approvedEnrolment, blankCard, personalise } from '../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

/** What the audit database alone may not decide. */
let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

describe('the keys a verification trusts', () => {
  it.each([
    ['audit.chain', true],
    ['audit.chain.2', true],
    ['audit.chain.', false],
    ['audit.chain.02', false],
    ['audit.chain.x', false],
    ['audit.note', false],
    ['ca.issuing', false],
  ])('a chain’s key may be called %s: %s', (label, isOne) => expect(isChainKeyLabel(label)).toBe(isOne))

  it('are none made for anything else, whatever label the database gives', async () => {
    const { config, keys, databases, signer } = server.running().foundation
    const other = await keys.generate('ca.other', 'ecdsa-p256')
    const { db } = databases.audit
    await db.updateTable('audit_key').set({ label: 'ca.other' }).where('label', 'is not', null).execute()
    const trusted = await trustedKeysOf(config, keys, databases.audit)
    expect(trusted).toEqual([keyIdOf(signer.publicKeySpki())])
    expect(trusted).not.toContain(keyIdOf(other.publicKeySpki()))
    await db.updateTable('audit_key').set({ label: 'audit.chain' }).where('label', '=', 'ca.other').execute()
  })
})

describe('chains of other tenants', () => {
  it('are neither listed, planned nor cut where sight is the tenant’s own', async () => {
    const { databases, signer } = server.running().foundation
    await createChain(databases.audit, { chain: 'other.example', signer })
    const dario = await server.signIn('dario')
    const { chains } = await dario.call('readRetention', {})
    expect(chains.map(({ chain }) => chain)).toEqual([server.config.name])
    const { items } = await dario.call('planCleaning', {})
    expect(items.map(({ chain }) => chain)).toEqual([server.config.name])
    const body = { chain: 'other.example', cut: 256, reason: 'x' }
    await expect(dario.call('startCleaning', { body })).rejects.toMatchObject({ code: 'AUDIT_NOT_FOUND' })
  })
})

describe('a holder’s whole history', () => {
  it('has the codes of their cards in it', async () => {
    const anna = await server.signIn('anna')
    const officer = server.cards['anna']
    if (!officer) throw new Error('no card')
    const approved = await approvedEnrolment(anna, officer)
    await personalise(anna, approved.id, blankCard())
    const { db } = server.running().foundation.databases.operational
    const codes = await db.selectFrom('secret_code').select('id').execute()
    expect(codes.length).toBeGreaterThan(0)
    const { holder_id: holder } = await db
      .selectFrom('enrolment')
      .select('holder_id')
      .where('id', '=', approved.id)
      .executeTakeFirstOrThrow()
    const objects = await listObjectsOf(db, holder)
    const named = objects.filter(({ type }) => type === 'secret-code').map(({ id }) => id)
    expect(named.toSorted()).toEqual(codes.map(({ id }) => id).toSorted())
  })
})
