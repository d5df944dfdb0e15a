import type { ErrorCode, ErrorDetail } from '../../../shared/contract/errors.ts'
import type { ReaderView } from '../../../shared/contract/views.ts'
import type { CardCalls } from '../stack/card-stack.ts'
import type { CardStackConfig } from '../stack/open-stack.ts'

/** What travels between the desk and the card worker. Both ends are ours; secrets are in it only sealed. */
export type CallName = keyof CardCalls
export const CALL_NAMES = [
  'sealKey',
  'keyPaths',
  'cardTime',
  'readers',
  'inspect',
  'sign',
  'reset',
  'checkPin',
  'changePin',
  'unblock',
  'setManagementKey',
  'setPinAndPuk',
  'writeChuid',
  'generateKey',
  'signWithTransportPin',
  'writeCertificate',
  'readCertificate',
  'replaceTransportPin',
  'wipe',
  'demoCards',
  'demoInsert',
  'demoNewCard',
] as const satisfies readonly CallName[]

export type ToWorker =
  | { type: 'start'; config: CardStackConfig; recovered: boolean }
  | { type: 'call'; id: number; name: CallName; args: readonly unknown[] }
  | { type: 'close' }

export type FromWorker =
  | { type: 'ready'; serviceDown: boolean; readers: ReaderView[] }
  | { type: 'failed'; code: ErrorCode; detail: ErrorDetail }
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'error'; id: number; code: ErrorCode; detail: ErrorDetail }
  | { type: 'readers'; readers: ReaderView[]; serviceDown: boolean }
  /** Why something failed, for the log: an error code and the foreign error's own words. */
  | { type: 'log'; code: ErrorCode; cause: string }

/** The message channel as the worker sees it: `fork` in plain Node, a utility process in Electron. */
export interface WorkerPort {
  post(message: FromWorker): void
  onMessage(listener: (message: ToWorker) => void): void
  onDisconnect(listener: () => void): void
}

/** A running worker as the supervisor sees it. */
export interface WorkerHandle {
  readonly pid: number | undefined
  post(message: ToWorker): void
  onMessage(listener: (message: FromWorker) => void): void
  onExit(listener: () => void): void
  /** Ends it at once, whatever it is doing. */
  kill(): void
}
export type LaunchWorker = () => WorkerHandle
