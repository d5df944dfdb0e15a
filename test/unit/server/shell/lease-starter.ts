import { setTimeout as sleep } from 'node:timers/promises'
import { parseConfig } from '../../../../server/config.ts'
import { takeLease } from '../../../../server/shell/lease.ts'

/** Takes the lease at a time all starters are told, holds it until it is killed, and says how that went. */
const [example, folder, at] = process.argv.slice(2)
const config = parseConfig(JSON.parse(example ?? '') as unknown, folder ?? '')
while (Date.now() < Number(at));
try {
  await takeLease(config)
  process.stdout.write('held\n')
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code ?? String(error)}\n`)
}
await sleep(60_000)
