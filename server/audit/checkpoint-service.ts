import { parseWitnessKey } from '../../shared/audit/cosignature.ts'
import type { Databases } from '../db/index.ts'
import { readCheckpoint } from '../db/repositories/audit-checkpoints.ts'
import { TimestampClient, readAnchors } from '../timestamp/client.ts'
import { CheckpointKeys } from './checkpoint-key.ts'
import type { AlarmPort, LogPort, SealingStore } from './checkpoint-ports.ts'
import { CheckpointTimestamps } from './checkpoint-timestamps.ts'
import { Checkpoints } from './checkpoints.ts'
import type { AuditSequencer, AuditSigner } from './ports.ts'
import { Proofs } from './proofs.ts'
import { DeskWitnesses } from './witness-desks.ts'
import { OutsideWitnesses } from './witness-outside.ts'

/** What of the configuration this needs; structurally `ServerConfig`. */
export interface WitnessingConfig {
  readonly name: string
  readonly checkpoints: {
    readonly entries: number
    readonly seconds: number
    readonly witnesses: readonly { readonly name: string; readonly vkey: string; readonly url: string }[]
    readonly witnessStaleHours: number
  }
  readonly timestamping: {
    readonly authorities: readonly {
      readonly url: string
      readonly trustFile: string
      readonly policy?: string | undefined
    }[]
    readonly lateHours: number
  }
}

export interface WitnessingParts {
  readonly config: WitnessingConfig
  readonly databases: Databases
  readonly keys: SealingStore
  readonly sequencer: AuditSequencer
  /** The chain's key in force, asked for each time it is needed. */
  readonly signer: () => AuditSigner
  readonly alarms: AlarmPort
  readonly log: LogPort
  /** For time-stamps; left out: this machine's generator alone. */
  readonly nonces?: (bytes: number) => Uint8Array
}

/** Everything around the chain's head: what signs it, proves it, stamps it and has others look at it. */
export interface Witnessing {
  readonly checkpoints: Checkpoints
  readonly noteKeys: CheckpointKeys
  readonly proofs: Proofs
  readonly desks: DeskWitnesses
  readonly outside: OutsideWitnesses
  readonly timestamps: CheckpointTimestamps
  readonly staleMs: number
  /**
   * Has the note key announced, if it can be, and starts the clocks; they keep no process alive. Never rejects: what is
   * in the way is tried again by them.
   */
  start(): Promise<void>
  /** By name, for health. */
  readonly checks: Readonly<Record<string, () => Promise<WitnessingFinding>>>
  /** The signed note of a size, without cosignatures; null where no checkpoint has that size. */
  noteOf(size: number): Promise<string | null>
  /** Size of the last checkpoint; 0 before the first. */
  sealed(): number
  close(): Promise<void>
}
export interface WitnessingFinding {
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string
}

const HOUR_MS = 3_600_000
const LOOK_MS = 250
const WITNESS_MS = 5000
const STAMP_MS = 60_000

const checkpointFinding = (checkpoints: Checkpoints, now: number): WitnessingFinding => {
  const { size, at, unsealed, problem } = checkpoints.state()
  if (problem !== null) return { state: 'failed', detail: problem }
  if (at === null) return { state: 'ok', detail: 'none yet' }
  const age = Math.max(0, Math.round((now - at) / 1000))
  return { state: 'ok', detail: `${size} entries, ${age} s ago, ${unsealed} since` }
}

const witnessFinding = (outside: OutsideWitnesses): WitnessingFinding => {
  const failed = outside.configured.filter((witness) => outside.failureOf(witness.name) !== null)
  const detail = failed.map((witness) => `${witness.name}: ${outside.failureOf(witness.name)}`).join(', ')
  if (failed.length > 0) return { state: 'warning', detail: detail.slice(0, 300) }
  return { state: 'ok', detail: `${outside.configured.length} outside` }
}

const HERE = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Who stamps, by host. One on this machine stamps with the clock it is asked about, as a demonstration's does. */
const stampersOf = (urls: readonly string[]): string =>
  urls
    .map((url) => new URL(url))
    .map(({ host, hostname }) => (HERE.test(hostname) ? `${host} (this machine, not for production)` : host))
    .join(', ')

const stampFinding = ({ failure }: CheckpointTimestamps, urls: readonly string[]): WitnessingFinding => ({
  state: failure === null ? 'ok' : 'warning',
  detail: (failure ?? `as due, by ${stampersOf(urls)}`).slice(0, 300),
})

/** Makes it from what the server stands on; nothing runs before `start`. Throws CONFIG_INVALID (trust files). */
export const openWitnessing = ({
  config,
  databases,
  keys,
  sequencer,
  signer,
  alarms,
  log,
  nonces,
}: WitnessingParts): Witnessing => {
  const { audit, operational } = databases
  const chain = config.name
  const staleMs = config.checkpoints.witnessStaleHours * HOUR_MS
  const noteKeys = new CheckpointKeys({
    audit,
    operational,
    sequencer,
    chain,
    keys,
    get signer() {
      return signer()
    },
  })
  const checkpoints = new Checkpoints({
    audit,
    sequencer,
    chain,
    openKey: () => noteKeys.open(),
    log,
    alarms,
    entries: config.checkpoints.entries,
    ms: config.checkpoints.seconds * 1000,
  })
  const proofs = new Proofs(audit.db)
  const outside = new OutsideWitnesses({
    audit,
    chain,
    witnesses: config.checkpoints.witnesses.map(({ name, vkey, url }) => ({ name, key: parseWitnessKey(vkey), url })),
    proofs,
    latest: () => checkpoints.latest,
    log,
    alarms,
    staleMs,
  })
  const authorities = config.timestamping.authorities.map(({ url, trustFile, policy }) => ({
    url,
    policy,
    anchors: readAnchors(trustFile),
  }))
  const urls = authorities.map(({ url }) => url)
  const timestamps = new CheckpointTimestamps({
    audit,
    chain,
    stamper: new TimestampClient({ authorities, ...(nonces === undefined ? {} : { nonces }) }),
    log,
    alarms,
    lateMs: config.timestamping.lateHours * HOUR_MS,
  })
  const clocks: NodeJS.Timeout[] = []
  const every = (ms: number, tick: () => Promise<void>): void => {
    const run = (): void => {
      tick().catch((cause: unknown) => log.error({ cause: String(cause) }, 'witnessing'))
    }
    clocks.push(setInterval(run, ms).unref())
  }
  return {
    checkpoints,
    noteKeys,
    proofs,
    desks: new DeskWitnesses({ audit, operational, sequencer }),
    outside,
    timestamps,
    staleMs,
    start: async () => {
      await noteKeys.open().catch((cause: unknown) => log.error({ cause: String(cause) }, 'no note key yet'))
      every(LOOK_MS, () => checkpoints.tick())
      every(WITNESS_MS, () => outside.tick())
      every(STAMP_MS, () => timestamps.tick())
    },
    checks: {
      'audit-checkpoints': () => Promise.resolve(checkpointFinding(checkpoints, Date.now())),
      'audit-witnesses': () => Promise.resolve(witnessFinding(outside)),
      ...(authorities.length === 0 ? {} : { timestamps: () => Promise.resolve(stampFinding(timestamps, urls)) }),
    },
    noteOf: async (size) => (await readCheckpoint(audit.db, chain, size))?.note ?? null,
    sealed: () => checkpoints.latest?.size ?? 0,
    close: async () => {
      for (const clock of clocks) clearInterval(clock)
      await Promise.all([checkpoints.close(), outside.close(), timestamps.close()])
    },
  }
}
