import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { runOnOwnMounts, whyNoSmallDisk } from '../../fakes/small-disk.ts'

const Outcome = z.object({
  done: z.array(z.string()),
  refused: z.array(z.string()),
  opened: z.string(),
  told: z.array(z.object({ name: z.string(), entries: z.int() })),
  strays: z.int(),
  verified: z.string(),
})

const why = whyNoSmallDisk()
describe.skipIf(why !== null).each(['audit', 'operational'])(
  `when the disk of the %s database is really full${why === null ? '' : ` (${why})`}`,
  (which) => {
    let outcome: z.infer<typeof Outcome>
    beforeAll(async () => {
      outcome = Outcome.parse(await runOnOwnMounts(join(import.meta.dirname, 'full-disk-program.ts'), [which]))
    }, 420_000)

    it('refuses work loudly, by a code that says why', () => {
      expect(outcome.refused.length).toBeGreaterThan(0)
      expect([...new Set(outcome.refused)].toSorted()).toEqual(
        which === 'audit' ? ['AUDIT_CHAIN_UNWRITABLE'] : ['DATABASE_UNAVAILABLE'],
      )
    })

    it('keeps what it said was done', () => {
      const names = outcome.told.map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining(['Before', 'After', ...outcome.done]))
    })

    it('has change and entry together, exactly once, after the restart', () => {
      expect(outcome.told.filter(({ entries }) => entries !== 1)).toEqual([])
      expect(outcome.strays).toBe(0)
    })

    it('has a chain that passes the full verification', () => {
      expect(outcome.verified).toBe('passed')
    })
  },
)
