import { join } from 'node:path'
import { CheckpointKeys } from '../../../../server/audit/checkpoint-key.ts'
import type { AlarmPort, LogPort } from '../../../../server/audit/checkpoint-ports.ts'
import { Checkpoints } from '../../../../server/audit/checkpoints.ts'
import type { CheckpointsOptions } from '../../../../server/audit/checkpoints.ts'
import { Proofs } from '../../../../server/audit/proofs.ts'
import type { SequencerOptions } from '../../../../server/audit/sequencer.ts'
import type { KeyStore } from '../../../../server/hsm/signer.ts'
import { initSoftwareStore, openSoftwareKeyStore } from '../../../../server/hsm/software/key-store.ts'
import { CHAIN, newIntent, openBench } from './chain-bench.ts'
import type { Bench } from './chain-bench.ts'

export type Raised = Parameters<AlarmPort['raise']>[0]

/** A chain with its checkpoints, over real databases and a real key store. */
export interface CheckpointBench extends Bench {
  readonly keys: KeyStore
  readonly raised: Raised[]
  readonly cleared: string[]
  readonly logged: string[]
  readonly alarms: AlarmPort
  readonly log: LogPort
  readonly proofs: Proofs
  noteKeys(): CheckpointKeys
  /** Another writer over the same chain, as after a restart. */
  checkpoints(options?: Partial<CheckpointsOptions>): Checkpoints
  /** Adds so many entries. */
  grow(entries: number): Promise<void>
}

export const openCheckpointBench = async (options: Partial<SequencerOptions> = {}): Promise<CheckpointBench> => {
  const bench = await openBench(options)
  const store = { folder: join(bench.folder, 'keys'), passphraseFile: join(bench.folder, 'passphrase') }
  await initSoftwareStore(store)
  const keys = await openSoftwareKeyStore({ kind: 'software', ...store })
  const raised: Raised[] = []
  const cleared: string[] = []
  const logged: string[] = []
  const alarms: AlarmPort = {
    raise: (alarm) => Promise.resolve(void raised.push(alarm)),
    clear: (kind, key) => Promise.resolve(void cleared.push(`${kind} ${key}`)),
  }
  const line = (level: string) => (detail: object, text: string) =>
    void logged.push(`${level} ${text} ${JSON.stringify(detail)}`)
  const log: LogPort = { info: line('info'), error: line('error'), fatal: line('fatal') }
  const noteKeys = () =>
    new CheckpointKeys({
      audit: bench.databases.audit,
      operational: bench.databases.operational,
      sequencer: bench.sequencer,
      chain: CHAIN,
      signer: bench.signer,
      keys,
    })
  return {
    ...bench,
    keys,
    raised,
    cleared,
    logged,
    alarms,
    log,
    proofs: new Proofs(bench.databases.audit.db),
    noteKeys,
    checkpoints: (more = {}) =>
      new Checkpoints({
        audit: bench.databases.audit,
        sequencer: bench.sequencer,
        chain: CHAIN,
        openKey: () => noteKeys().open(),
        log,
        alarms,
        retryMs: 0,
        ...more,
      }),
    grow: async (entries) => {
      for (let left = entries; left > 0; left -= 250)
        await bench.write(Array.from({ length: Math.min(left, 250) }, () => newIntent()))
    },
    close: async () => {
      await keys.close()
      await bench.close()
    },
  }
}
