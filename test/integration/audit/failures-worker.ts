/** Started by failures.test.ts: cleans, erases, rolls over or makes checkpoints, and dies (SIGKILL) at a point given. */
import { join } from 'node:path'
import { CheckpointKeys } from '../../../server/audit/checkpoint-key.ts'
import { Checkpoints } from '../../../server/audit/checkpoints.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'
import { openPrepared, pemSigner } from './failures-bench.ts'
import { openSoftwareKeyStore } from '../../../server/hsm/software/key-store.ts'

const [folder = '', action = '', point = '', after = '0'] = process.argv.slice(2)
let left = Number(after)
const faults = (at: string): Promise<void> => {
  if (at === point) {
    left -= 1
    if (left < 0) process.kill(process.pid, 'SIGKILL')
  }
  return Promise.resolve()
}

const bench = await openPrepared(folder, action === 'roll' ? { faults } : {})
if (action === 'clean') await bench.clean(faults)
if (action === 'erase') await bench.erase(faults)
if (action === 'roll') await bench.sequencer.rollTo(pemSigner(folder, 'key-2.pem'))
if (action === 'checkpoint') {
  const store = { folder: join(folder, 'keys'), passphraseFile: join(folder, 'passphrase') }
  const keys = await openSoftwareKeyStore({ kind: 'software', ...store })
  const { sequencer, databases, signer } = bench
  const noteKeys = new CheckpointKeys({ ...databases, sequencer, chain: CHAIN, signer, keys, faults })
  const log = { info: () => undefined, error: () => undefined, fatal: () => undefined }
  const openKey = () => noteKeys.open()
  await new Checkpoints({ audit: databases.audit, sequencer, chain: CHAIN, openKey, log, faults }).make()
}
process.stdout.write('done\n')
await bench.close()
