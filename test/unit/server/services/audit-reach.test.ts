import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AuditTrail } from '../../../../server/audit/index.ts'
import { Directory } from '../../../../server/db/repositories/directory.ts'
import { buildAbility, type ResolvedGrant } from '../../../../server/identity/permission.ts'
import { AuditFollowing } from '../../../../server/services/audit-follow.ts'
import { AuditScope } from '../../../../server/services/audit-scope.ts'
import { AuditReading } from '../../../../server/services/audit.ts'
import type { Call } from '../../../../server/services/call.ts'
import type { ObjectType } from '../../../../shared/contract/index.ts'
import { newIntent, openBench } from '../audit/chain-bench.ts'
import type { Bench } from '../audit/chain-bench.ts'

let bench: Bench
let reading: AuditReading
beforeEach(async () => {
  bench = await openBench()
  const directory = new Directory(bench.databases.operational.db, 'tenant-1')
  await directory.load()
  const { audit } = bench.databases
  const trail = new AuditTrail(audit, () => Promise.resolve(new Map()))
  const following = new AuditFollowing(audit.db, trail, directory)
  reading = new AuditReading({ directory, scope: new AuditScope(directory, 'tenant'), trail, following })
  const about = (type: ObjectType, office: string | null) =>
    newIntent({ object: { type, id: 'one' }, office, division: null, ...(office === null ? { operator: null } : {}) })
  await bench.write([
    about('holder', 'office-1'),
    about('holder', 'office-2'),
    about('operator', 'office-1'),
    about('operator', 'office-2'),
    about('alarm', null),
  ])
})
afterEach(() => bench.close())

const everywhere: ResolvedGrant['scope'] = { kind: 'everything' }
const inOne: ResolvedGrant['scope'] = { kind: 'office', office: 'office-1' }
const callOf = (grants: readonly ResolvedGrant[]): Call => ({
  actor: {
    sessionId: 'session-1',
    operator: { id: 'operator-1', name: 'Bruna' },
    role: 'BO',
    tenant: 'tenant-1',
    office: null,
    station: null,
    ability: buildAbility(grants),
  },
  correlationId: 'request-1',
  at: 1,
  right: 'trail.read',
  ifMatch: null,
  idempotency: null,
})
const officesOf = async (grants: readonly ResolvedGrant[], objectType: string) => {
  const { items } = await reading.objectTrail(callOf(grants), { objectType, objectId: 'one' }, { limit: 50 })
  return items.map((one) => one.office)
}

describe('the trail of a thing', () => {
  const mixed: readonly ResolvedGrant[] = [
    { role: 'BO', scope: everywhere },
    { role: 'AO', scope: inOne },
  ]
  it.each<[string, readonly ResolvedGrant[], string, readonly (string | null)[]]>([
    ['of the register, everywhere', mixed, 'holder', ['office-1', 'office-2']],
    ['of the audit, where it may be read', mixed, 'operator', ['office-1']],
    ['of no office', mixed, 'alarm', []],
    ['of the audit, everywhere', [{ role: 'AO', scope: everywhere }], 'operator', ['office-1', 'office-2']],
    ['of no office, who reads everything', [{ role: 'AO', scope: everywhere }], 'alarm', [null]],
  ])('%s', async (_, grants, type, offices) => {
    expect(await officesOf(grants, type)).toEqual(offices)
  })

  it('of the audit is refused to who may not read it anywhere', async () => {
    await expect(officesOf([{ role: 'BO', scope: everywhere }], 'operator')).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      detail: { right: 'audit.read' },
    })
  })
})

describe('a search by the id of an office that is not here any more', () => {
  const gone = 'office_0000000000'
  beforeEach(() => bench.write([newIntent({ object: { type: 'holder', id: 'two' }, office: gone, division: null })]))
  const found = async (grants: readonly ResolvedGrant[]) => {
    const { items } = await reading.list({ ...callOf(grants), right: 'audit.read' }, { office: [gone], limit: 50 })
    return items.map((one) => one.office)
  }

  it('finds its entries for who reads everything', async () => {
    expect(await found([{ role: 'AO', scope: everywhere }])).toEqual([gone])
  })
  it('finds nothing for who reads one office', async () => {
    expect(await found([{ role: 'AO', scope: inOne }])).toEqual([])
  })
})
