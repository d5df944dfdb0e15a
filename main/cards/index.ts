export { findKind, readCardTable, type CardTable } from './card-table.ts'
export { CardChannel } from './reader/apdu.ts'
export type { ReaderSource } from './reader/reader.ts'
export {
  openDirectCard,
  personaliseDirect,
  type DirectCard,
  type DirectSecrets,
  type OpenDirectCard,
} from './direct-card.ts'
export { openCardStack, type CardStackConfig, type ReadersConfig } from './stack/open-stack.ts'
export { inProcessPort } from './stack/in-process-port.ts'
export { forkWorker } from './worker/launch-fork.ts'
export type { LaunchWorker, WorkerHandle } from './worker/protocol.ts'
export { startCardWorker, type CardWorkerOptions } from './worker/supervisor.ts'
