import { parentPort } from 'node:worker_threads'
import { endOf, sealLinks } from './link-sealer.ts'
import type { Sealed, SealedEnd, SealTask } from './link-sealer.ts'

const answer = (message: Sealed | 'ready', moved: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, moved)

/** What the task before ended with. */
let last: SealedEnd | null = null

/** The thread of `LinkSealer`: answers each task in order. */
parentPort?.on('message', (task: SealTask) => {
  const after = task.after ?? last
  // Ends the thread, and with it all that waits for what comes after.
  if (!after) throw new Error('nothing to follow')
  const sealed = sealLinks(task, after)
  last = endOf(sealed)
  answer(sealed, [sealed.run.bytes.buffer])
})
answer('ready')
