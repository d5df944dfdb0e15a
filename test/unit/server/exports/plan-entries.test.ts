import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Completeness } from '../../../../shared/contract/routes/exports.ts'
import { planEntries } from '../../../../server/exports/plan-entries.ts'
import { CHAIN, newIntent, openBench, type Bench } from '../audit/chain-bench.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench()
  await bench.write([newIntent(), newIntent()])
})
afterAll(() => bench.close())

/** Numbers of the chains that are planned, of one with entries and one of which cleaning has left none. */
const plan = async (completeness: Completeness) => {
  const root = new Uint8Array(32)
  const planned = await planEntries(
    {
      head: { completeness },
      filter: { selected: {}, visible: null, reach: '' },
      chains: [
        { chain: CHAIN, size: 3, root },
        { chain: 'node-cleaned', size: 40, root },
      ],
    },
    bench.databases.audit,
    new AbortController().signal,
  )
  return planned.map(({ chain }) => chain)
}

describe('when nothing is left of a chain', () => {
  it.each(['whole', 'range', 'headers'] as const)(
    'refuses to say that all of it is there: %s',
    async (completeness) => {
      await expect(plan(completeness)).rejects.toMatchObject({
        code: 'EXPORT_CHAIN_UNSEALED',
        detail: { chain: 'node-cleaned', reason: 'empty' },
      })
    },
  )

  it('leaves it out where nothing is said of what is not in the export', async () => {
    expect(await plan('inclusion')).toEqual([CHAIN])
  })
})
