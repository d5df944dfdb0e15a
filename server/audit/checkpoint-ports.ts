/** What checkpoints and witnesses raise; structurally server/alarms. Neither may reject. */
export interface AlarmPort {
  raise(alarm: {
    readonly kind: 'witness-contradiction' | 'witness-stale' | 'timestamp-late' | 'verification-failed'
    readonly key: string
    readonly severity: 'warning' | 'critical'
    readonly detail: Readonly<Record<string, string | number | boolean | null>>
  }): Promise<void>
  clear(
    kind: 'witness-contradiction' | 'witness-stale' | 'timestamp-late' | 'verification-failed',
    key: string,
  ): Promise<void>
}
export const noAlarms: AlarmPort = { raise: () => Promise.resolve(), clear: () => Promise.resolve() }

/** Structurally a pino logger. */
export interface LogPort {
  info(detail: object, text: string): void
  error(detail: object, text: string): void
  fatal(detail: object, text: string): void
}

/** What the note key needs of the key store; structurally `KeyStore`. */
export interface SealingStore {
  random(bytes: number): Promise<Uint8Array>
  ensureWrappingKey(label: string): Promise<void>
  wrap(label: string, dataKey: Uint8Array): Promise<Uint8Array>
  unwrap(label: string, wrapped: Uint8Array): Promise<Uint8Array>
}

/** Where making a checkpoint can be made to fail or die in tests: before and after each of its writes. */
export const CHECKPOINT_FAULTS = [
  'before-note-key',
  'after-note-key',
  'after-announcement',
  'before-tree',
  'after-tree',
  'before-checkpoint',
  'after-checkpoint',
] as const
export type CheckpointFault = (typeof CHECKPOINT_FAULTS)[number]
export type CheckpointFaultPort = (point: CheckpointFault) => Promise<void>
export const noCheckpointFaults: CheckpointFaultPort = () => Promise.resolve()
