import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runScript } from '../../main/launch/processes.ts'
import { EXPORTED, cacheFolder, databaseOf, withCopy } from './audit-database.ts'
import { auditSigner, openKeys } from './audit-instance.ts'
import { alternate, round, type Figure } from './figure.ts'

const MEMORY_MAX_MB = 200

interface Measured {
  readonly entries: number
  readonly perSecond: number
  readonly rssMb: number
}

/** A package of the whole chain, as the server makes it, in a folder that is gone afterwards. */
const withPackage = async <T>(use: (folder: string, anchor: string) => Promise<T>): Promise<T> => {
  const keys = await openKeys(cacheFolder())
  const database = await databaseOf(EXPORTED, await auditSigner(keys))
  await keys.close()
  const kept = mkdtempSync(join(tmpdir(), 'countersign-bench-package-'))
  try {
    await withCopy(database, async (copy) => {
      await runScript('test/bench/export-maker.ts', ['seal', 'csv', copy, cacheFolder(), '0'])
      await runScript('test/bench/export-maker.ts', ['export', 'csv', copy, cacheFolder(), '0'], { BENCH_KEEP: kept })
    })
    const name = readdirSync(kept).find((one) => one.startsWith('export_')) ?? ''
    return await use(join(kept, name), join(kept, 'anchor.cer'))
  } finally {
    rmSync(kept, { recursive: true, force: true })
  }
}

/** The whole of `countersign-verify`, against digesting the same files and checking the same signatures with nothing else. */
export async function* benchVerifyPackage(): AsyncIterable<Figure> {
  let rssMb = 0
  const run = async (what: 'verify' | 'raw', folder: string, anchor: string): Promise<Measured> =>
    JSON.parse(await runScript('test/bench/verify-runner.ts', [what, folder, anchor])) as Measured
  const measured = await withPackage((folder, anchor) => {
    return alternate(
      async () => {
        const done = await run('verify', folder, anchor)
        rssMb = Math.max(rssMb, done.rssMb)
        return done.perSecond
      },
      async () => (await run('raw', folder, anchor)).perSecond,
    )
  })
  yield {
    name: 'verify.package',
    value: Math.round(measured.ours),
    unit: '1/s',
    ratio: round(measured.ratio),
    against: `hashing and signatures alone on ${cpus().length} cores (${Math.round(measured.theirs)}/s), ${EXPORTED} entries`,
    bar: { min: 0.5 },
  }
  yield {
    name: 'verify.package.memory',
    value: round(rssMb),
    unit: 'MB',
    ratio: null,
    against: 'the whole process with its threads',
    bar: { max: MEMORY_MAX_MB },
  }
}
