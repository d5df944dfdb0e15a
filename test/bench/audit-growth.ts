import { openDatabases } from '../../server/db/open.ts'
import type { AuditSigner } from '../../server/audit/ports.ts'
import { auditSigner, databasesIn, openKeys } from './audit-instance.ts'
import { FEW, MANY, SAMPLE_START, cacheFolder, databaseOf, withCopy } from './audit-database.ts'
import { loadAppends, startWriting } from './audit-append.ts'
import type { Writing } from './audit-append.ts'
import { sampleOf } from './audit-sample.ts'
import type { Sample } from './audit-sample.ts'
import { alternate, round, type Figure } from './figure.ts'

const APPENDS = 3200

/** What an append costs with a long chain behind it and with a short one. */
export async function* benchAuditGrowth(): AsyncIterable<Figure> {
  const keys = await openKeys(cacheFolder())
  const signer = await auditSigner(keys)
  const [short, long] = [await databaseOf(FEW, signer), await databaseOf(MANY, signer)]
  const { ours, theirs, ratio } = await withCopy(long, (many) => withCopy(short, (few) => measure(many, few, signer)))
  await keys.close()
  yield {
    name: 'audit.append.growth',
    value: round(ours * 1000),
    unit: 'µs',
    ratio: round(ratio),
    against: `an append after ${FEW} entries (${round(theirs * 1000)} µs)`,
    bar: { max: 1.15 },
  }
}

const measure = async (many: string, few: string, signer: AuditSigner) => {
  // The same objects are changed again, as in a chain that went on.
  const [manySample, fewSample] = [sampleOf(7, SAMPLE_START), sampleOf(7, SAMPLE_START)]
  for (let made = 0; made < MANY; made += 1) manySample.next()
  for (let made = 0; made < FEW; made += 1) fewSample.next()
  const long = await startWriting(await openDatabases(databasesIn(many)), signer)
  const short = await startWriting(await openDatabases(databasesIn(few)), signer)
  const cost = async (writing: Writing, sample: Sample): Promise<number> => {
    const { perSecond } = await loadAppends(writing, sample, APPENDS)
    // Neither is measured while the other's lists and full text are filled.
    await writing.caughtUp()
    return 1000 / perSecond
  }
  try {
    return await alternate(
      () => cost(long, manySample),
      () => cost(short, fewSample),
      7,
    )
  } finally {
    await long.close()
    await short.close()
  }
}
