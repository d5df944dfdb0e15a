import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import english from '../../../../renderer/text/en/errors.json' with { type: 'json' }
import { EXPORT_FAULTS } from '../../../../server/exports/ports.ts'
import { runOnOwnMounts, whyNoSmallDisk } from '../../../fakes/small-disk.ts'

const Outcome = z.object({
  rounds: z.array(
    z.object({
      point: z.enum(EXPORT_FAULTS),
      leave: z.int(),
      wasFull: z.boolean(),
      part: z.boolean(),
      isWhole: z.boolean(),
      state: z.string(),
      error: z.string().nullable(),
      verdict: z.string().nullable(),
      refused: z.string().nullable(),
      trail: z.array(z.string()),
    }),
  ),
  again: z.object({ state: z.string(), entries: z.int(), indication: z.string() }),
})

/** From here on nothing needs room any more: a rename takes none. */
const ALL_WRITTEN: readonly string[] = ['after-manifest-signature']

const why = whyNoSmallDisk()
describe.skipIf(why !== null)(`when the disk of exports is really full${why === null ? '' : ` (${why})`}`, () => {
  let outcome: z.infer<typeof Outcome>
  beforeAll(async () => {
    outcome = Outcome.parse(await runOnOwnMounts(join(import.meta.dirname, 'full-disk-program.ts')))
  }, 420_000)

  const round = (point: string, leave: number) =>
    outcome.rounds.find((one) => one.point === point && one.leave === leave)

  it.each([
    ...EXPORT_FAULTS.slice(1, 7)
      .filter((point) => !ALL_WRITTEN.includes(point))
      .map((point) => [point, 0] as const),
    ['after-folder', 512 * 1024] as const,
  ])('from %s on (%i bytes left): it failed with the reason, nothing of it is there, and it is audited', (...given) => {
    expect(round(...given)).toMatchObject({
      wasFull: true,
      part: false,
      isWhole: false,
      state: 'failed',
      error: 'EXPORT_DISK_FULL',
      refused: 'EXPORT_STATE',
      trail: ['Export waiting', 'Modification failed'],
    })
  })

  it.each(ALL_WRITTEN)('from %s on: what was written is whole', (point) => {
    expect(round(point, 0)).toMatchObject({
      wasFull: true,
      part: false,
      isWhole: true,
      state: 'ready',
      verdict: 'TOTAL-PASSED',
      trail: ['Export waiting', 'Export ready', 'Export pass'],
    })
  })

  it('says what happened and what to do', () => {
    const { what, todo } = english.EXPORT_DISK_FULL
    expect(what).toContain('Nothing of it was kept')
    expect(todo).toMatch(/fewer entries|delete exports/)
  })

  it('comes out whole when it is ordered again with room', () => {
    expect(outcome.again).toMatchObject({ state: 'ready', indication: 'TOTAL-PASSED' })
    expect(outcome.again.entries).toBeGreaterThan(1000)
  })
})
