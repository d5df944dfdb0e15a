import { cpus } from 'node:os'
import { runScript } from '../../main/launch/processes.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import { auditSigner, openKeys } from './audit-instance.ts'
import { MANY, cacheFolder, databaseOf, withCopy } from './audit-database.ts'
import { alternate, round, type Figure } from './figure.ts'

const MEMORY_MAX_MB = 200
const ROUNDS = { quick: 5, full: 3 } as const

interface Measured {
  readonly perSecond: number
  readonly rssMb: number
  readonly grownMb: number
}
type What = 'quick' | 'full' | 'scan' | 'signatures'

/** Each in a process of its own: its memory is then its own as well. */
const run = async (what: What, folder: string, trusted: string): Promise<Measured> =>
  JSON.parse(await runScript('test/bench/audit-verifier.ts', [what, folder, trusted])) as Measured

/** Both depths as the server runs them, against the least such work could be. `full` takes minutes: three times, not warmed up. */
export async function* benchAuditVerify(): AsyncIterable<Figure> {
  const keys = await openKeys(cacheFolder())
  const signer = await auditSigner(keys)
  const trusted = keyIdOf(signer.publicKeySpki())
  const many = await databaseOf(MANY, signer)
  await keys.close()
  yield* await withCopy(many, (folder) => figuresOf('quick', 'scan', folder, trusted))
  yield* await withCopy(many, (folder) => figuresOf('full', 'signatures', folder, trusted))
}

const AGAINST = {
  quick: 'scanning and hashing the rows',
  full: `verifying signatures alone on ${cpus().length} cores`,
} as const

const figuresOf = async (
  ours: 'quick' | 'full',
  theirs: What,
  folder: string,
  trusted: string,
): Promise<readonly Figure[]> => {
  let [rssMb, grownMb] = [0, 0]
  const measured = await alternate(
    async () => {
      const done = await run(ours, folder, trusted)
      rssMb = Math.max(rssMb, done.rssMb)
      grownMb = Math.max(grownMb, done.grownMb)
      return done.perSecond
    },
    async () => (await run(theirs, folder, trusted)).perSecond,
    ROUNDS[ours],
    ours === 'quick',
  )
  return [
    {
      name: `audit.verify.${ours}`,
      value: Math.round(measured.ours),
      unit: '1/s',
      ratio: round(measured.ratio),
      against: `${AGAINST[ours]} (${Math.round(measured.theirs)}/s)`,
      bar: { min: ours === 'quick' ? 0.5 : 0.8 },
    },
    {
      name: `audit.verify.${ours}.memory`,
      value: round(rssMb),
      unit: 'MB',
      ratio: null,
      against: `checking added ${round(grownMb)} MB`,
      bar: { max: MEMORY_MAX_MB },
    },
  ]
}
