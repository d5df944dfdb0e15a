import { cpus, loadavg } from 'node:os'
import { print, type Figure } from './figure.ts'
import { benchApi } from './api.ts'
import { benchAuditAppend } from './audit-append.ts'
import { benchAuditBytes } from './audit-bytes.ts'
import { benchAuditGrowth } from './audit-growth.ts'
import { benchAuditQuery } from './audit-query.ts'
import { benchAuditVerify } from './audit-verify.ts'
import { benchExport } from './export.ts'
import { benchOverhead } from './overhead.ts'
import { benchScreens } from './screens.ts'
import { benchSign } from './sign.ts'
import { benchStart } from './start.ts'
import { benchVerifyPackage } from './verify-package.ts'

type Bench = () => AsyncIterable<Figure>
/** Areas and their benchmarks; each gives its figures when it has measured them. */
const AREAS: Readonly<Record<string, Readonly<Record<string, Bench>>>> = {
  desk: { overhead: benchOverhead, start: benchStart, api: benchApi, screens: benchScreens },
  audit: {
    append: benchAuditAppend,
    bytes: benchAuditBytes,
    query: benchAuditQuery,
    growth: benchAuditGrowth,
    verify: benchAuditVerify,
  },
  export: { ...benchExport, sign: benchSign, verify: benchVerifyPackage },
}

const named = Object.entries(AREAS).flatMap(([area, benches]) =>
  Object.entries(benches).map(([name, bench]) => ({ area, name: `${area}/${name}`, bench })),
)
const usage = `npm run bench [area or area/benchmark …] [-- --entries=N]\n  ${named.map(({ name }) => name).join('\n  ')}\n`

const words = process.argv.slice(2)
if (words.includes('--help') || words.includes('-h')) {
  process.stderr.write(usage)
  process.exit(0)
}
const wanted = words.filter((word) => !word.startsWith('-'))
const unknown = wanted.filter((word) => !named.some(({ area, name }) => word === area || word === name))
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(', ')}.\n${usage}`)
  process.exit(2)
}
process.stderr.write(`${cpus().length} cores, load ${loadavg()[0]!.toFixed(2)} at the start\n`)
for (const { area, name, bench } of named) {
  if (wanted.length > 0 && !wanted.includes(area) && !wanted.includes(name)) continue
  for await (const figure of bench()) print(figure)
}
process.stderr.write(`load ${loadavg()[0]!.toFixed(2)} at the end\n`)
process.exit(0)
