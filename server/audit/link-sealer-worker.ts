import { parentPort } from 'node:worker_threads'
import { sealLinks } from './link-sealer.ts'
import type { SealTask } from './link-sealer.ts'
import type { SealedLink } from './link-maker.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
const answer = (message: readonly SealedLink[] | 'ready'): void => parentPort?.postMessage(message)

/** The thread of `LinkSealer`: answers each task in order. */
parentPort?.on('message', (task: SealTask) => answer(sealLinks(task)))
answer('ready')
