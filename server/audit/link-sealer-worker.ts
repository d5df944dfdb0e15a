import { parentPort } from 'node:worker_threads'
import { sealLinks } from './link-sealer.ts'
import type { Sealed, SealTask } from './link-sealer.ts'

const answer = (message: Sealed | 'ready', moved: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, moved)

/** The thread of `LinkSealer`: answers each task in order. */
parentPort?.on('message', (task: SealTask) => {
  const sealed = sealLinks(task)
  answer(sealed, [sealed.run.bytes.buffer])
})
answer('ready')
