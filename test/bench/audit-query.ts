import Database from 'better-sqlite3'
import { AuditTrail } from '../../server/audit/trail.ts'
import type { EntryFilter } from '../../server/audit/trail.ts'
import { openDatabases } from '../../server/db/open.ts'
import { encodeCursor } from '../../server/db/repositories/page.ts'
import { auditSigner, databasesIn, openKeys } from './audit-instance.ts'
import { MANY, SAMPLE_START, cacheFolder, databaseOf } from './audit-database.ts'
import { COMMON_WORD, sampleOf } from './audit-sample.ts'
import { median, round, type Figure } from './figure.ts'

const LIMIT = 50
const SAMPLES = 40
const DAY = 86_400_000

interface Question {
  readonly name: string
  /** Another value each time. */
  readonly filter: (turn: number) => EntryFilter
  /** Whether the filter has many pages. */
  readonly isDeep: boolean
  /** Several filters at once, some of which together find little. */
  readonly isCombined?: true
}

interface Known {
  readonly ids: readonly { readonly object_id: string; readonly correlation_id: string }[]
  readonly words: readonly string[]
  readonly end: number
}

const questionsOf = (known: Known): readonly Question[] => {
  const { offices, operators, stations, tenants } = sampleOf(7, SAMPLE_START)
  const pick = <T>(of: readonly T[], turn: number): T => of[(turn * 7919) % of.length]!
  const tenant = tenants[0]
  const types = ['holder', 'card', 'enrolment', 'session', 'certificate', 'route']
  const actions = ['Insertion', 'Modification', 'Login', 'AccessDenied']
  return [
    {
      name: 'time',
      filter: (turn) => ({ from: SAMPLE_START + turn * DAY, to: known.end - turn * DAY }),
      isDeep: true,
    },
    { name: 'object type', filter: (turn) => ({ objectType: pick(types, turn) }), isDeep: true },
    { name: 'operation', filter: (turn) => ({ actions: [pick(actions, turn)] }), isDeep: true },
    { name: 'operator', filter: (turn) => ({ operatorIds: [pick(operators, turn)] }), isDeep: true },
    { name: 'office', filter: (turn) => ({ offices: [pick(offices, turn)] }), isDeep: true },
    { name: 'station', filter: (turn) => ({ stations: [pick(stations, turn)] }), isDeep: true },
    { name: 'tenant', filter: (turn) => ({ tenant: pick(tenants, turn) }), isDeep: true },
    { name: 'object', filter: (turn) => ({ objectId: pick(known.ids, turn).object_id }), isDeep: false },
    { name: 'request', filter: (turn) => ({ correlationId: pick(known.ids, turn).correlation_id }), isDeep: false },
    { name: 'a word of some', filter: (turn) => ({ text: pick(known.words, turn) }), isDeep: false },
    { name: 'a word of many', filter: () => ({ text: COMMON_WORD }), isDeep: true },
    { name: 'a rare word', filter: () => ({ text: 'zeppelin' }), isDeep: false },
    { name: 'a beginning', filter: (turn) => ({ text: `${pick(known.words, turn).slice(0, 5)}*` }), isDeep: false },
    {
      name: 'common word, rare object',
      filter: (turn) => ({ tenant, text: COMMON_WORD, objectId: pick(known.ids, turn).object_id }),
      isDeep: false,
      isCombined: true,
    },
    {
      name: 'common word, one operator',
      filter: (turn) => ({ text: COMMON_WORD, operatorIds: [pick(operators, turn)], actions: ['AccessDenied'] }),
      isDeep: false,
      isCombined: true,
    },
    {
      name: 'rare word, common type',
      filter: () => ({ tenant, text: 'zeppelin', objectType: 'card' }),
      isDeep: false,
      isCombined: true,
    },
    {
      name: 'office and type',
      filter: (turn) => ({ tenant, offices: [pick(offices, turn)], objectType: pick(types, turn) }),
      isDeep: false,
      isCombined: true,
    },
  ]
}

