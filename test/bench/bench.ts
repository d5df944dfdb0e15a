import { cpus, loadavg } from 'node:os'
import { print, type Figure } from './figure.ts'
import { benchApi } from './api.ts'
import { benchAuditAppend } from './audit-append.ts'
import { benchAuditBytes } from './audit-bytes.ts'
import { benchAuditGrowth } from './audit-growth.ts'
import { benchAuditQuery } from './audit-query.ts'
import { benchAuditVerify } from './audit-verify.ts'
import { benchOverhead } from './overhead.ts'
import { benchScreens } from './screens.ts'
import { benchStart } from './start.ts'

/** Areas and their benchmarks; each gives its figures when it has measured them. */
const AREAS: Record<string, readonly (() => AsyncIterable<Figure>)[]> = {
  desk: [benchOverhead, benchStart, benchApi, benchScreens],
  audit: [benchAuditAppend, benchAuditBytes, benchAuditQuery, benchAuditGrowth, benchAuditVerify],
}

const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const unknown = wanted.filter((area) => !Object.hasOwn(AREAS, area))
if (unknown.length > 0) {
  process.stderr.write(`No area ${unknown.join(', ')}; there are: ${Object.keys(AREAS).join(', ')}\n`)
  process.exit(2)
}
process.stderr.write(`${cpus().length} cores, load ${loadavg()[0]!.toFixed(2)} at the start\n`)
for (const area of wanted.length > 0 ? wanted : Object.keys(AREAS)) {
  for (const bench of AREAS[area]!) for await (const figure of bench()) print(figure)
}
process.stderr.write(`load ${loadavg()[0]!.toFixed(2)} at the end\n`)
process.exit(0)
