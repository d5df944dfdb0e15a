import { readFileSync } from 'node:fs'
import { compose } from '../../../../server/compose.ts'
import { parseConfig } from '../../../../server/config.ts'
import { EXPORT_FAULTS, type ExportFault } from '../../../../server/exports/ports.ts'
import { makeLog } from '../../../../server/log/log.ts'

/**
 * A server that kills itself (SIGKILL) at one step of making an export; without a step it makes what was left, tells when
 * nothing waits any more, and ends.
 */
const [folder = '', point = ''] = process.argv.slice(2)
const config = parseConfig(JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')), folder)
const isFault = (EXPORT_FAULTS as readonly string[]).includes(point)
const faults = (at: ExportFault): Promise<void> => {
  if (at === point) process.kill(process.pid, 'SIGKILL')
  return Promise.resolve()
}
const server = await compose(config, makeLog('silent'), {
  checkAnswers: false,
  insecure: true,
  ...(isFault ? { exportFaults: faults } : {}),
})
const { db } = server.foundation.databases.operational
for (;;) {
  const waiting = await db.selectFrom('audit_export').select('id').where('state', '=', 'waiting').execute()
  if (waiting.length === 0) break
  await new Promise((resolve) => setTimeout(resolve, 50))
}
await server.close()
process.stdout.write('done\n')
