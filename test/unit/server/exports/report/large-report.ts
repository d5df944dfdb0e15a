/** Started by large.test.ts: the largest report there may be, signed, in a process whose memory is its own. */
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { PDF_ENTRIES_MAX } from '../../../../../shared/contract/routes/exports.ts'
import { signPdf } from '../../../../../shared/pades/index.ts'
import { writeReport } from '../../../../../server/exports/report/index.ts'
import { makeWorld } from '../../../shared/pades/kit.ts'
import { CHAINS, headOf, lineOf } from './sample.ts'

const [folder = ''] = process.argv.slice(2)
const file = createWriteStream(join(folder, 'data.jsonl'))
for (let entry = 0; entry < PDF_ENTRIES_MAX; entry++) if (!file.write(`${lineOf(entry)}\n`)) await once(file, 'drain')
file.end()
await once(file, 'close')
const data = readFileSync(join(folder, 'data.jsonl'))
const before = process.resourceUsage().maxRSS
const pdf = await writeReport({ data, head: headOf(), chains: CHAINS, entries: PDF_ENTRIES_MAX })
const world = await makeWorld()
const signed = await signPdf({
  pdf,
  signer: world.key,
  certificate: world.leaf.der,
  chain: [world.sub.certificate.der],
  claimedAt: world.at,
  appearance: { lines: ['Signed by ra.example.org'] },
})
writeFileSync(join(folder, 'report.pdf'), signed)
const addedMb = Math.round((process.resourceUsage().maxRSS - before) / 1024)
process.stdout.write(`${JSON.stringify({ entries: PDF_ENTRIES_MAX, bytes: signed.length, addedMb })}\n`)
