/** Started by rollover-killed.test.ts: writes while its key is rolled over, and dies (SIGKILL) at a point given. */
import { openRolling } from './rollover-bench.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { newId } from '../../../server/db/id.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { newIntent } from '../../unit/server/audit/chain-bench.ts'

const [folder = '', point = ''] = process.argv.slice(2)
const WRITERS = 8
let isRolling = false
const faults = (at: string): Promise<void> => {
  if (at === 'after-key' || at === 'before-key') isRolling = true
  if (isRolling && at === point) process.kill(process.pid, 'SIGKILL')
  return Promise.resolve()
}

const bench = await openRolling(folder, faults)
const done = new AbortController()
let written = 0
const isUnderLoad = Promise.withResolvers<void>()
const writer = async (): Promise<void> => {
  while (!done.signal.aborted) {
    const id = newId('setting')
    const intent = newIntent({ object: { type: 'setting', id } })
    await inTransaction(bench.databases.operational.db, async (trx) => {
      await trx.insertInto('setting').values({ name: id, value: '1', updated_at: Date.now() }).execute()
      await recordIntent(trx, intent)
    })
    await bench.sequencer.settle([intent.id], [intent])
    process.stdout.write(`${id}\n`)
    written += 1
    if (written === WRITERS) isUnderLoad.resolve()
  }
}
const writers = Array.from({ length: WRITERS }, writer)
await isUnderLoad.promise
await bench.roll()
done.abort()
await Promise.all(writers)
process.stdout.write('done\n')
await bench.close()
