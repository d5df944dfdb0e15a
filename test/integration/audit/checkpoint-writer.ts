/** Started by checkpoint-killed.test.ts: writes entries and checkpoints until it dies at the point given. */
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { CheckpointKeys } from '../../../server/audit/checkpoint-key.ts'
import { Checkpoints } from '../../../server/audit/checkpoints.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { newId } from '../../../server/db/id.ts'
import { openDatabases } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { openSoftwareKeyStore } from '../../../server/hsm/software/key-store.ts'

const [folder = '', point = '', after = '0'] = process.argv.slice(2)
const keys = await openSoftwareKeyStore({
  kind: 'software',
  folder: join(folder, 'keys'),
  passphraseFile: join(folder, 'passphrase'),
})
const databases = await openDatabases({
  operational: { dialect: 'sqlite', file: join(folder, 'operational.db') },
  audit: { dialect: 'sqlite', file: join(folder, 'audit.db') },
})
const signer = await keys.signer('audit.chain')
const chain = 'node-1'
const sequencer = new Sequencer({ ...databases, chain, mode: 'epoch', signer, epochEntries: 100 })
await sequencer.start()
let left = Number(after)
const faults = (at: string): Promise<void> => {
  if (at === point) {
    left -= 1
    if (left < 0) process.kill(process.pid, 'SIGKILL')
  }
  return Promise.resolve()
}
const note = (text: string) => (detail: object) => void process.stderr.write(`${text} ${JSON.stringify(detail)}\n`)
const log = { info: note('info'), error: note('error'), fatal: note('fatal') }
const noteKeys = new CheckpointKeys({ ...databases, sequencer, chain, signer, keys, faults })
const checkpoints = new Checkpoints({
  audit: databases.audit,
  sequencer,
  chain,
  openKey: () => noteKeys.open(),
  log,
  entries: 60,
  faults,
  onMade: ({ size }) => void process.stdout.write(`${size}\n`),
})

const write = async (): Promise<void> => {
  for (;;) {
    const id = newId('intent')
    await inTransaction(databases.operational.db, (trx) =>
      recordIntent(trx, {
        id,
        at: Date.now(),
        tenant: 'tenant-1',
        operator: null,
        station: null,
        action: 'Insertion',
        object: { type: 'server', id },
        correlationId: id,
        before: null,
        after: { name: id },
        reason: null,
      }),
    )
    await sequencer.settle([id])
    await checkpoints.tick()
    await breathe()
  }
}
await Promise.all(Array.from({ length: 8 }, write))
