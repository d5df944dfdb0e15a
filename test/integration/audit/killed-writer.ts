/** Started by killed.test.ts: writes changes with their intents until it is killed, or dies by itself at a point given. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultPoint } from '../../../server/audit/faults.ts'
import { recordIntent } from '../../../server/audit/intent.ts'
import type { AuditIntent } from '../../../server/audit/intent.ts'
import type { AuditSigner } from '../../../server/audit/ports.ts'
import { Sequencer } from '../../../server/audit/sequencer.ts'
import { openDatabases } from '../../../server/db/open.ts'
import { inTransaction } from '../../../server/db/transaction.ts'
import { newId } from '../../../server/db/id.ts'

const [folder = '', point = '', after = '0'] = process.argv.slice(2)
const privateKey = createPrivateKey(readFileSync(join(folder, 'key.pem')))
const spki = Uint8Array.from(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }))
const signer: AuditSigner = {
  label: 'audit',
  algorithm: 'ed25519',
  kind: 'software',
  publicKeySpki: () => spki,
  sign: (data) => Promise.resolve(Uint8Array.from(sign(null, data, privateKey))),
}

const databases = await openDatabases({
  operational: { dialect: 'sqlite', file: join(folder, 'operational.db') },
  audit: { dialect: 'sqlite', file: join(folder, 'audit.db') },
})
let left = Number(after)
const faults = (at: FaultPoint): Promise<void> => {
  if (at === point) {
    left -= 1
    if (left < 0) process.kill(process.pid, 'SIGKILL')
  }
  return Promise.resolve()
}
const sequencer = new Sequencer({ ...databases, chain: 'node-1', mode: 'epoch', signer, epochEntries: 25, faults })
process.stdout.write('opening\n')
await sequencer.start()
process.stdout.write('started\n')

const newIntent = (type: string): AuditIntent => {
  const id = newId('intent')
  return {
    id,
    at: Date.now(),
    tenant: 'tenant-1',
    operator: null,
    station: null,
    action: 'Insertion',
    object: { type, id },
    correlationId: id,
    before: null,
    after: { name: id },
    reason: null,
  }
}

const writer = async (name: string): Promise<void> => {
  for (;;) {
    const intent = newIntent('setting')
    const { id } = intent
    const value = JSON.stringify({ writer: name })
    await inTransaction(databases.operational.db, async (trx) => {
      await trx.insertInto('setting').values({ name: id, value, updated_at: Date.now() }).execute()
      await recordIntent(trx, intent, 'node-1')
    })
    // Half of the writers give their intents along, as services do; the others' are read from the database.
    await sequencer.settle([id], /[02468]$/.test(name) ? [intent] : [])
    process.stdout.write(`${id}\n`)
  }
}
/** Tells of what changed nothing: no intent is recorded. */
const teller = async (): Promise<void> => {
  for (;;) {
    const intent = newIntent('route')
    await sequencer.append([intent])
    process.stdout.write(`told ${intent.id}\n`)
  }
}
await Promise.all([
  ...Array.from({ length: 8 }, (_, place) => writer(`writer-${place}`)),
  ...Array.from({ length: 3 }, teller),
])