const readKnown = (file: string): Known => {
  const db = new Database(file, { readonly: true })
  // Odd: cases have eight entries, and all kinds of them must be met.
  const every = Math.floor(MANY / 500) | 1
  const rows = db
    .prepare(
      `select e.object_id, e.correlation_id, p.bytes from entry e join payload p
       on p.chain = e.chain and p.sequence = e.sequence where e.sequence % ? = 2`,
    )
    .all(every) as { object_id: string; correlation_id: string; bytes: Buffer }[]
  const end = (db.prepare('select max(at) as at from entry').get() as { at: number }).at
  db.close()
  const words = rows.flatMap(({ bytes }) => /"familyName":"([^"]+)"/.exec(bytes.toString('utf8'))?.[1] ?? [])
  return { ids: rows, words, end }
}

/** A cursor far down a filter's list: after so many entries of it. */
const deepCursor = (file: string, trail: AuditTrail, filter: EntryFilter): Promise<string | null> => {
  const db = new Database(file, { readonly: true })
  const middle = db.prepare('select at, id from entry where id = ?').get(Math.floor(MANY / 3)) as {
    at: number
    id: number
  }
  db.close()
  const cursor = encodeCursor(middle)
  return trail.list(filter, { limit: LIMIT, cursor }).then(({ items }) => (items.length === LIMIT ? cursor : null))
}

const latency = (name: string, p95s: readonly number[], max: number): Figure => ({
  name,
  value: round(Math.max(...p95s)),
  unit: 'ms',
  ratio: null,
  against: null,
  bar: { max },
})

/** Filters on the large database through the reader the server uses: the first page of each, and one far down. */
export async function* benchAuditQuery(): AsyncIterable<Figure> {
  const keys = await openKeys(cacheFolder())
  const folder = await databaseOf(MANY, await auditSigner(keys))
  await keys.close()
  const databases = await openDatabases(databasesIn(folder))
  const file = databases.audit.location.dialect === 'sqlite' ? databases.audit.location.file : ''
  const trail = new AuditTrail(databases.audit, () => Promise.resolve(new Map()))
  const time = async (filter: EntryFilter, cursor: string | null = null): Promise<number> => {
    const started = performance.now()
    await trail.list(filter, { limit: LIMIT, cursor })
    return performance.now() - started
  }
  const p95s = { alone: [] as number[], combined: [] as number[] }
  const depths: number[] = []
  for (const { name, filter, isDeep, isCombined = false } of questionsOf(readKnown(file))) {
    await time(filter(0))
    const times: number[] = []
    for (let turn = 0; turn < SAMPLES; turn += 1) times.push(await time(filter(turn)))
    times.sort((left, right) => left - right)
    const p95 = times[Math.floor(SAMPLES * 0.95)]!
    p95s[isCombined ? 'combined' : 'alone'].push(p95)
    let far = ''
    const cursor = isDeep ? await deepCursor(file, trail, filter(1)) : null
    if (cursor !== null) {
      const [first, deep]: [number[], number[]] = [[], []]
      for (let turn = 0; turn < SAMPLES; turn += 1) {
        first.push(await time(filter(1)))
        deep.push(await time(filter(1), cursor))
      }
      depths.push(median(deep) / median(first))
      far = `, far down ${round(depths.at(-1)!)}×`
    }
    process.stderr.write(`  ${name}: median ${round(median(times))} ms, p95 ${round(p95)} ms${far}\n`)
  }
  await databases.close()
  yield latency('audit.query.p95', p95s.alone, 50)
  yield latency('audit.query.combined.p95', p95s.combined, 100)
  yield {
    name: 'audit.query.deep',
    value: depths.length,
    unit: 'filters',
    ratio: round(Math.max(...depths)),
    against: 'the first page, for the worst of them',
    bar: { max: 1.5 },
  }
}
