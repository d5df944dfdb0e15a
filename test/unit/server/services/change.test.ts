import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FaultPoint } from '../../../../server/audit/faults.ts'
import { buildAbility } from '../../../../server/identity/permission.ts'
import type { Call } from '../../../../server/services/call.ts'
import { Changes } from '../../../../server/services/change.ts'
import { openBench } from '../audit/chain-bench.ts'
import type { Bench } from '../audit/chain-bench.ts'

const call: Call = {
  actor: {
    sessionId: 'session-1',
    operator: { id: 'operator-1', name: 'Anna Rossi' },
    role: 'RO',
    tenant: 'tenant-1',
    office: null,
    station: null,
    ability: buildAbility([{ role: 'RO', scope: { kind: 'everything' } }]),
  },
  correlationId: 'request-1',
  at: 1_700_000_000_000,
  right: 'holder.write',
  ifMatch: null,
  idempotency: { key: 'key-1', route: 'createHolder', requestHash: 'a' },
}

let bench: Bench
let changes: Changes
/** What the store waits for; nothing when null. */
let gate: Promise<void> | null = null
/** Where the chain fails, each time; nowhere when null. */
let failing: FaultPoint | null = null
const faults = async (point: FaultPoint): Promise<void> => {
  if (point === 'before-append' && gate) await gate
  if (point === failing) throw new Error('planned fault')
}

beforeEach(async () => {
  gate = null
  failing = null
  bench = await openBench({ faults })
  const { db } = bench.databases.operational
  const tenant = { id: 'tenant-1', name: 'Test', status: 'active' as const, created_at: 0, updated_at: 0 }
  await db.insertInto('tenant').values(tenant).execute()
  changes = new Changes(db, bench.sequencer)
})
afterEach(() => bench.close())

const payloads = async (): Promise<readonly unknown[]> => {
  const rows = await bench.databases.audit.db.selectFrom('payload').select('bytes').orderBy('sequence').execute()
  return rows.map(({ bytes }) => JSON.parse(Buffer.from(bytes ?? '{}').toString()) as unknown)
}

describe('when what was told goes on changing', () => {
  it('the chain says what was recorded', async () => {
    await changes.run(call, async (_trx, tell) => {
      const after: Record<string, string> = { state: 'blocked' }
      await tell({ action: 'Modification', object: { type: 'card', id: 'card-1' }, after })
      after['state'] = 'free'
      after['pin'] = '1234'
    })
    expect((await payloads()).at(-1)).toMatchObject({ after: { state: 'blocked' } })
    expect(JSON.stringify(await payloads())).not.toContain('1234')
  })
})

describe('when a creating call comes again', () => {
  const create = (): Promise<{ id: string }> =>
    changes.create(call, async (_trx, tell) => {
      await tell({ action: 'Insertion', object: { type: 'holder', id: 'holder-1' }, after: { name: 'Anna' } })
      return { id: 'holder-1' }
    })

  it('it is answered once the entry of the first is in the chain, not before', async () => {
    await bench.sequencer.recover()
    const opened = Promise.withResolvers<void>()
    gate = opened.promise
    const first = create()
    const { db } = bench.databases.operational
    const kept = () => db.selectFrom('idempotency_key').select('key').execute()
    await expect.poll(async () => (await kept()).length).toBe(1)
    let isTold = false
    const second = create().then((answer) => {
      isTold = true
      return answer
    })
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    expect(isTold).toBe(false)
    gate = null
    opened.resolve()
    expect(await second).toEqual({ id: 'holder-1' })
    expect(await first).toEqual({ id: 'holder-1' })
    expect(await payloads()).toHaveLength(3)
    expect(await bench.verify()).toMatchObject({ ok: true })
  })

  it('two at once make one change, and both are told of it', async () => {
    expect(await Promise.all([create(), create()])).toEqual([{ id: 'holder-1' }, { id: 'holder-1' }])
    expect(await payloads()).toHaveLength(3)
  })
})

describe('when an access event is told that changes nothing', () => {
  const told = { action: 'Disclosure', object: { type: 'card', id: 'card-1' } } as const
  const entries = () =>
    bench.databases.audit.db.selectFrom('entry').select('sequence').where('object_id', '=', 'card-1').execute()
  const pending = () => bench.databases.operational.db.selectFrom('audit_intent').select('id').execute()

  it('it is an entry when it returns, once for a session, and never an intent', async () => {
    failing = 'after-delete'
    await Promise.all([changes.tellOnce(call, told), changes.tellOnce(call, told)])
    await changes.tellOnce(call, told)
    expect(await entries()).toHaveLength(1)
    expect(bench.sequencer.state().state).toBe('running')
  })

  it.each(['before-append', 'after-append'] as const)(
    'and the chain fails at %s, reading goes on and the entry follows, once',
    async (point) => {
      failing = point
      await changes.tellOnce(call, told)
      failing = null
      await expect.poll(() => bench.sequencer.state().state, { timeout: 10_000 }).toBe('running')
      await expect.poll(pending, { timeout: 10_000 }).toEqual([])
      expect(await entries()).toHaveLength(1)
    },
  )
})
