import { runScript } from '../../main/launch/processes.ts'
import { EXPORTED, cacheFolder, databaseOf, withCopy } from './audit-database.ts'
import { auditSigner, openKeys } from './audit-instance.ts'
import { alternate, round, type Figure } from './figure.ts'

const MEMORY_MAX_MB = 200

interface Measured {
  readonly entries: number
  readonly seconds: number
  readonly perSecond: number
  readonly rssMb: number
  readonly grownMb: number
}

/** Each in a process of its own: its memory is then its own as well. */
const run = async (what: 'seal' | 'export' | 'rows', format: string, folder: string, limit = 0): Promise<Measured> =>
  JSON.parse(
    await runScript('test/bench/export-maker.ts', [what, format, folder, cacheFolder(), String(limit)]),
  ) as Measured

const withSealed = async <T>(entries: number, use: (folder: string, size: number) => Promise<T>): Promise<T> => {
  const keys = await openKeys(cacheFolder())
  const folder = await databaseOf(entries, await auditSigner(keys))
  await keys.close()
  return withCopy(folder, async (copy) => use(copy, (await run('seal', 'csv', copy)).entries))
}

/** A package of a whole chain with its evidence and signatures, against reading and rendering the same rows alone. */
const against = (format: 'csv' | 'jsonl' | 'xml') =>
  async function* (): AsyncIterable<Figure> {
    let [rssMb, grownMb] = [0, 0]
    const measured = await withSealed(EXPORTED, (folder, size) =>
      alternate(
        async () => {
          const done = await run('export', format, folder)
          rssMb = Math.max(rssMb, done.rssMb)
          grownMb = Math.max(grownMb, done.grownMb)
          return done.perSecond
        },
        async () => (await run('rows', format, folder, size)).perSecond,
      ),
    )
    yield {
      name: `export.${format}`,
      value: Math.round(measured.ours),
      unit: '1/s',
      ratio: round(measured.ratio),
      against: `reading and rendering alone (${Math.round(measured.theirs)}/s), ${EXPORTED} entries`,
      bar: { min: 0.5 },
    }
    yield {
      name: `export.${format}.memory`,
      // The most that the whole process ever had, Node and the server's code in it.
      value: round(rssMb),
      unit: 'MB',
      ratio: null,
      against: `making it added ${round(grownMb)} MB`,
      bar: { max: MEMORY_MAX_MB },
    }
  }

/** How much longer ten times the rows take. */
async function* growth(): AsyncIterable<Figure> {
  const tenth = Math.round(EXPORTED / 10)
  const seconds = async (folder: string): Promise<number> => (await run('export', 'csv', folder)).seconds
  const { ours, theirs, ratio } = await withSealed(EXPORTED, (many) =>
    withSealed(tenth, (few) =>
      alternate(
        () => seconds(many),
        () => seconds(few),
      ),
    ),
  )
  yield {
    name: 'export.growth',
    value: round(ours),
    unit: 's',
    ratio: round(ratio),
    against: `${tenth} entries (${round(theirs)} s), ${EXPORTED} entries`,
    bar: { max: 10.5 },
  }
}

export const benchExport = { csv: against('csv'), jsonl: against('jsonl'), xml: against('xml'), growth }
